import type { Batch, TelemetryRecord } from '@weir/schema'
import type { Event, Origin } from './event.ts'
import type { LogsEnvelope } from './framing/index.ts'

/** A batch without its records: who sent it, and what was lost before it. All of it is a claim. */
export type BatchHeader = Omit<Batch, 'records'>

/** How a record came: bare, as an event of a CloudWatch Logs subscription, or in a Weir batch. */
export type Carrier =
  | { readonly kind: 'bare' }
  | { readonly kind: 'logs'; readonly envelope: LogsEnvelope; readonly id: string; readonly timestamp: number }
  | { readonly kind: 'weir'; readonly batch: BatchHeader; readonly record: TelemetryRecord }

/** One record of an input, before a source has claimed it. */
export interface DecodedRecord {
  /** Parsed JSON, or text. Of a Weir record its body; of a log event its message, parsed when it is a JSON object. */
  readonly value: unknown
  readonly carrier: Carrier
  /** As it came: for its digest and for quarantine. */
  readonly bytes: Uint8Array
  /** Its place among the records of its input, from 0. */
  readonly index: number
  /** Something in it was not Unicode and is U+FFFD now. */
  readonly repaired: boolean
}

/** A log format that ingest recognizes and normalizes. One file each in `sources/`, listed in `sources/index.ts`. */
export interface Source {
  /** The word in config, metrics and docs; the file carries it too. */
  readonly name: string
  /** One sentence; becomes the README row. */
  readonly summary: string
  /** Fields whose value names somebody and opens nothing, and so stays where the redactor would mask it. */
  readonly keep?: readonly string[]
  /** Whether a record is this source's. Cheap: it runs for every record. */
  recognize(record: DecodedRecord): boolean
  /** Makes the event of a record that has been redacted. Throws `UnmappableError` with the field that is wrong when it cannot. */
  normalize(record: DecodedRecord, origin: Origin): Event
}
