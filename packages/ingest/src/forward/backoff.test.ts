import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ATTEMPTS, waitMs } from './backoff.ts'

describe('waitMs', () => {
  it('draws from a range that doubles, up to a cap', () => {
    const most = (failures: number): number => waitMs(failures, undefined, () => 1, ATTEMPTS)
    expect([1, 2, 3, 4, 5, 6, 60].map(most)).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    expect(waitMs(3, undefined, () => 0, ATTEMPTS)).toBe(0)
  })

  it('does what the far side asks, for at most five minutes', () => {
    fc.assert(
      fc.property(fc.double(), afterMs => {
        const wait = waitMs(1, afterMs, () => 0.5, ATTEMPTS)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(300_000)
        if (afterMs >= 0 && afterMs <= 300_000) expect(wait).toBe(Math.max(0, afterMs))
      }),
    )
    expect(waitMs(1, 1e12, () => 0.5, ATTEMPTS)).toBe(300_000)
  })
})
