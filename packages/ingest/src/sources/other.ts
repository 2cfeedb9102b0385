import { CLASS, SEVERITY } from '@weir/schema/ocsf'
import type { Source } from '../source.ts'
import { labelsOf, lazyEvent, placeUid } from './shared/event.ts'
import { ocsfEvent } from './shared/ocsf.ts'
import { defined, isFields, timeOf } from './shared/values.ts'

/** Where a record of an unknown kind may say its time. */
const TIMES = ['@timestamp', 'timestamp', 'time', 'eventTime'] as const

/** Whatever no other source knows: a Base Event that keeps the record whole. */
export const other: Source = {
  name: 'other',
  summary: 'Any JSON object or line of text that no other source knows; kept whole in an OCSF Base Event.',
  recognize: ({ carrier }) => carrier.kind !== 'weir',
  normalize(record, origin) {
    const { value } = record
    const uid = placeUid(record, origin)
    const fields = isFields(value) ? value : undefined
    const time = (fields && TIMES.map(key => timeOf(fields[key])).find(each => each !== undefined)) ?? origin.arrival
    return lazyEvent(
      {
        uid,
        time,
        source: 'other',
        classUid: CLASS.baseEvent,
        logsource: {},
        record: fields ?? { message: value },
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
