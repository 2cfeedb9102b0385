import { type Envelope, isBatch, readEnvelope } from '@weir/schema'

/**
 * What may be in memory at once, as a weight: bytes as they will be after inflating, and an allowance for each record's objects. What is above it
 * is delivered before the next input is taken, and what is done stays done when time runs out.
 */
export const SLICE_WEIGHT = 16 << 20
const RECORD_WEIGHT = 2 << 10

/** What a batch weighs once it is open. */
export const batchWeight = ({ rawBytes, count }: Pick<Envelope, 'rawBytes' | 'count'>): number => rawBytes + count * RECORD_WEIGHT

/**
 * What an input will weigh once it is open, but for batches that are sealed in it: those show only then. A gzip says so in its last four bytes
 * (RFC 1952, ISIZE); a lie costs at most the inflating limit.
 */
export function inputWeight(bytes: Uint8Array): number {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes.length >= 18)
    return Math.max(bytes.length, Buffer.from(bytes.subarray(-4)).readUInt32LE())
  if (!isBatch(bytes)) return bytes.length
  try {
    return batchWeight(readEnvelope(bytes))
  } catch {
    return bytes.length // decode says what is wrong with it
  }
}
