/** One captured signal, as it crosses the wire. */
export interface TelemetryRecord {
  /** What was captured: a Telemetry API type such as `platform.report` or `function`, or one of Weir's own such as `weir.secret`. */
  readonly signal: string
  /** When it happened, epoch milliseconds. */
  readonly time: number
  /** The invocation it belongs to (the Lambda request id), or '' where there is none. */
  readonly invocation: string
  /** How to read `body`. */
  readonly contentType: ContentType
  readonly body: Uint8Array
}

/**
 * The content types a record's body may have. A new signal uses one of these, so it changes no fingerprint. The last one is the compact form that
 * `packPlatform` makes of the platform's records, of log lines and of JSON.
 */
export type ContentType = 'application/json' | 'text/plain' | 'application/octet-stream' | 'application/vnd.weir.platform'

/** Whose sandbox this is. Everything here is a claim: any function that may write to the stream may write anything. */
export interface FunctionIdentity {
  /** The function's unqualified ARN, `arn:aws:lambda:<region>:<account>:function:<name>`. */
  readonly arn: string
  readonly version: string
  readonly memoryMb: number
  readonly region: string
  /** The runtime's version as the platform names it, for example `nodejs:24.v9`; '' until the platform has said it. */
  readonly runtime: string
  /** `on-demand`, `provisioned-concurrency`, `snap-start` or `lambda-managed-instances`; '' when unknown. */
  readonly initializationType: string
}

/** What was lost before it could be shipped, cumulative since the extension's start. */
export interface Dropped {
  /** Why: a fixed word such as `buffer-full`, `logs-dropped`, `too-large`, `own-log`, `stream-rejected`. */
  readonly reason: string
  readonly records: number
  readonly bytes: number
}

/** The records of one flush of one sandbox: the unit on the stream. */
export interface Batch {
  /** 16 random bytes as 32 hex digits, drawn at process start and again after a restore. */
  readonly sandbox: string
  /** 1, 2, 3 … within the sandbox, without gaps. */
  readonly sequence: number
  readonly function: FunctionIdentity
  /** The extension's own version. */
  readonly extension: string
  /**
   * Records put on the stream or waiting for it since this sandbox began, this batch included. A batch that was given up (`stream-rejected`,
   * `not-encodable`) counts in `dropped` instead from the next batch on, and its sequence number is missing.
   */
  readonly emitted: number
  readonly dropped: readonly Dropped[]
  /** SHA-256 of the previous batch as sent, 64 hex digits; '' in the first. Reserved: version 1 writers may leave it ''. */
  readonly previous: string
  /** Reserved for a signature over everything before it; empty in version 1. */
  readonly signature: Uint8Array
  readonly records: readonly TelemetryRecord[]
}

/** What can be read of a batch without inflating it. */
export interface Envelope {
  readonly sandbox: string
  readonly sequence: number
  /** Number of records inside. */
  readonly count: number
  readonly codec: 'null' | 'deflate'
  /** The preset dictionary's id, 0 for none. */
  readonly dictionary: number
  /** Length of the records before compression, bytes. */
  readonly rawBytes: number
}
