import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ruleOf } from '../test/testing.ts'
import { createEngine } from './engine.ts'
import { type ConditionResult, type DetectionResult, explain, type ItemResult } from './explain.ts'
import type { Rule } from './rule.ts'

type Fields = Readonly<Record<string, unknown>>

const eventOf = (record: Fields): Parameters<typeof explain>[1] => ({ logsource: { product: 'test' }, record, ocsf: {} })

/** Every item of an explanation, in order. */
function items(result: ConditionResult | DetectionResult): readonly ItemResult[] {
  switch (result.kind) {
    case 'item':
      return [result]
    case 'selection':
      return items(result.detection)
    case 'not':
      return items(result.item)
    default:
      return result.items.flatMap(items)
  }
}

/** The account of a selection's only line. */
function itemOf(selection: unknown, record: Fields): ItemResult {
  const [binding] = explain(ruleOf({ sel: selection, condition: 'sel' }), eventOf(record)).bindings
  const [item] = binding ? items(binding.condition) : []
  if (!item) throw new Error('no item')
  return item
}

describe('explain', () => {
  it.each<[selection: object, record: Fields, holds: boolean, test: string, reason: string]>([
    [{ f: 'x' }, { f: 'X' }, true, 'equals "x"', '"X"'],
    [{ f: 'x' }, { f: 'y' }, false, 'equals "x"', 'got "y"'],
    [{ f: 'x' }, { f: ' x' }, false, 'equals "x"', 'got " x"; only white space around it differs'],
    [{ f: 'x' }, { f: 'axb' }, false, 'equals "x"', 'got "axb"; it is in there: |contains would hold'],
    [{ 'f|cased': 'x' }, { f: 'X' }, false, 'equals, with its case, "x"', 'got "X"; only the case differs'],
    [{ 'f|endswith': '.exe' }, { f: ['a', 'b', 'c', 'd', 'e'] }, false, 'ends with ".exe"', 'got "a", "b", "c", "d" and 1 more'],
    [{ 'f|startswith': ['a', 'b'] }, { f: 'bc' }, true, 'starts with "a" or "b"', '"bc" starts with "b"'],
    [{ 'f|contains|all': ['a', 'b'] }, { f: 'ac' }, false, 'contains "a" and "b"', 'got "ac" lacks "b"'],
    [{ 'f|contains|all': ['a', 'b'] }, { f: 'cab' }, true, 'contains "a" and "b"', 'each is found'],
    [{ f: 'a*b' }, { f: 'c' }, false, 'matches "a*b"', 'got "c"'],
    [{ f: ['a', 'b*'] }, { f: 'c' }, false, 'equals "a" or starts with "b"', 'got "c"'],
    [{ f: '*' }, {}, false, 'is any value', 'the field is missing'],
    [{ f: 'x' }, { F: 'x' }, false, 'equals "x"', 'the field is missing; the event has F'],
    [{ name: 'x' }, { user: { name: 'x' } }, false, 'equals "x"', 'the field is missing; the event has user.name'],
    [{ 'a.b': 'x' }, { a: null }, false, 'equals "x"', 'the field is missing: a holds nothing'],
    [{ 'a.b.c': 'x' }, { a: { b: 5 } }, false, 'equals "x"', 'the field is missing: a.b has no fields'],
    [{ 'a.b': 'x' }, { a: { B: 'x' } }, false, 'equals "x"', 'the field is missing: a has no b; the event has a.B'],
    [{ f: 'x' }, { f: null }, false, 'equals "x"', 'it is null'],
    [{ f: 'x' }, { f: [] }, false, 'equals "x"', 'it is an empty list'],
    [{ f: 'x' }, { f: { a: 1 } }, false, 'equals "x"', 'got {"a":1}'],
    [{ f: null }, { f: 'x' }, false, 'is null or missing', 'got "x"'],
    [{ f: null }, {}, true, 'is null or missing', 'it is missing'],
    [{ 'f|exists': true }, {}, false, 'is there', 'the field is missing'],
    [{ 'f|exists': false }, { f: 1 }, false, 'is not there', 'got 1'],
    [{ f: 5 }, { f: 6 }, false, 'equals 5', 'got 6'],
    [{ 'f|gt': 10 }, { f: 5 }, false, '> 10', 'got 5'],
    [{ 'f|gt': 10 }, { f: 'five' }, false, '> 10', 'got "five"; that is no number'],
    [{ 'f|hour|gte': 22 }, { f: '2026-08-05T07:00:00Z' }, false, 'hour ≥ 22', 'got "2026-08-05T07:00:00Z"; its hour is 7'],
    [{ 'f|hour': 22 }, { f: 'x' }, false, 'hour = 22', 'got "x"; that is no date with it'],
    [{ 'f|cidr': '10.0.0.0/8' }, { f: '11.0.0.1' }, false, 'is in 10.0.0.0/8', 'got "11.0.0.1"'],
    [
      { 'f|cidr': 'fe80::/10' },
      { f: 'AWS Internal' },
      false,
      'is in fe80:0:0:0:0:0:0:0/10',
      'got "AWS Internal"; that is no address',
    ],
    [{ 'f|re': '^a.c$' }, { f: 'ABC' }, false, 'matches /^a.c$/', 'got "ABC"; only the case differs: |re|i would hold'],
    [{ 'f|re|i': '^a' }, { f: 'b' }, false, 'matches /^a/i', 'got "b"'],
    [{ 'f|fieldref': 'g' }, { f: 'x', g: 'y' }, false, 'equals the field g', 'got "x"; g holds "y"'],
    [{ 'f|fieldref|endswith': 'g' }, { f: 'x' }, false, 'ends with the field g', 'got "x"; g holds nothing'],
    [{ 'f|neq': 'x' }, { f: 'x' }, false, 'not: equals "x"', '"x"'],
    [{ 'f|neq': 'x' }, {}, true, 'not: equals "x"', 'the field is missing'],
  ])('tells of %j on %j', (selection, record, holds, test, reason) => {
    expect(itemOf(selection, record)).toMatchObject({ holds, field: Object.keys(selection)[0]?.split('|')[0], test, reason })
  })

  it('says where a keyword was found, and of which none was', () => {
    expect(itemOf(['evil', 'bad'], { a: { b: ['so', 'BAD idea'] } })).toMatchObject({
      holds: true,
      field: undefined,
      reason: 'a.b: "BAD idea" contains "bad"',
    })
    expect(itemOf({ '|all': ['so', 'evil'] }, { a: 'so' })).toMatchObject({ reason: 'nothing in the event contains "evil"' })
    expect(itemOf(['evil'], {})).toMatchObject({ holds: false, reason: 'nothing in the event does' })
  })

  it('cuts what is long and counts what is much', () => {
    const { test, reason } = itemOf({ f: Array.from({ length: 50 }, (_, n) => `v${n}`) }, { f: 'x'.repeat(1_000) })
    expect(test).toBe('equals "v0" or "v1" or "v2" or "v3" or "v4" or "v5" or 44 more')
    expect(reason).toBe(`got "${'x'.repeat(160)}…"`)
  })

  it('does not take for a field what every object has', () => {
    for (const field of ['constructor', 'toString', '__proto__', 'a.constructor'])
      expect(itemOf({ [`${field}|exists`]: false }, { a: {} })).toMatchObject({ holds: true, reason: 'it is missing' })
    expect(itemOf({ constructor: 'x' }, { constructor: 'x' }).holds).toBe(true)
  })

  it('looks for similar names among the first of an event only', () => {
    const many = (n: number): Fields => Object.fromEntries([...Array.from({ length: n }, (_, i) => [`f${i}`, i]), ['WANTED', 1]])
    expect(itemOf({ wanted: 'x' }, many(4_999)).reason).toBe('the field is missing; the event has WANTED')
    expect(itemOf({ wanted: 'x' }, many(5_000)).reason).toBe('the field is missing')
  })

  it('tells of the whole condition, also of what the engine need not look at', () => {
    const rule = ruleOf({ a: { f: 1 }, b_1: { g: 1 }, b_2: [{ h: 1 }, { i: 1 }], condition: 'a and not 1 of b_*' })
    const [binding] = explain(rule, eventOf({ f: 2, i: 1 })).bindings
    expect(binding).toMatchObject({
      applies: true,
      condition: {
        kind: 'and',
        holds: false,
        items: [
          { kind: 'selection', name: 'a', holds: false },
          {
            kind: 'not',
            holds: false,
            item: {
              kind: 'or',
              holds: true,
              items: [
                { name: 'b_1', holds: false },
                { name: 'b_2', holds: true, detection: { kind: 'or', items: [{ holds: false }, { holds: true }] } },
              ],
            },
          },
        ],
      },
    })
  })

  it('tells of an event of another log source, and of each that the rule is bound to', () => {
    const own = ruleOf({ sel: { f: 'x' }, condition: 'sel' })
    const other = ruleOf({ sel: { g: 'x' }, condition: 'sel' })
    const rule: Rule = { ...own, also: [{ logsource: { product: 'other' }, condition: other.condition, fields: ['g'] }] }
    const event = { logsource: { product: 'Other', service: 's' }, record: { f: 'x' }, ocsf: {} }
    expect(explain(rule, event)).toMatchObject({
      matches: false,
      bindings: [
        { wanted: { product: 'test' }, has: { product: 'Other' }, applies: false, condition: { holds: true } },
        { wanted: { product: 'other' }, applies: true, condition: { holds: false } },
      ],
    })
    expect(explain(rule, { ...event, record: { g: 'x' } }).matches).toBe(true)
  })

  it('reads the OCSF body where the rule does', () => {
    const rule = ruleOf({ sel: { class_uid: 3002 }, condition: 'sel' }, {}, { taxonomy: 'ocsf' })
    expect(explain(rule, { logsource: { product: 'test' }, record: {}, ocsf: { class_uid: 3002 } }).matches).toBe(true)
  })

  it('walks an event as deep as it is', () => {
    let deep: unknown = 'needle'
    for (let n = 0; n < 20_000; n++) deep = n % 2 ? { a: deep } : [deep]
    expect(itemOf(['needle'], { deep }).holds).toBe(true)
    expect(itemOf({ missing: 'x' }, { deep }).reason).toBe('the field is missing')
    expect(itemOf({ deep: 'x' }, { deep }).holds).toBe(false)
  })
})

const word = fc.constantFrom(
  '',
  'a',
  'A',
  'ab',
  'Ab',
  'b a',
  '10.0.0.1',
  '5',
  '2026-08-05T22:10:00Z',
  'true',
  'σς',
  '-x /y',
  'YQ==',
)
const scalar = fc.oneof({ weight: 4, arbitrary: word }, fc.integer({ min: -1, max: 12 }), fc.boolean(), fc.constant(null))
/** Those that every object has from its prototype are no fields of an event that does not hold them. */
const FIELDS = ['a', 'b', 'a.b', 'b.a', 'constructor', '__proto__', 'toString', 'a.constructor'] as const
const value = fc.letrec<{ value: unknown; object: Fields }>(tie => ({
  value: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: scalar }, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.constantFrom(...FIELDS, 'A'), tie('value'), { minKeys: 1, maxKeys: 3 }),
})).value
const event = fc.record({ a: value, b: value, 'a.b': value, A: scalar }, { requiredKeys: [] }).map((record): Fields => record)

const pattern = fc
  .array(fc.constantFrom('a', 'b', 'A', '*', '?', ' ', '5', '\\', 'σ', '-x'), { maxLength: 4 })
  .map(parts => parts.join(''))
/** Chains of modifiers with the values that they take. */
const written: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  '': fc.oneof(pattern, fc.integer({ min: 0, max: 9 }), fc.boolean()),
  '|contains': pattern,
  '|startswith|cased': pattern,
  '|endswith': pattern,
  '|windash|contains': pattern,
  '|base64offset|contains': fc.constantFrom('a', 'ab'),
  '|re': fc.constantFrom('a', '^A$', 'b.a', '[0-9]+', ''),
  '|re|i': fc.constantFrom('^a', 'B A$'),
  '|cidr': fc.constantFrom('10.0.0.0/8', '10.0.0.1', 'fe80::/10'),
  '|exists': fc.boolean(),
  '|gt': fc.integer({ min: 0, max: 9 }),
  '|lte': fc.integer({ min: 0, max: 9 }),
  '|hour|gte': fc.constantFrom(0, 22, 23),
  '|month': fc.constantFrom(8, 9),
  '|fieldref': fc.constantFrom(...FIELDS),
  '|fieldref|startswith': fc.constantFrom(...FIELDS),
}
const line = fc
  .record({
    field: fc.constantFrom(...FIELDS),
    chain: fc.constantFrom(...Object.keys(written)),
    more: fc.constantFrom('', '|neq', '|all', '|all|neq'),
    nothing: fc.boolean(),
  })
  .chain(({ field, chain, more, nothing }) =>
    nothing && chain === ''
      ? fc.constant<[string, unknown]>([field + (more.includes('neq') ? '|neq' : ''), null])
      : fc
          .array(written[chain] ?? pattern, { minLength: 1, maxLength: 3 })
          .map((values): [string, unknown] => [field + chain + more, values]),
  )
const map = fc.array(line, { minLength: 1, maxLength: 3 }).map(lines => Object.fromEntries(lines))
const selection = fc.oneof(
  { weight: 3, arbitrary: map },
  fc.array(map, { minLength: 1, maxLength: 3 }),
  fc.array(fc.oneof(pattern, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 3 }),
)
const condition = fc.constantFrom(
  's1',
  'not s1',
  's1 and s2',
  's1 or not s2',
  '1 of s*',
  'all of them',
  'not (s1 and s3) or s2',
  's1 and not 1 of s*',
)

/** How often the engine matched, so that a test that never matches is seen. */
function agree(rules: fc.Arbitrary<object>, numRuns: number): number {
  let matched = 0
  fc.assert(
    fc.property(rules, event, (detection, record) => {
      const rule = ruleOf(detection)
      const found = createEngine([rule]).match(eventOf(record)).length > 0
      if (found) matched++
      return explain(rule, eventOf(record)).matches === found
    }),
    { numRuns },
  )
  return matched
}

describe('its verdict', () => {
  it('is the engine’s, for one line', () => {
    const rules = line.map(([key, values]) => ({ s: { [key]: values }, condition: 's' }))
    expect(agree(rules, 5_000)).toBeGreaterThan(500)
  })

  it('is the engine’s, for a whole rule', () => {
    const rules = fc.record({ s1: selection, s2: selection, s3: selection, condition })
    expect(agree(rules, 1_500)).toBeGreaterThan(150)
  })
})
