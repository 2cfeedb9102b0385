import type { TelemetryRecord } from '@weir/schema'
import type { Priority } from '../buffer.ts'
import type { Config } from '../config.ts'
import type { Counters } from '../counters.ts'
import type { Host } from '../host/host.ts'
import type { Redaction } from '../redaction.ts'
import type { Sandbox } from '../sandbox.ts'
import type { TelemetryEvent } from '../telemetry.ts'

/** When a record happened and to which invocation it belongs. */
export interface At {
  readonly time: number
  readonly invocation: string
}

/**
 * How much of what the function prints is recorded, from most to least: every line, one in some, a summary of each invocation, counts alone.
 * Platform telemetry, Weir's own signals and secrets that were printed are recorded at any load.
 */
export type Load = 'all' | 'sample' | 'summaries' | 'counts'

/** What signals write to. */
export interface Recording {
  readonly host: Host
  readonly config: Config
  readonly counters: Counters
  readonly sandbox: Sandbox
  readonly redaction: Redaction
  /** Set by who watches the budget. */
  load: Load
  /** A text, redacted here. */
  text(signal: string, line: string, priority: Priority, at: At): void
  /** A value, redacted here. */
  json(signal: string, value: unknown, priority: Priority, at: At): void
  /** A string or a value that has been redacted: in its compact form where it has one, else as text or JSON. */
  clean(signal: string, value: unknown, priority: Priority, at: At): void
  /** A signal of our own, made of fixed words, names and fingerprints. */
  own(signal: string, value: unknown, at?: At): void
  /** A record as it is, after redaction; of one that is too long, head and tail. */
  emit(record: TelemetryRecord, priority: Priority): void
}

/** How the sandbox ends, as `weir.end` tells it. */
export interface Ending {
  /** `spindown`, `timeout` or `failure`. */
  readonly reason: string
  readonly waiting: Waiting
}

/**
 * Records that nobody has acknowledged yet when the last flush begins: `kept` and `log` in the buffer, by priority, and `cut` in batches made before.
 * Those that this flush itself adds, such as `weir.dropped`, are not among them.
 */
export interface Waiting {
  readonly kept: number
  readonly log: number
  readonly cut: number
}

/** How the extension began, as `weir.start` tells it. */
export interface Beginning {
  /** `telemetry`, `no-telemetry` (there is no Telemetry API, or it refused us) or `managed-instances`. */
  readonly mode: string
  /** The telemetry schema agreed on; '' without one. */
  readonly schema: string
}

/**
 * One kind of thing that the extension captures. All parts are optional. What throws in here is counted as a fault and costs only the event it
 * was about.
 */
export interface Signal {
  readonly name: string
  /** Telemetry types; a trailing `*` takes all that begin so. The first signal of the table that takes a type gets its events. */
  readonly takes?: readonly string[]
  capture?(event: TelemetryEvent, to: Recording): void
  /** Once, when telemetry is subscribed. */
  start?(beginning: Beginning, to: Recording): void
  /** Before each flush is cut into batches. */
  flush?(to: Recording): void
  /** At SHUTDOWN, before the last flush. */
  end?(ending: Ending, to: Recording): void
}

/** Does `task` at once where no handler runs, else when the one that does is known to be done. */
export type Quietly = (task: () => void) => void
