import { describe, expect, it } from 'vitest'
import { documentOf, matchRule, ruleOf } from '../test/testing.ts'
import { createEngine } from './engine.ts'
import { parseDocument } from './parse/document.ts'
import type { LogSource } from './types.ts'

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const sourced = (n: number, logsource: object): ReturnType<typeof ruleOf> =>
  ruleOf({ sel: { f: 'x' }, condition: 'sel' }, {}, { id: id(n), logsource })
const event = (logsource: LogSource, record: Record<string, unknown> = { f: 'x' }) => ({ logsource, record, ocsf: {} })
const nested = (depth: number): unknown => {
  let value: unknown = 'deep'
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { f: value }
  return value
}

describe('an engine', () => {
  it('gives a rule the events of each product, service and category that it names', () => {
    const rules = [
      sourced(1, { product: 'aws' }),
      sourced(2, { product: 'aws', service: 'CloudTrail', definition: 'ignored' }),
      sourced(3, { category: 'process' }),
      sourced(4, { service: 'cloudtrail' }),
    ]
    const engine = createEngine(rules)
    const ids = (logsource: LogSource): string[] => engine.match(event(logsource)).map(({ rule }) => rule.meta.id.slice(-1))
    expect(ids({ product: 'aws', service: 'cloudtrail' })).toEqual(['1', '2', '4'])
    expect(ids({ product: 'AWS' })).toEqual(['1'])
    expect(ids({ product: 'aws', category: 'process' })).toEqual(['1', '3'])
    expect(ids({})).toEqual([])
    expect(engine.rules).toBe(rules)
  })

  it('refuses two rules of one id, naming both', () => {
    expect(() => createEngine([sourced(1, { product: 'a' }), sourced(1, { product: 'b' })])).toThrow(
      /two rules have the id .*0001: "Test" in test.yml/,
    )
  })

  it('reads the OCSF body only for a rule that asks for it, and once', () => {
    const ocsf = ruleOf({ sel: { 'api.operation': 'x' }, condition: 'sel' }, {}, { taxonomy: 'ocsf', id: id(1) })
    const again = ruleOf({ sel: { 'api.operation|contains': 'x' }, condition: 'sel' }, {}, { taxonomy: 'ocsf', id: id(2) })
    const engine = createEngine([ocsf, again, sourced(3, { product: 'other' })])
    let reads = 0
    const lazy = (product: string) => ({
      logsource: { product },
      record: { f: 'x', api: { operation: 'not this one' } },
      get ocsf() {
        reads++
        return { api: { operation: 'X' } }
      },
    })
    expect(engine.match(lazy('test'))).toHaveLength(2)
    expect(reads).toBe(1)
    expect(engine.match(lazy('other'))).toHaveLength(1)
    expect(reads).toBe(1)
  })

  it('keeps nothing of one event for the next', () => {
    const engine = createEngine([sourced(1, { product: 'test' }), ruleOf({ sel: ['word'], condition: 'sel' }, {}, { id: id(2) })])
    expect(engine.match(event({ product: 'test' }, { f: 'x', g: 'a word' }))).toHaveLength(2)
    expect(engine.match(event({ product: 'test' }, { g: 'none' }))).toEqual([])
    expect(engine.match(event({ product: 'test' }, { f: 'x' }))).toHaveLength(1)
  })
})

describe('the evidence of a match', () => {
  it('holds the selections and the values that made it, and nothing of what is negated', () => {
    const rule = ruleOf({
      sel: { name: ['a', 'b'], 'list|contains': 'need' },
      other: { missing: 1 },
      filter: { user: 'root' },
      words: ['secret'],
      condition: '(sel or other) and words and not filter',
    })
    const record = { name: 'B', list: ['hay', 'a needle'], user: 'me', deep: [{ note: 'the SECRET' }] }
    expect(matchRule(rule, record)).toEqual({
      rule,
      selections: ['sel', 'words'],
      fields: { name: 'B', list: 'a needle', 'deep.note': 'the SECRET' },
    })
  })

  it('tells of null, presence, absence and neq by what the field holds', () => {
    const rule = ruleOf({ sel: { a: null, b: null, 'c|exists': true, 'd|exists': false, 'e|neq': 'x' }, condition: 'sel' })
    expect(matchRule(rule, { b: null, c: 7, e: 'y' })?.fields).toEqual({ b: null, c: 7, e: 'y' })
  })

  it('is bounded in fields, names and values', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}|contains`, '*']))
    const rule = ruleOf({ sel: { object: '*', text: '*', ...many }, condition: 'sel' })
    const record = {
      text: 'x'.repeat(1_000_000),
      object: { a: 'y'.repeat(1_000_000) },
      ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i])),
    }
    const fields = matchRule(rule, record)?.fields ?? {}
    expect(Object.keys(fields)).toHaveLength(32)
    expect(JSON.stringify(fields).length).toBeLessThan(4_096)
    const keyword = matchRule(ruleOf({ sel: ['needle'], condition: 'sel' }), { ['k'.repeat(10_000)]: 'needle' })
    expect(Object.keys(keyword?.fields ?? {})[0]).toHaveLength(256)
  })
})

describe('hostile input', () => {
  it('finds nothing on the prototype of an event', () => {
    for (const field of ['constructor', '__proto__', 'constructor.name', 'toString', 'a.length', 'list.length']) {
      expect(
        matchRule(ruleOf({ sel: { [`${field}|exists`]: true }, condition: 'sel' }), { a: 'text', list: [1] }),
      ).toBeUndefined()
    }
    const rule = ruleOf(JSON.parse('{"sel": {"__proto__.admin": true}, "condition": "sel"}'))
    const match = matchRule(rule, JSON.parse('{"__proto__": {"admin": true}}'))
    expect(Object.entries(match?.fields ?? {})).toEqual([['__proto__.admin', true]])
    expect(
      matchRule(ruleOf({ sel: JSON.parse('{"__proto__": "x"}'), condition: 'sel' }), JSON.parse('{"__proto__": "x"}')),
    ).toBeDefined()
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('takes an event nested 100,000 deep', () => {
    const record = { f: nested(100_000), g: 'x' }
    expect(matchRule(ruleOf({ sel: ['deep'], condition: 'sel' }), record)?.selections).toEqual(['sel'])
    expect(matchRule(ruleOf({ sel: { 'f|contains': '{"f":[{"f":' }, condition: 'sel' }), record)).toBeDefined()
    expect(matchRule(ruleOf({ sel: { 'f.f.f.f': '*' }, condition: 'sel' }), record)).toBeDefined()
    expect(
      matchRule(ruleOf({ sel: { f: '*' }, condition: 'sel' }), { f: Array.from({ length: 1 }, () => nested(99_999)) }),
    ).toBeDefined()
  })

  it('takes texts and arrays of millions', () => {
    const record = { f: Array.from({ length: 1_000_000 }, (_, i) => i), g: 'a'.repeat(8_000_000) }
    const rule = ruleOf({ sel: { f: 999_999, 'g|contains': 'b' }, other: { g: '*a?a*b' }, condition: '1 of them' })
    expect(matchRule(rule, record)).toBeUndefined()
    expect(matchRule(ruleOf({ sel: { f: 999_999 }, condition: 'sel' }), record)?.fields).toEqual({ f: 999_999 })
  })

  // Each of these is exponential, or polynomial of a high degree, in an engine that backtracks.
  it.each([
    ['^(a+)+$', `${'a'.repeat(32_000)}!`],
    ['^(a|a)+$', `${'a'.repeat(32_000)}!`],
    ['^(a|aa)+$', `${'a'.repeat(32_000)}!`],
    ['(.*)*x', 'a'.repeat(32_000)],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(32_000)],
    ['.*.*.*.*.*=', 'a'.repeat(32_000)],
    ['(\\s*a\\s*)*b', ' '.repeat(32_000)],
    ['^(\\w+\\s?)*$', `${'a '.repeat(16_000)}!`],
  ])('searches %s in time that grows with the text only', (pattern, text) => {
    expect(matchRule(ruleOf({ sel: { 'f|re': pattern }, condition: 'sel' }), { f: text })).toBeUndefined()
  })

  it('refuses a document from a pack that is no rule, or is too large or too deep', () => {
    const refusalOf = (document: unknown): string => {
      const parsed = parseDocument(document, 'pack')
      return 'refused' in parsed ? `${parsed.refused.line}:${parsed.refused.column} ${parsed.refused.reason}` : 'taken'
    }
    for (const document of [null, undefined, 5, 'x', [], {}]) expect(refusalOf(document)).not.toBe('taken')
    expect(refusalOf(documentOf({ sel: nested(100_000), condition: 'sel' }))).toBe('0:0 nested more than 32 deep')
    expect(refusalOf(documentOf({ sel: { f: Array.from({ length: 300_000 }, () => 'x') }, condition: 'sel' }))).toContain(
      'holds more than',
    )
    expect(refusalOf(documentOf({ sel: { 'f|bogus': 'x' }, condition: 'sel' }))).toBe(
      '0:0 detection.sel.f|bogus: unknown modifier "bogus"',
    )
    expect(refusalOf(documentOf({ sel: { f: [[1]] }, condition: 'sel' }))).toContain('detection.sel.f.0:')
    const shared = { f: 'x' }
    const dag = (depth: number): unknown => (depth === 0 ? shared : ((below: unknown) => [below, below])(dag(depth - 1)))
    expect(refusalOf(documentOf({ sel: dag(25), condition: 'sel' }))).toContain('holds more than')
  })
})
