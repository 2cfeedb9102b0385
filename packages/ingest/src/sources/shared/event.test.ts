import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashUid } from './event.ts'

describe('hashUid', () => {
  it('is the SHA-256 of all parts, each behind its length, whatever they are and however long', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.uint8Array(),
      fc.constantFrom('é\ud800', 'x'.repeat(100_000), new Uint8Array(200_000).fill(7)),
    )
    fc.assert(
      fc.property(fc.array(part), parts => {
        const whole = parts.flatMap(each => {
          const bytes = typeof each === 'object' ? each : Buffer.from(String(each))
          return [Buffer.from(`${bytes.length}:`), bytes]
        })
        expect(hashUid(parts)).toBe(createHash('sha256').update(Buffer.concat(whole)).digest('hex').slice(0, 32))
      }),
    )
  })
})
