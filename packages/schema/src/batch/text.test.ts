import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoMillis } from './text.ts'

describe('isoMillis', () => {
  it('reads what toISOString writes, whatever it read before', () => {
    const near = fc.integer({ min: 1_700_000_000_000, max: 1_700_000_200_000 })
    fc.assert(
      fc.property(fc.oneof(near, fc.integer({ min: 0, max: 253_402_300_799_999 })), time => {
        expect(isoMillis(new Date(time).toISOString())).toBe(time)
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['2026-02-30T00:00:00.000Z', '2026-01-01T24:00:00.000Z', '2026-01-01T00:00:60.000Z', '2026-01-01T00:00:1e.000Z'])(
    'refuses %s, after a time of the same minute as well',
    text => {
      isoMillis(`${text.slice(0, 17)}00.000Z`)
      expect(isoMillis(text)).toBeUndefined()
    },
  )
})
