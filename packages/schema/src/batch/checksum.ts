import { crc32 } from './crc32.ts'

/**
 * The envelope's checksum: over what stands before it, the `records` field as sent, and the payload as it was before compression. The first two
 * refuse any flipped byte, the last one a wrong dictionary, which raw deflate does not notice.
 */
export function checksum(before: Uint8Array, records: Uint8Array, payload: Uint8Array): number {
  return crc32(payload, crc32(records, crc32(before)))
}
