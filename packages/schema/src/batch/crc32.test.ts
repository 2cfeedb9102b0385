import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32, tableCrc32 } from './crc32.ts'

it('is the CRC-32 of zlib, by the check value of its definition', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
  expect(tableCrc32(Buffer.from('123456789'))).toBe(0xcbf43926)
})

it('is the same without help from the host, in one go or in two', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      const whole = Buffer.concat([first, second])
      expect(tableCrc32(whole)).toBe(crc32(whole))
      expect(tableCrc32(second, tableCrc32(first))).toBe(crc32(whole))
      expect(crc32(second, crc32(first))).toBe(crc32(whole))
    }),
  )
})
