import type { DetectorEvent } from '@weir/detections'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Framed } from './framing/index.ts'

/** A normalized event: identity and routing are there at once, the OCSF body is mapped when first read. What nobody reads is never mapped. */
export interface Event extends DetectorEvent {
  readonly classUid: number
  readonly ocsf: OcsfEvent
}

/** Where a piece of input came from; the same on redelivery. */
export interface Origin {
  /** The stream's name in the config, or the file's path. Only this is trusted: everything inside is a claim. */
  readonly stream: string
  /** Names the input among all: Kinesis `stream/shardId:sequenceNumber`, or `path#offset` for a file. */
  readonly id: string
  /** When it reached the stream, epoch milliseconds. */
  readonly arrival: number
  /** What the config knows of the stream; wins over what an event claims. */
  readonly account?: string
  readonly region?: string
  /** Accounts whose functions may write to this stream; `*` for any. */
  readonly accounts: readonly string[]
  /** The sources this stream may carry, by name. */
  readonly sources: readonly string[]
  /** A file that a person named: nobody else writes into it while it is read. */
  readonly file?: boolean
}

/** One piece of input: a Kinesis record, or a chunk of a file. */
export interface Input {
  readonly origin: Origin
  readonly bytes: Uint8Array
  /** What was found in the bytes, where they have been framed already: a part of a file. */
  readonly framed?: readonly Framed[]
}

/** Input that cannot become events, with the reason, for a person to look at. */
export interface Quarantined {
  readonly origin: Origin
  readonly reason: QuarantineReason
  /** What exactly is wrong, and where. Holds no content. */
  readonly detail: string
  /** The input as it came, redacted where it could be read as text. */
  readonly bytes: Uint8Array
  /** How many records are lost with it; 1 when it cannot be told. */
  readonly records: number
  /** Can be read again by itself, so it is an entry of its own however many pieces there are. */
  readonly whole?: true
}

export type QuarantineReason =
  | 'corrupt' // framing, checksum or compression is broken
  | 'unknown-schema' // an Avro fingerprint or dictionary this version does not know: a newer Weir can read it
  | 'invalid-json'
  | 'too-large'
  | 'too-deep'
  | 'wrong-source' // well-formed, but its stream may not carry it
  | 'unmappable' // a source recognized it and could not normalize it
  | 'rejected' // a sink will never take it
  | 'sealed' // sealed to a key that is not here: set it, and replay
  | 'on-failure' // the event source mapping gave up on it
