import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { digest } from './digest.ts'

it('is the beginning of SHA-256 in base64url', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (text, length) => {
      expect(digest(text, length)).toBe(createHash('sha256').update(text).digest('base64url').slice(0, length))
    }),
    { numRuns: 500 },
  )
})
