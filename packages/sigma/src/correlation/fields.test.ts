import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf } from './bytes.ts'
import { carriedOf, GROUPS_LIMIT, groupsOf, readField, VALUES_LIMIT, valuesOf } from './fields.ts'
import type { CorrelationRule, Input } from './model.ts'

const of = (record: object) => (field: string) => readField(record, field)
const keyOf = (...values: readonly string[]): string => {
  const fields = values.map((_, i) => `f${i}`)
  return groupsOf(fields, of(Object.fromEntries(values.map((value, i) => [`f${i}`, value])))).groups[0]?.key ?? ''
}
const input = (more: Partial<Input>): Input => {
  return { id: 'a', kind: 'rule', label: 'a', groupBy: [], fields: [], carries: [], names: [], ...more }
}
const any = fc
  .array(fc.constantFrom('\ud83d', '\ude00', '\ufffd', '😀', 'x'), { minLength: 1, maxLength: 4 })
  .map(each => each.join(''))

describe('a group’s name', () => {
  it('is text that every store can keep, and tells apart what differs', () => {
    fc.assert(
      fc.property(any, any, fc.constantFrom(0, 211, 212, 213, 214, 215, 300), (a, b, before) => {
        const long = (text: string) => 'y'.repeat(before) + text
        const [one, other] = [keyOf(long(a)), keyOf(long(b))]
        expect(one.isWellFormed()).toBe(true)
        expect(one.length).toBeLessThanOrEqual(256)
        expect(one === other).toBe(a === b)
        expect(keyOf(long(a), 'z') === keyOf(long(b), 'z')).toBe(a === b)
      }),
      { numRuns: 500 },
    )
  })

  it('is the text itself, without case, up to 256 characters', () => {
    expect(keyOf('Ann😀')).toBe('ann😀')
    expect(keyOf('x'.repeat(256))).toBe('x'.repeat(256))
    expect(keyOf('x'.repeat(257))).toMatch(/^x{216}[\w-]{40}$/)
  })
})

describe('a group’s shown values', () => {
  const shown = (...values: readonly string[]): readonly string[] => {
    const fields = values.map((_, i) => `f${i}`)
    return groupsOf(fields, of(Object.fromEntries(fields.map((field, i) => [field, values[i]])))).groups[0]?.shown ?? []
  }

  it('are cut at 1,024 characters, and not within one', () => {
    expect(shown('x'.repeat(1_024))).toEqual(['x'.repeat(1_024)])
    expect(shown('x'.repeat(1_025))).toEqual(['x'.repeat(1_024)])
    expect(shown(`${'x'.repeat(1_023)}😀`)).toEqual(['x'.repeat(1_023)])
  })

  it.each(['x', '日', '\u0001', '\ud83d'])('take 20,000 bytes together: 16 of %j', character => {
    const values = shown(...Array.from({ length: 16 }, () => character.repeat(1_024)))
    expect(values).toHaveLength(16)
    expect(values[0]?.length).toBeGreaterThan(100)
    expect(bytesOf(values)).toBeLessThanOrEqual(20_000)
    if (character === 'x') expect(values[15]).toHaveLength(1_024)
  })
})

describe('what an event brings', () => {
  const many = (length: number) => Array.from({ length }, (_, i) => `v${i}`)

  it('are at most 16 groups, and says so', () => {
    expect(groupsOf(['f'], of({ f: many(GROUPS_LIMIT) }))).toMatchObject({ groups: { length: 16 }, cut: false })
    expect(groupsOf(['f'], of({ f: many(GROUPS_LIMIT + 1) }))).toMatchObject({ groups: { length: 16 }, cut: true })
  })

  it('are at most 64 values, and says so', () => {
    const rule = { type: 'value_count', fields: ['f'] } as unknown as CorrelationRule
    const values = (length: number) => valuesOf(rule, input({ fields: ['f'] }), of({ f: many(length) }))
    expect(values(VALUES_LIMIT)).toMatchObject({ values: { length: 64 }, cut: false })
    expect(values(VALUES_LIMIT + 1)).toMatchObject({ values: { length: 64 }, cut: true })
  })

  it('is handed on where it has at most 1,024 characters, and says so', () => {
    const carried = (text: string) => carriedOf(input({ carries: ['f'] }), of({ f: ['short', text] }))
    expect(carried('x'.repeat(1_024))).toEqual({ rows: [['short'], ['x'.repeat(1_024)]], cut: false })
    expect(carried('x'.repeat(1_025))).toEqual({ rows: [['short']], cut: true })
  })
})
