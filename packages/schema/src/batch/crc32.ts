import * as zlib from 'node:zlib'

/** CRC-32 (the one of zlib) of `bytes`, going on from `previous`. Own table where the host's zlib has none (Node before 20.15). */
export const crc32 = (bytes: Uint8Array, previous = 0): number =>
  typeof zlib.crc32 === 'function' ? zlib.crc32(bytes, previous) : tableCrc32(bytes, previous)

let table: Int32Array | undefined

/** The same in plain JavaScript. */
export function tableCrc32(bytes: Uint8Array, previous = 0): number {
  table ??= Int32Array.from({ length: 256 }, (_, n) => {
    let value = n
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value
  })
  let crc = ~previous
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return ~crc >>> 0
}
