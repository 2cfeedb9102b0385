import { CLASS, SEVERITY } from '@weir/schema/ocsf'
import type { Source } from '../source.ts'
import { labelsOf, lazyEvent, placeUid } from './shared/event.ts'
import { placeOf } from './shared/logsource.ts'
import { ocsfEvent } from './shared/ocsf.ts'
import { defined, epochOf, isFields, timeOf } from './shared/values.ts'

/** Where a record of an unknown kind may say its time. */
const TIMES = [
  '@timestamp',
  'timestamp',
  'time',
  'eventTime',
  'published',
  'requestReceivedTimestamp',
  'created_at',
  'CreationTime',
  'TimeGenerated',
] as const

/** One object for all that has no log source. */
const NOWHERE = {}

/**
 * Whatever no other source knows: a Base Event that keeps the record whole. Rules see it under the log source that its shape tells
 * (`shared/logsource.ts`), with its own field names; a line of text has only `message`.
 */
export const other: Source = {
  name: 'other',
  summary: 'Any JSON object or line of text that no other source knows; kept whole in an OCSF Base Event.',
  recognize: ({ carrier }) => carrier.kind !== 'weir',
  normalize(record, origin) {
    const { value } = record
    const uid = placeUid(record, origin)
    const fields = isFields(value) ? value : undefined
    const time =
      (fields && TIMES.map(key => timeOf(fields[key]) ?? epochOf(fields[key])).find(each => each !== undefined)) ?? origin.arrival
    const place = fields && placeOf(fields)
    return lazyEvent(
      {
        uid,
        time,
        source: 'other',
        classUid: CLASS.baseEvent,
        logsource: place?.logsource ?? NOWHERE,
        record: place?.record ?? fields ?? { message: value },
        identity: {
          ...(origin.account !== undefined && { account: origin.account }),
          ...(origin.region !== undefined && { region: origin.region }),
          claimed: true,
        },
      },
      () =>
        ocsfEvent(
          {
            activity: { classUid: CLASS.baseEvent, id: 0, name: 'Unknown' },
            uid,
            time,
            severity: SEVERITY.unknown,
            metadata: {
              product: { vendor_name: 'Unknown', name: 'Unknown' },
              log_source: origin.stream,
              labels: labelsOf(record, false),
            },
          },
          defined({
            unmapped: fields,
            raw_data: fields ? undefined : typeof value === 'string' ? value : JSON.stringify(value),
            message: typeof value === 'string' ? value : undefined,
          }),
        ),
    )
  },
}
