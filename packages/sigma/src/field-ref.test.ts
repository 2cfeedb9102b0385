import { describe, expect, it } from 'vitest'
import { matches } from '../test/testing.ts'
import { anyOther, FIELDREF_LIMIT } from './field-ref.ts'

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}.`)

describe('a field that is compared with another', () => {
  it('is compared with the first different values of it', () => {
    for (const how of ['starts', 'ends', 'contains'] as const) {
      const test = anyOther(['a', 'a', ...many(FIELDREF_LIMIT - 2), 'last', 'beyond'], how)
      expect(test('last')).toBe(true)
      expect(test('beyond')).toBe(false)
    }
  })

  it('is equal to any of them, however many', () => {
    const [f, g] = [many(20_000), [...many(10_000).map(text => `${text}-`), 'X19999.']]
    expect(matches({ 'f|fieldref': 'g' }, { f, g })).toBe(true)
    expect(matches({ 'f|fieldref': 'g' }, { f: many(19_999), g })).toBe(false)
  })

  it('ends soon when an event brings many of both', () => {
    const record = { f: many(20_000), g: many(20_000).map(text => `${text}-`) }
    expect(matches({ 'f|fieldref|contains': 'g' }, record)).toBe(false)
  })
})
