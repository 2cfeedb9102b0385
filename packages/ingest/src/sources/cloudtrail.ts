import { UnmappableError } from '../errors.ts'
import type { Origin } from '../event.ts'
import type { DecodedRecord, Source } from '../source.ts'
import { classify } from './cloudtrail/classify.ts'
import { cloudtrailToOcsf } from './cloudtrail/ocsf.ts'
import { targetFunction } from './cloudtrail/target.ts'
import { isVouched, labelsOf, lazyEvent, placeUid } from './shared/event.ts'
import { parseFunctionArn } from './shared/lambda.ts'
import { type Fields, fieldsOf, isFields, textOf, timeOf } from './shared/values.ts'

/** Fields that every CloudTrail record has beside its name and source; one must be there. */
const MARKS = ['eventVersion', 'eventID', 'userIdentity', 'awsRegion', 'eventTime'] as const

/** AWS CloudTrail: as files, as a CloudWatch Logs subscription or an EventBridge rule delivers it. Rules see its own field names. */
export const cloudtrail: Source = {
  name: 'cloudtrail',
  summary: 'AWS CloudTrail management, data and sign-in events: files, CloudWatch Logs subscriptions, EventBridge.',
  // An access key's id opens nothing without its secret, and says who acted.
  keep: ['accessKeyId'],
  recognize: record => trailOf(record) !== undefined,
  normalize(decoded, origin) {
    const record = trailOf(decoded)
    if (!record) throw new UnmappableError('not a CloudTrail record')
    const eventSource = record['eventSource'] as string
    const eventName = record['eventName'] as string
    const region = textOf(record['awsRegion']) ?? origin.region
    const identity = fieldsOf(record['userIdentity'])
    const account = origin.account ?? textOf(record['recipientAccountId']) ?? textOf(identity?.['accountId'])
    const about = targetFunction(record, eventSource, account, region) ?? actingFunction(identity)
    const vouched = isCloudTrailOnly(decoded, origin)
    const activity = classify(eventSource, eventName, record)
    const uid = (vouched ? ownUid(record) : undefined) ?? placeUid(decoded, origin)
    // A record with no time, or none that can be read, is still evidence: it has the time at which it came.
    const time = timeOf(record['eventTime']) ?? origin.arrival
    return lazyEvent(
      {
        uid,
        time,
        source: 'cloudtrail',
        classUid: activity.classUid,
        logsource: LOGSOURCE,
        record,
        identity: {
          ...(account !== undefined && { account }),
          ...(region !== undefined && { region }),
          ...(about !== undefined && { function: about }),
          claimed: !vouched,
        },
      },
      () =>
        cloudtrailToOcsf({
          record,
          activity,
          uid,
          time,
          account,
          region,
          eventSource,
          eventName,
          labels: labelsOf(decoded, !vouched),
        }),
    )
  },
}

/** One object for all: the Sigma engine knows the last log source it saw by its reference. */
const LOGSOURCE = { product: 'aws', service: 'cloudtrail' } as const

/** The record itself, out of EventBridge's envelope where it has one. A function's own log group holds only what the function printed. */
function trailOf({ value, carrier }: DecodedRecord): Fields | undefined {
  if (!isFields(value) || carrier.kind === 'weir') return undefined
  if (carrier.kind === 'logs' && carrier.envelope.logGroup.startsWith('/aws/lambda/')) return undefined
  if (isTrail(value)) return value
  const type = value['detail-type']
  return typeof type === 'string' && type.endsWith('via CloudTrail') && isFields(value['detail']) && isTrail(value['detail'])
    ? value['detail']
    : undefined
}

/** `aws:s3` and the like are notifications of other services, which look alike. */
function isTrail(value: Fields): boolean {
  const { eventSource, eventName } = value
  if (typeof eventSource !== 'string' || typeof eventName !== 'string' || eventName === '' || eventSource === '') return false
  if (eventSource.startsWith('aws:')) return false
  for (const mark of MARKS) if (value[mark] !== undefined) return true
  return false
}

/** Whether only CloudTrail can have written this: on a stream of log groups, anybody who may write to one of them can print a look-alike. */
function isCloudTrailOnly({ carrier }: DecodedRecord, origin: Origin): boolean {
  return isVouched(origin) && (carrier.kind === 'bare' || !origin.sources.includes('cloudwatch-logs'))
}

/** The function whose credentials were used. */
function actingFunction(identity: Fields | undefined): string | undefined {
  const scope = fieldsOf(identity?.['inScopeOf'])
  const arn = textOf(scope?.['credentialsIssuedTo'])
  return arn === undefined ? undefined : parseFunctionArn(arn)?.arn
}

/** The event's own id, when it looks like one. */
function ownUid({ eventID }: Fields): string | undefined {
  return typeof eventID === 'string' && /^[\w-]{8,64}$/.test(eventID) ? eventID : undefined
}
