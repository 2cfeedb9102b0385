import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beginningOf, bytesOf, jsonBytes } from './bytes.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff)).map(codes => String.fromCharCode(...codes)),
)
const encoded = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

describe('jsonBytes and bytesOf', () => {
  it('count what a text takes as JSON in UTF-8, half a surrogate pair among it', () => {
    fc.assert(
      fc.property(text, value => {
        expect(jsonBytes(value)).toBe(encoded(value))
        expect(bytesOf([value, 1])).toBe(encoded([value, 1]))
      }),
      { numRuns: 500 },
    )
  })
})

describe('beginningOf', () => {
  it('keeps a text that is well-formed so', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 12 }), (value, length) => {
        const begins = beginningOf(value, length)
        expect(value.startsWith(begins)).toBe(true)
        expect(begins.isWellFormed()).toBe(true)
        expect(begins.length).toBeGreaterThanOrEqual(Math.min(value.length, length - 1))
        expect(begins.length).toBeLessThanOrEqual(length)
      }),
    )
  })
})
