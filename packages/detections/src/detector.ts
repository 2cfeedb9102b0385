import type { LogSource, RuleMeta, SigmaEvent, StateStore } from '@weir/sigma'

/** An event as detectors see it. */
export interface DetectorEvent extends SigmaEvent {
  readonly uid: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly source: string
  readonly identity: EventIdentity
}

/** Who the event is about. On a telemetry stream all of it but `account` is claimed by the sandbox (see `claimed`). */
export interface EventIdentity {
  /** The account of the stream's configuration, else what the event says. */
  readonly account?: string
  readonly region?: string
  /** Function ARN. */
  readonly function?: string
  readonly sandbox?: string
  readonly sequence?: number
  /** True where nothing but the sender vouches for it. */
  readonly claimed: boolean
}

/** What a detector or a rule found, before it becomes an OCSF finding. */
export interface Detection {
  /** What it is about: one finding per rule, group and window. */
  readonly group: string
  /** The window's start, epoch milliseconds; the event's own uid stands here for a detection of one event. */
  readonly window: string
  /** One line for a person: what happened, with figures. */
  readonly message: string
  readonly events: readonly DetectorEvent[]
  /** Named values worth showing beside the finding: `estimatedUsd`, `invocations`, `fields` … */
  readonly evidence: Readonly<Record<string, unknown>>
}

export interface DetectorContext {
  /** Names the batch, the same on redelivery. */
  readonly batch: string
  readonly now: number
  readonly state: StateStore
  readonly options: DetectorOptions
}

/** What `weir.yaml` says under `detections:`; each detector reads its own part and documents it. */
export interface DetectorOptions {
  /** Names of extensions that may register in a sandbox, beside `weir`; globs with `*`. */
  readonly allowedExtensions: readonly string[]
  /** Price of a GB-second, US dollars. */
  readonly usdPerGbSecond: number
  /** Price of a request, US dollars. */
  readonly usdPerRequest: number
  /** Denial of wallet: dollars a function may bill in one window before it is a finding. */
  readonly billedUsdPerWindow: number
  /** Timeout and out-of-memory storm: failures of one function in one window. */
  readonly failuresPerWindow: number
  /** Length of the event-time windows, minutes. */
  readonly windowMinutes: number
  /** Accounts that may own layers and be granted access, beside an event's own: 12 digits each. Default: none. */
  readonly trustedAccounts?: readonly string[]
  /** Secrets harvesting: different secrets that one principal may ask for in one window. Default: 10. */
  readonly secretsPerWindow?: number
}

/** A detection in code: for what Sigma cannot say. */
export interface Detector {
  readonly meta: RuleMeta
  readonly logsource: LogSource
  /** Looks at one batch's events of its log source. Pure but for `context.state`. */
  detect(events: readonly DetectorEvent[], context: DetectorContext): Promise<readonly Detection[]>
}
