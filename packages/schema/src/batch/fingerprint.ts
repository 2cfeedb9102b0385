import avsc, { type Schema } from 'avsc'

/** CRC-64-AVRO's seed, which is also its polynomial: the fingerprint of no bytes (Avro 1.12, "Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n

/** Avro's parsing canonical form of a schema. */
export function canonicalForm(schema: Schema): string {
  return JSON.stringify(avsc.Type.forSchema(schema).schema())
}

/** The schema's CRC-64-AVRO fingerprint as single-object encoding writes it: eight bytes, little endian, as 16 hex digits. */
export function fingerprint(schema: Schema): string {
  let crc = EMPTY
  for (const byte of Buffer.from(canonicalForm(schema))) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ EMPTY : crc >> 1n
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(crc)
  return bytes.toString('hex')
}
