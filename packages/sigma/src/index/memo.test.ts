import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Memo } from './memo.ts'

const text = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', ''),
  fc.string({ maxLength: 4 }),
  fc.string({ minLength: 120, maxLength: 140 }),
)

describe('what is remembered of texts', () => {
  it('is what would be found again', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 1_500, size: 'max' }), texts => {
        const memo = new Memo((text: string) => `found ${text}`)
        for (const one of texts) expect(memo.of(one)).toBe(`found ${one}`)
      }),
      { numRuns: 50 },
    )
  })

  it('spares looking again for texts that come again, and gives up on texts that do not', () => {
    let looked = 0
    const memo = new Memo((text: string) => {
      looked++
      return text
    })
    for (let n = 0; n < 1_000; n++) memo.of(`text ${n % 10}`)
    expect(looked).toBe(10)
    // A memo that has given up looks each time, also for a text that it had.
    for (let n = 0; n < 1_000; n++) memo.of(`other ${n}`)
    looked = 0
    memo.of('text 1')
    memo.of('text 1')
    expect(looked).toBe(2)
    // After a while it tries again.
    for (let n = 0; n < 10_000; n++) memo.of(`text ${n % 10}`)
    looked = 0
    memo.of('text 1')
    expect(looked).toBe(0)
  })
})
