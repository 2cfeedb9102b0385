import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ATTEMPTS, waitMs } from './backoff.ts'

describe('waitMs', () => {
  it('draws from a range that doubles, up to a cap', () => {
    const most = (failures: number) => waitMs(failures, undefined, () => 1, ATTEMPTS)
    expect([1, 2, 3, 4, 5, 6, 60].map(most)).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    expect(waitMs(3, undefined, () => 0, ATTEMPTS)).toBe(0)
  })

  it('does what the far side asks, but never waits longer than the cap', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), afterMs => {
        const wait = waitMs(1, afterMs, () => 0.5, ATTEMPTS)
        expect(wait).toBe(afterMs > ATTEMPTS.capMs ? undefined : Math.max(0, afterMs))
      }),
    )
    expect(waitMs(1, 5_000, () => 0.5, ATTEMPTS)).toBe(5_000)
    expect(waitMs(1, 5_001, () => 0.5, ATTEMPTS)).toBeUndefined()
    expect(waitMs(1, Number.NaN, () => 0.5, ATTEMPTS)).toBe(100)
  })
})
