import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoText } from './iso.ts'

describe('isoText', () => {
  it('writes what toISOString writes', () => {
    const time = fc.oneof(
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: -9, max: 9 }),
    )
    const near = fc.array(fc.integer({ min: -70_000, max: 70_000 }))
    fc.assert(
      fc.property(time, near, (first, distances) => {
        for (const each of [first, ...distances.map(distance => first + distance)]) {
          if (Math.abs(each) <= 8.64e15) expect(isoText(each)).toBe(new Date(each).toISOString())
        }
      }),
    )
  })
})
