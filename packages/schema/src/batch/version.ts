import type { Schema } from 'avsc'
import type { Batch, Envelope } from './types.ts'

/** A message taken apart, its records not yet inflated. */
export interface Opened {
  readonly envelope: Envelope
  readonly previous: string
  readonly signature: Uint8Array
  /** The payload as sent. */
  readonly records: Uint8Array
  /** Whether the checksum holds, given the payload before compression. */
  intact(payload: Uint8Array): boolean
}

/** One version of the wire: all that `decodeBatch` needs to know of it. Never removed, so that what waits in a spool stays readable. */
export interface WireVersion {
  /** The Envelope's CRC-64-AVRO fingerprint, little endian, 16 hex digits. */
  readonly fingerprint: string
  readonly envelope: Schema
  readonly payload: Schema
  /** Takes a message with this fingerprint apart. Throws WireError. */
  open(message: Uint8Array): Opened
  /** Makes the batch of a payload that has passed the check and avsc. Throws WireError where its parts disagree. */
  batch(opened: Opened, payload: unknown): Batch
}
