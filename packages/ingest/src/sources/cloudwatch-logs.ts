import { CLASS } from '@weir/schema/ocsf'
import { UnmappableError } from '../errors.ts'
import type { Source } from '../source.ts'
import { isVouched, labelsOf, lazyEvent, placeUid } from './shared/event.ts'
import { functionArn } from './shared/lambda.ts'
import { levelOf, messageOf } from './shared/level.ts'
import { placeOf } from './shared/logsource.ts'
import { awsCloud, observables, ocsfEvent } from './shared/ocsf.ts'
import { defined, isFields } from './shared/values.ts'

const FUNCTION_GROUP = '/aws/lambda/'
/** One object for all: the Sigma engine knows the last log source it saw by its reference. */
const LOGSOURCE = { product: 'aws', service: 'cloudwatch-logs' } as const

/**
 * Log events that a CloudWatch Logs subscription delivers. Group, stream and owner are the service's word, the message is anybody's.
 *
 * Rules (log source `aws` / `cloudwatch-logs`) see `id`, `timestamp`, `message`, `logGroup`, `logStream`, `owner`, and a JSON message as
 * `record`. A message whose shape is that of another product's log (WAF, API Gateway, Kubernetes audit …) they see under that log source, with
 * its own field names.
 */
export const cloudwatchLogs: Source = {
  name: 'cloudwatch-logs',
  summary: 'Log events of a CloudWatch Logs subscription filter.',
  recognize: ({ carrier }) => carrier.kind === 'logs',
  normalize(record, origin) {
    const { carrier, value } = record
    if (carrier.kind !== 'logs') throw new UnmappableError('not an event of a CloudWatch Logs subscription')
    const { envelope, id, timestamp } = carrier
    const { owner, logGroup, logStream, subscriptionFilters } = envelope
    const account = origin.account ?? owner
    const region = origin.region
    const named = logGroup.startsWith(FUNCTION_GROUP) ? logGroup.slice(FUNCTION_GROUP.length) : ''
    const arn = named ? functionArn(named, owner, region) : undefined
    const uid = placeUid(record, origin)
    const time = Number.isSafeInteger(timestamp) ? timestamp : origin.arrival
    const fields = isFields(value) ? value : undefined
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    // A function's own log group holds only what the function printed.
    const place = fields && !named ? placeOf(fields) : undefined
    return lazyEvent(
      {
        uid,
        time,
        source: 'cloudwatch-logs',
        classUid: CLASS.baseEvent,
        logsource: place?.logsource ?? LOGSOURCE,
        record: place?.record ?? { id, timestamp, message: text, logGroup, logStream, owner, ...(fields && { record: fields }) },
        identity: {
          account,
          ...(region !== undefined && { region }),
          ...(arn !== undefined && { function: arn }),
          claimed: !isVouched(origin),
        },
      },
      () => {
        const { level, severity } = levelOf(value)
        const product = { vendor_name: 'AWS', name: 'CloudWatch Logs' }
        return ocsfEvent(
          {
            activity: { classUid: CLASS.baseEvent, id: 99, name: 'Log' },
            uid,
            time,
            severity,
            metadata: {
              product,
              profiles: ['cloud', 'host'],
              log_name: logGroup,
              log_level: level,
              log_provider: 'CloudWatch Logs',
              original_event_uid: id || undefined,
              labels: labelsOf(record, !isVouched(origin)),
            },
          },
          {
            message: messageOf(value) ?? text,
            cloud: awsCloud(account, region),
            device: arn && { type_id: 99, type: 'AWS Lambda', uid: arn, name: named, instance_uid: logStream },
            observables: observables(['device.uid', 'resource', arn]),
            unmapped: defined({ logGroup, logStream, owner, subscriptionFilters, record: fields }),
          },
        )
      },
    )
  },
}
