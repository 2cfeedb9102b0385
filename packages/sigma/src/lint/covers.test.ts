import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ruleOf } from '../../test/testing.ts'
import { createEngine } from '../engine.ts'
import type { Detection } from '../tree.ts'
import { implies, Steps } from './covers.ts'

function detectionOf(selection: unknown): Detection {
  const { condition } = ruleOf({ sel: selection, condition: 'sel' })
  if (condition.kind !== 'selection') throw new Error('not one selection')
  return condition.detection
}
const shown = (narrow: unknown, wide: unknown): boolean => implies(detectionOf(narrow), detectionOf(wide))

// Few words that hold, begin and end each other, in two cases.
const word = fc.constantFrom('foo', 'Foo', 'foobar', 'barfoo', 'bar', 'fo?', 'foo*', '*foo', '*o*b*', 'f?o*', '*', '', '5', '5.0')
const scalar = fc.oneof(word, fc.constantFrom(5, 5.5, true))
const values = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }))
const after = fc.constantFrom('', '', '', '|all', '|neq', '|all|neq')
const keyed = <T>(names: readonly string[], value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.tuple(fc.constantFrom('f', 'f', 'g'), fc.constantFrom(...names), after, value).map(([field, name, more, written]) => ({
    [field + name + more]: written,
  }))
const line = fc.oneof(
  keyed(['', '|contains', '|startswith', '|endswith', '|windash', '|wide'], values(scalar.map(String))),
  keyed([''], values(scalar)),
  keyed(['|cased', '|contains|cased', '|endswith|cased'], values(word)),
  keyed(['|re', '|re|i'], values(fc.constantFrom('^foo', 'foo', 'o+', 'bar$'))),
  keyed(['|lt', '|lte', '|gt', '|gte'], values(fc.constantFrom(5, 5.5, 6))),
  keyed(['|base64offset|contains'], values(fc.constantFrom('foo', 'foobar'))),
  fc.constantFrom<object>({ 'f|exists': true }, { 'f|exists': false }, { f: null }, { 'f|neq': null }, { 'f|fieldref': 'g' }),
)
const selection = fc.oneof(
  { arbitrary: line, weight: 4 },
  { arbitrary: fc.tuple(line, line).map(lines => Object.assign({}, ...lines) as object), weight: 2 },
  { arbitrary: fc.array(line, { minLength: 2, maxLength: 2 }), weight: 1 },
)
const text = fc.constantFrom<unknown>('foo', 'FOO', 'Foo', 'foobar', 'foob', 'barfoo', 'xfooy', 'bar', 'fo', '', 'Zm9v', '5')
const member = fc.oneof(text, text, fc.constantFrom<unknown>(5, 5.5, 4, 6, null, true))
const record = fc.record({ f: fc.oneof(member, fc.array(member, { maxLength: 2 })), g: member }, { requiredKeys: [] })

describe('implies', () => {
  it('is never wrong: what matches the narrow one matches the wide one', () => {
    const written = [
      ...new Map(fc.sample(selection, { numRuns: 500, seed: 1 }).map(each => [JSON.stringify(each), each])).values(),
    ]
    const records = fc.sample(record, { numRuns: 400, seed: 2 })
    const all = written.map(each => {
      const engine = createEngine([ruleOf({ sel: each, condition: 'sel' })])
      const source = { product: 'test' }
      const matched = records.map(record => engine.match({ logsource: source, record, ocsf: {} }).length > 0)
      return { name: JSON.stringify(each), detection: detectionOf(each), matched }
    })
    let count = 0
    const wrong: string[] = []
    for (const narrow of all) {
      for (const wide of all) {
        if (narrow === wide || !implies(narrow.detection, wide.detection)) continue
        count++
        const at = records.findIndex((_, i) => narrow.matched[i] && !wide.matched[i])
        if (at >= 0) wrong.push(`${narrow.name} implies ${wide.name}, but not for ${JSON.stringify(records[at])}`)
      }
    }
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(2_000)
  })

  it('tells a negated item from one that is not', () => {
    expect(shown({ 'f|neq': 'a' }, { f: 'a' })).toBe(false)
    expect(shown({ f: 'a' }, { 'f|neq': 'a' })).toBe(false)
    expect(shown({ 'f|contains|neq': 'a' }, { 'f|contains|neq': 'ab' })).toBe(true)
    expect(shown({ 'f|contains|neq': 'ab' }, { 'f|contains|neq': 'a' })).toBe(false)
  })

  it('lets no wildcard stand for a character', () => {
    expect(shown({ f: 'foo*' }, { f: 'foo?' })).toBe(false)
    expect(shown({ f: 'foo?' }, { f: 'foo*' })).toBe(true)
    expect(shown({ f: 'foo*' }, { f: 'fo??*' })).toBe(false)
    expect(shown({ f: 'foo' }, { f: 'fo?' })).toBe(true)
  })

  it('knows a number by its text', () => {
    expect(shown({ f: 5 }, { f: '5' })).toBe(true)
    expect(shown({ f: '5' }, { f: 5 })).toBe(true)
  })

  it('answers "not shown" when its steps are spent, and looks the same values up without any', () => {
    const list = (from: number, name = 'f|contains'): Detection =>
      detectionOf({ [name]: Array.from({ length: 100 }, (_, i) => `value ${(i * 37) % 100} of ${from}.`) })
    const steps = new Steps(50)
    expect(implies(list(1), list(1), steps)).toBe(true)
    expect(implies(list(1, 'f|contains|all'), list(1, 'f|contains|all'), steps)).toBe(true)
    expect(steps.spent).toBe(false)
    const wider = detectionOf({ 'f|contains': ['value', ...Array.from({ length: 100 }, (_, i) => `no ${i}`)] })
    expect(implies(list(1), wider)).toBe(true)
    expect(implies(list(1), wider, steps)).toBe(false)
    expect(steps.spent).toBe(true)
  })
})
