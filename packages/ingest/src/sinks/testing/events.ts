import { readFileSync } from 'node:fs'
import { OCSF_VERSION, type OcsfEvent } from '@weir/schema/ocsf'

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))

/** One made-up event of every class that Weir emits, with every attribute that a mapping reads. */
export const samples = read('samples.json') as Readonly<Record<string, OcsfEvent>>

/** Events in which every attribute that a mapping might read has a wrong type or a hostile value, and one of a class that Weir does not know. */
export const hostile = read('hostile.json') as readonly OcsfEvent[]

/** A made-up event of a class. `over` adds and replaces attributes. */
export function event(class_uid: number, activity_id: number, over: Readonly<Record<string, unknown>> = {}): OcsfEvent {
  return {
    class_uid,
    category_uid: Math.floor(class_uid / 1000),
    activity_id,
    type_uid: class_uid * 100 + activity_id,
    time: Date.UTC(2026, 10, 22, 4, 30, 15, 250),
    severity_id: 1,
    severity: 'Informational',
    status_id: 1,
    metadata: {
      version: OCSF_VERSION,
      uid: `uid-${class_uid}-${activity_id}`,
      product: { vendor_name: 'AWS', name: 'CloudTrail' },
      event_code: 'AwsApiCall',
    },
    cloud: { provider: 'AWS', account: { uid: '111122223333' }, region: 'eu-west-1' },
    ...over,
  }
}
