/** One element found in an input. Offsets and lengths are bytes of the input as it is after inflating. */
export type Framed = FramedRecord | FramedBatch | FramedControl | FramedBad

export interface FramedRecord {
  readonly kind: 'record'
  /** Parsed JSON, or a line of text. */
  readonly value: unknown
  /** The element as it came. A view: copy it to keep it longer than the input. */
  readonly bytes: Uint8Array
  readonly offset: number
  /** Its place among the records of this input, from 0. */
  readonly index: number
  /** The CloudWatch Logs envelope it lay in. */
  readonly logs?: LogsEnvelope
  /** Something in it was not UTF-8 and is U+FFFD now. */
  readonly repaired: boolean
}

/** Bytes that claim to be one Weir batch: Avro single-object encoding, which nothing can stand behind. */
export interface FramedBatch {
  readonly kind: 'batch'
  readonly bytes: Uint8Array
  readonly offset: number
}

/** A CloudWatch Logs CONTROL_MESSAGE, by which AWS checks that the destination can be reached. It carries no events. */
export interface FramedControl {
  readonly kind: 'control'
  readonly offset: number
}

/** Bytes that are no record, and why. Whatever follows them is framed as if they were not there. */
export interface FramedBad {
  readonly kind: 'bad'
  readonly reason: 'corrupt' | 'invalid-json' | 'too-large' | 'too-deep'
  /** What is wrong, without content. */
  readonly detail: string
  /**
   * The damaged bytes; their first 64 KiB where there are more. After 1,000 damaged pieces of one input those between two good elements
   * are given as one, a line each.
   */
  readonly bytes: Uint8Array
  readonly offset: number
  /** How many bytes were passed over. */
  readonly length: number
}

/** What a subscription filter puts around log events: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html */
export interface LogsEnvelope {
  /** The account that owns the log group. */
  readonly owner: string
  readonly logGroup: string
  readonly logStream: string
  readonly subscriptionFilters: readonly string[]
}

export interface FramingLimits {
  /** The most bytes of one element; a longer one is passed over without being held. */
  readonly elementBytes: number
  /** The deepest nesting of one element. */
  readonly depth: number
  /** The most bytes of one input after inflating. */
  readonly inflatedBytes: number
  /** The most an input may grow by inflating, once it is over 1 MiB. DEFLATE's own limit is 1032. */
  readonly inflatedRatio: number
}

/** For a record of a stream, held whole: Kinesis takes 1 MiB by default and at most 10 MiB. */
export const STREAM_LIMITS: FramingLimits = {
  elementBytes: 1024 * 1024,
  depth: 64,
  inflatedBytes: 64 * 1024 * 1024,
  inflatedRatio: 200,
}

/** For a file, of which never more than an element is held. */
export const FILE_LIMITS: FramingLimits = { ...STREAM_LIMITS, inflatedBytes: 64 * 1024 * 1024 * 1024 }

/** What is wrong with some bytes. */
export type Fault = Pick<FramedBad, 'reason' | 'detail'>
