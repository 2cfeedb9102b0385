import { isIP } from 'node:net'
import { CLASS, type OcsfEvent, SEVERITY } from '@weir/schema/ocsf'
import { type Activity, awsCloud, observables, ocsfEvent } from '../shared/ocsf.ts'
import { defined, type Fields, fieldsOf, rest, some, textOf } from '../shared/values.ts'
import { withoutApiVersion } from './classify.ts'
import { principalOf } from './principal.ts'
import { changedPolicies, changedUser, isPlainList, openedSession, resourcesOf, signedInUser } from './target.ts'

/** Fields that have a place in OCSF, when they are of this kind. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
const PLACED = {
  eventVersion: 'text',
  userIdentity: 'fields',
  eventTime: 'text',
  eventSource: 'text',
  eventName: 'text',
  awsRegion: 'text',
  sourceIPAddress: 'text',
  userAgent: 'text',
  errorCode: 'text',
  errorMessage: 'text',
  requestParameters: 'single',
  responseElements: 'single',
  requestID: 'text',
  eventID: 'text',
  eventType: 'text',
  apiVersion: 'text',
  recipientAccountId: 'text',
  vpcEndpointId: 'text',
  sharedEventID: 'text',
  eventCategory: 'text',
} as const

/** What is known of a CloudTrail record before its body is mapped. */
export interface Trail {
  readonly record: Fields
  readonly activity: Activity
  readonly uid: string
  readonly time: number
  readonly account: string | undefined
  readonly region: string | undefined
  readonly eventSource: string
  readonly eventName: string
  readonly labels: readonly string[] | undefined
}

/** A CloudTrail record as an event of OCSF 1.8.0 with the cloud profile. What has no place of its own stands in `unmapped`. */
export function cloudtrailToOcsf(trail: Trail): OcsfEvent {
  const { record, activity, uid, time, account, region, eventSource, eventName } = trail
  const principal = principalOf(record['userIdentity'], eventSource)
  const failed = failureOf(record)
  const eventId = textOf(record['eventID'])
  const recipient = textOf(record['recipientAccountId'])
  const attributes = BY_CLASS[activity.classUid]?.(trail, principal) ?? {}
  const endpoint = sourceEndpoint(record, eventSource)
  return ocsfEvent(
    {
      activity,
      uid,
      time,
      severity: SEVERITY.informational,
      status: failed ? 2 : 1,
      metadata: {
        product: defined({ vendor_name: 'AWS', name: 'CloudTrail', version: textOf(record['eventVersion']) }) as Fields & {
          vendor_name: string
          name: string
        },
        profiles: ['cloud'],
        event_code: textOf(record['eventType']),
        log_name: textOf(record['eventCategory']),
        log_provider: 'CloudTrail',
        original_time: textOf(record['eventTime']),
        original_event_uid: eventId === uid ? undefined : eventId,
        correlation_uid: textOf(record['sharedEventID']),
        labels: trail.labels,
      },
    },
    {
      message: `${withoutApiVersion(eventName)} (${eventSource}) by ${principal.name}${failed ? `: ${failed.code}` : ''}`,
      status_code: failed?.code,
      status_detail: failed?.detail,
      cloud: awsCloud(account, region),
      actor: principal.actor,
      src_endpoint: endpoint,
      api: apiOf(trail),
      http_request: some({ user_agent: textOf(record['userAgent']) }),
      ...attributes,
      observables: observables(
        ['src_endpoint.ip', 'ip', endpoint['ip']],
        ['actor.user.name', 'user', fieldsOf(principal.actor['user'])?.['name']],
        ['actor.user.credential_uid', 'credential', fieldsOf(principal.actor['user'])?.['credential_uid']],
        ...resourceUids(attributes['resources']),
      ),
      unmapped: some({
        ...rest(record, {
          ...PLACED,
          ...(recipient !== undefined && recipient !== account && { recipientAccountId: 'fields' }),
          ...(attributes['resources'] !== undefined && isPlainList(record['resources']) && { resources: 'list' }),
        }),
        ...(principal.rest && { userIdentity: principal.rest }),
      }),
    },
  )
}

type Attributes = (trail: Trail, principal: ReturnType<typeof principalOf>) => Fields

const BY_CLASS: Readonly<Record<number, Attributes>> = {
  [CLASS.apiActivity]: ({ record, account, region }) => ({ resources: resourcesOf(record, account, region) }),
  [CLASS.accountChange]: ({ record, account }, principal) => ({
    user: changedUser(record, principal, account),
    policies: changedPolicies(record),
  }),
  [CLASS.authentication]: ({ record, activity, eventSource, eventName }, principal) => ({
    user: signedInUser(record, principal),
    session: openedSession(record),
    service: { name: eventSource },
    is_mfa: usedMfa(record) ?? principal.mfa,
    ...(activity.id === 7 && { account_switch_type_id: 2, account_switch_type: 'Impersonate' }),
    ...(Object.hasOwn(PROTOCOLS, eventName) && PROTOCOLS[eventName]),
  }),
}

/** OCSF `auth_protocol_id`. */
const PROTOCOLS: Readonly<Record<string, Fields>> = {
  AssumeRoleWithSAML: { auth_protocol_id: 5, auth_protocol: 'SAML' },
  AssumeRoleWithWebIdentity: { auth_protocol_id: 4, auth_protocol: 'OpenID' },
}

function apiOf({ record, uid, eventSource, eventName }: Trail): Fields {
  const data = single(record['requestParameters'])
  const requestId = textOf(record['requestID'])
  const error = textOf(record['errorCode'])
  return defined({
    operation: eventName,
    version: textOf(record['apiVersion']),
    service: { name: eventSource },
    // OCSF wants a request's id; a record without one still has parameters, and its own id names its request.
    request:
      data === undefined && requestId === undefined
        ? undefined
        : defined({ uid: requestId ?? textOf(record['eventID']) ?? uid, data }),
    response: some({ error, message: textOf(record['errorMessage']), data: single(record['responseElements']) }),
  })
}

/** OCSF's `json_t` by itself is one value; a list stays in `unmapped`. */
const single = (value: unknown): unknown => (value === null || Array.isArray(value) ? undefined : value)

/** Why a call did not do what it asked for. A refused console login has no error code, only an answer. */
function failureOf(record: Fields): { readonly code: string; readonly detail: string | undefined } | undefined {
  const code = textOf(record['errorCode'])
  const detail = textOf(record['errorMessage'])
  if (code !== undefined) return { code, detail }
  const answers = fieldsOf(record['responseElements'])
  const refused = ['ConsoleLogin', 'CredentialVerification', 'UserAuthentication'].some(key => answers?.[key] === 'Failure')
  return refused || detail !== undefined ? { code: 'Failure', detail } : undefined
}

/** The address the call came from; or the AWS service that made it, of which CloudTrail gives the name instead. */
function sourceEndpoint(record: Fields, eventSource: string): Fields {
  const from = textOf(record['sourceIPAddress'])
  const uid = textOf(record['vpcEndpointId'])
  if (from === undefined) return defined({ svc_name: eventSource, uid })
  if (isIP(from) !== 0) return defined({ ip: from, uid })
  return /^[a-z0-9.-]+\.(?:amazonaws\.com|aws\.internal|amazon\.com)$/.test(from)
    ? defined({ svc_name: from, domain: from, uid })
    : defined({ name: from, uid })
}

function usedMfa(record: Fields): boolean | undefined {
  const used = fieldsOf(record['additionalEventData'])?.['MFAUsed']
  return used === 'Yes' ? true : used === 'No' ? false : undefined
}

function resourceUids(resources: unknown): readonly (readonly [string, 'resource', unknown])[] {
  return Array.isArray(resources)
    ? resources.slice(0, 16).map((resource: Fields) => ['resources.uid', 'resource', resource['uid']] as const)
    : []
}
