import type { TelemetryEvent } from '../telemetry.ts'
import type { Recorder } from '../recorder.ts'

/** How the sandbox ends, as `weir.end` tells it. */
export interface Ending {
  /** `spindown`, `timeout` or `failure`. */
  readonly reason: string
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
  capture?(event: TelemetryEvent, to: Recorder): void
  /** Once, when telemetry is subscribed. */
  start?(beginning: Beginning, to: Recorder): void
  /** Before each flush is cut into batches. */
  flush?(to: Recorder): void
  /** At SHUTDOWN, before the last flush. */
  end?(ending: Ending, to: Recorder): void
}
