import type { Event, Origin } from './event.ts'

/** A log format that ingest recognizes and normalizes. One file each in `sources/`, listed in `sources/index.ts`. */
export interface Source {
  /** The word in config, metrics and docs; the file carries it too. */
  readonly name: string
  /** One sentence; becomes the README row. */
  readonly summary: string
  /** Whether a parsed record is this source's. Cheap: it runs for every record of a file. */
  recognize(record: unknown): boolean
  /** Makes the event. Throws `UnmappableError` with the field that is wrong when it cannot. `index` is the record's place in its input. */
  normalize(record: Readonly<Record<string, unknown>>, origin: Origin, index: number): Event
}
