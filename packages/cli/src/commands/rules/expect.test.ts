import { describe, expect, it } from 'vitest'
import { compare, type Placed } from './expect.ts'

const refusal = (reason: string): Placed => ({ file: 'x/a.yml', within: 'a.yml', line: 1, column: 1, rule: 'A', reason })

describe('an expected refusal', () => {
  it.each<[reason: string, pattern: string, fits: boolean]>([
    ['aba', 'aba', true],
    ['aba', 'ab', false],
    ['aba', 'a*a', true],
    ['aba', 'ab*ba', false],
    ['abba', 'ab*ba', true],
    ['aba', '*b*', true],
    ['aba', '*ba*a', false],
    ['abxbyb', 'a*b*b', true],
    ['ab', '*', true],
    ['', '*', true],
    ['ba', 'a*', false],
  ])('%j fits %j: %j', (reason, pattern, fits) => {
    const { unexpected, stale } = compare([refusal(reason)], [{ file: 'a.yml', reason: pattern }])
    expect([unexpected.length, stale.length]).toEqual(fits ? [0, 0] : [1, 1])
  })

  it('is for one rule where it names one', () => {
    expect(compare([refusal('r')], [{ file: '*', rule: 'B', reason: 'r' }]).unexpected).toHaveLength(1)
    expect(compare([refusal('r')], [{ file: '*', rule: 'A', reason: 'r' }]).unexpected).toHaveLength(0)
  })

  it('takes no time for many stars', () => {
    const long = 'a'.repeat(20_000)
    expect(compare([refusal(`${long}b`)], [{ file: '*', reason: `${'*a'.repeat(5_000)}*c` }]).stale).toHaveLength(1)
  })
})
