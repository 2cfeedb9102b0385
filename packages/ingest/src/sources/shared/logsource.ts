import type { LogSource } from '@weir/sigma'
import { type Fields, fieldsOf, isFields, textOf } from './values.ts'

/** A record as the rules of its log source read it. */
export interface Placed {
  /** In the words of public Sigma rules. One object for all events of a kind: the engine knows the last one by its reference. */
  readonly logsource: LogSource
  readonly record: Fields
}

interface Shape {
  /** A field that every such record has, looked for first. */
  readonly mark: string
  readonly is: (record: Fields) => boolean
  readonly logsource: LogSource | ((record: Fields) => LogSource)
  /** Adds what rules ask for and the log has in other forms only. */
  readonly record?: (record: Fields) => Fields
}

const has = (record: Fields, ...keys: readonly string[]): boolean => keys.every(key => record[key] !== undefined)
const some = (record: Fields, ...keys: readonly string[]): boolean => keys.some(key => record[key] !== undefined)
const source = (product: string, service: string, category?: string): LogSource => ({
  product,
  service,
  ...(category !== undefined && { category }),
})

const GCP_AUDIT = source('gcp', 'gcp.audit')
const WORKSPACE: ReadonlyMap<unknown, LogSource> = new Map([
  ['admin.googleapis.com', source('gcp', 'google_workspace.admin')],
  ['login.googleapis.com', source('gcp', 'google_workspace.login')],
])

const ACTIVITY = source('azure', 'activitylogs')
const AUDIT = source('azure', 'auditlogs')
const SIGN_IN = source('azure', 'signinlogs')
const RISK = source('azure', 'riskdetection')
const PIM = source('azure', 'pim')
/** Category of a diagnostic log, or name of a Log Analytics table, in lower case → log source. */
const AZURE: ReadonlyMap<string, LogSource> = new Map([
  ...['administrative', 'security', 'servicehealth', 'alert', 'recommendation', 'policy', 'autoscale', 'resourcehealth'].map(
    category => [category, ACTIVITY] as const,
  ),
  ['azureactivity', ACTIVITY],
  ['auditlogs', AUDIT],
  ...['signinlogs', 'noninteractiveusersigninlogs', 'serviceprincipalsigninlogs', 'managedidentitysigninlogs'].map(
    category => [category, SIGN_IN] as const,
  ),
  ...['aadnoninteractiveusersigninlogs', 'aadserviceprincipalsigninlogs', 'aadmanagedidentitysigninlogs'].map(
    table => [table, SIGN_IN] as const,
  ),
  ...['userriskevents', 'serviceprincipalriskevents', 'aaduserriskevents', 'aadserviceprincipalriskevents'].map(
    category => [category, RISK] as const,
  ),
])

/** The log source of an Azure record by the field that names its category; undefined when it names none that rules know. */
function azureOf(record: Fields, key: string): LogSource | undefined {
  const found = AZURE.get(textOf(record[key])?.toLowerCase() ?? '')
  const inner = fieldsOf(record['properties']) ?? record
  // Entra's audit log has categories of its own, some with the names of Azure's.
  if (found === ACTIVITY && inner['loggedByService'] !== undefined) return AUDIT
  // Alerts of Privileged Identity Management are risk events that rules look for under a log source of their own.
  return found === RISK && textOf(inner['riskEventType'])?.endsWith('AlertIncident') ? PIM : found
}

const azure = (mark: string, other: string): Shape => ({
  mark,
  is: record => record[other] !== undefined && azureOf(record, mark) !== undefined,
  logsource: record => azureOf(record, mark) ?? ACTIVITY,
})

/** What JSON logs of other products look like, the surest marks first. */
const SHAPES: readonly Shape[] = [
  {
    mark: 'protoPayload',
    is: record => isFields(record['protoPayload']),
    logsource: record => WORKSPACE.get(fieldsOf(record['protoPayload'])?.['serviceName']) ?? GCP_AUDIT,
  },
  {
    mark: 'httpRequest',
    is: record => has(record, 'webaclId', 'action'),
    logsource: source('aws', 'waf'),
    record: withWafNames,
  },
  {
    mark: 'httpRequest',
    is: record => fieldsOf(record['resource'])?.['type'] === 'http_load_balancer',
    logsource: source('gcp', 'http_load_balancer'),
  },
  azure('category', 'resourceId'),
  azure('Type', 'TimeGenerated'),
  {
    mark: 'auditID',
    is: record => record['kind'] === 'Event' && textOf(record['apiVersion'])?.startsWith('audit.k8s.io/') === true,
    logsource: source('kubernetes', 'audit', 'application'),
  },
  {
    mark: 'eventType',
    is: record => some(record, 'published', 'uuid') && some(record, 'actor', 'outcome'),
    logsource: source('okta', 'okta'),
  },
  { mark: 'Workload', is: record => has(record, 'Operation', 'RecordType'), logsource: source('m365', 'audit') },
  {
    mark: 'auditType',
    is: record => textOf(fieldsOf(record['auditType'])?.['action']) !== undefined,
    logsource: source('bitbucket', 'audit'),
  },
  {
    mark: 'action',
    is: record =>
      textOf(record['action'])?.includes('.') === true &&
      some(record, 'actor', 'actor_id') &&
      some(record, '_document_id', '@timestamp', 'created_at') &&
      some(record, 'org', 'repo', 'business', 'user'),
    logsource: source('github', 'audit'),
  },
  {
    mark: 'event_type_id',
    is: record => some(record, 'event_timestamp', 'created_at', 'account_id'),
    logsource: source('onelogin', 'onelogin.events'),
  },
  {
    mark: 'logtype',
    is: record => has(record, 'node_id', 'logdata'),
    logsource: { product: 'opencanary', category: 'application' },
  },
  {
    mark: 'cs-method',
    is: record => some(record, 'x-edge-location', 'x-edge-result-type'),
    logsource: source('aws', 'cloudfront'),
    record: record => ({ ...record, uri: uriOf(record['cs-uri-stem'], record['cs-uri-query']) }),
  },
  { mark: 'elb_status_code', is: record => has(record, 'request_verb'), logsource: source('aws', 'alb') },
  {
    mark: 'httpMethod',
    is: record => has(record, 'requestId', 'status') && some(record, 'resourcePath', 'routeKey', 'path'),
    logsource: source('aws', 'apigateway'),
  },
]

/**
 * The log source of a JSON record by its shape, with what its rules read. A shape is a claim like all that a record says: it chooses the
 * rules that look at it, and nothing else.
 */
export function placeOf(record: Fields): Placed | undefined {
  for (const shape of SHAPES) {
    if (record[shape.mark] === undefined || !shape.is(record)) continue
    const { logsource } = shape
    return {
      logsource: typeof logsource === 'function' ? logsource(record) : logsource,
      record: shape.record ? shape.record(record) : record,
    }
  }
  return undefined
}

/** WAF lists headers as `{name, value}`, and has path and query apart. */
function withWafNames(record: Fields): Fields {
  const request = fieldsOf(record['httpRequest'])
  const list: readonly unknown[] = Array.isArray(request?.['headers']) ? request['headers'] : []
  const headers = list.flatMap(header => {
    const name = textOf(fieldsOf(header)?.['name'])
    return name === undefined ? [] : [[name.toLowerCase(), fieldsOf(header)?.['value']] as const]
  })
  return { ...record, headers: Object.fromEntries(headers), uri: uriOf(request?.['uri'], request?.['args']) }
}

/** Path and query as one; logs write `-` for no query. */
function uriOf(path: unknown, query: unknown): string | undefined {
  const stem = textOf(path)
  const args = textOf(query)
  return stem !== undefined && args !== undefined && args !== '-' ? `${stem}?${args}` : stem
}
