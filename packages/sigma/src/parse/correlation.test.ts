import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BASE, correlation, setOf } from '../../test/correlating.ts'
import { DATA, noData } from '../../test/testing.ts'
import type { CorrelationRule } from '../correlation/model.ts'
import { linkRules } from '../ruleset.ts'
import { parseDocument } from './document.ts'
import { parseRules } from './yaml.ts'

const refusal = (text: string) => parseRules(text, 'test.yml').refused[0]
const read = (body: string): CorrelationRule => {
  const [rule] = parseRules(correlation(body), 'test.yml').correlations
  if (!rule) throw new Error(refusal(correlation(body))?.reason)
  return rule
}

const COUNT = '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 2 } }'
const with_ = (key: string, value: string): string =>
  COUNT.replace(new RegExp(`${key}: ?(\\[[^\\]]*\\]|\\{[^}]*\\}|\\w+)`), `${key}: ${value}`)

describe('a correlation', () => {
  it('is read with all its parts', () => {
    const text = correlation(
      `{ type: value_count, rules: [a, b], group-by: [src], timespan: 90m, aliases: { src: { a: x, b: y } },
         condition: { field: [u, v], gt: 1, lte: 9 } }`,
      'Whole',
      'name: whole\nid: 0E95725D-7320-415D-80F7-004DA920FC11\nlevel: high\ngenerate: true\n',
    )
    expect(parseRules(text, 'test.yml').correlations[0]).toMatchObject({
      meta: { id: '0e95725d-7320-415d-80f7-004da920fc11', title: 'Whole', level: 'high' },
      name: 'whole',
      type: 'value_count',
      references: ['a', 'b'],
      groupBy: ['src'],
      timespan: 5_400_000,
      aliases: { src: { a: 'x', b: 'y' } },
      bounds: [
        { op: 'gt', value: 1 },
        { op: 'lte', value: 9 },
      ],
      branches: [],
      fields: ['u', 'v'],
      generate: true,
      file: 'test.yml',
    })
  })

  it('may name one rule and one field without a list', () => {
    expect(read('{ type: event_count, rules: a, group-by: user, timespan: 1m, condition: { gte: 2 } }')).toMatchObject({
      references: ['a'],
      groupBy: ['user'],
    })
  })

  it.each([
    ['1s', 1_000],
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('reads the timespan %s', (timespan, expected) => {
    expect(read(with_('timespan', timespan)).timespan).toBe(expected)
  })

  it.each([
    ['a and b', [[[0, 1], []]]],
    ['a and b and not c', [[[0, 1], [2]]]],
    [
      'a and (b or not c)',
      [
        [[0, 1], []],
        [[0], [2]],
      ],
    ],
    ['a and not (b or c)', [[[0], [1, 2]]]],
    ['not not a', [[[0], []]]],
    [
      '1 of them',
      [
        [[0], []],
        [[1], []],
        [[2], []],
      ],
    ],
    ['a or (b and not b)', [[[0], []]]],
  ])('reads the condition %s', (condition, expected) => {
    const { branches } = read(`{ type: temporal, rules: [a, b, c], timespan: 1m, condition: ${condition} }`)
    expect(branches.map(({ seen, unseen }) => [seen, unseen])).toEqual(expected)
  })

  it('takes ids in a condition, and pySigma’s names for the types that have one', () => {
    const id = '0e95725d-7320-415d-80f7-004da920fc11'
    const { type, branches } = read(
      `{ type: temporal_ordered_extended, rules: [${id}, b], timespan: 1m, condition: ${id} and not b }`,
    )
    expect([type, branches]).toEqual(['temporal_ordered', [{ seen: [0], unseen: [1] }]])
  })

  it('is named by its title and its rules when it has no id', () => {
    const ids = [COUNT, with_('timespan', '2m'), with_('rules', '[b]')].map(body => read(body).meta.id)
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]).not.toBe(ids[2])
  })

  it.each([
    ['[a]', 'correlation must be a map'],
    [COUNT.replace('timespan', 'timeframe'), 'unknown key "timeframe"; write one of type, rules, group-by, timespan'],
    [with_('type', 'event_sum'), 'unknown type "event_sum"; write one of event_count'],
    [COUNT.replace('type: event_count, ', ''), 'type is missing'],
    [COUNT.replace('rules: [a], ', ''), 'rules is missing'],
    [with_('rules', '[]'), 'rules is missing'],
    [with_('rules', '[a, a]'), '"a" stands twice in rules'],
    [with_('rules', '[5]'), 'put this one in quotes'],
    [with_('rules', `[${Array.from({ length: 1_001 }, (_, i) => `r${i}`).join(', ')}]`), 'more than 1000'],
    [`{ type: temporal, rules: [${Array.from({ length: 31 }, (_, i) => `r${i}`).join(', ')}], timespan: 1m }`, 'more than 30'],
    [COUNT.replace('timespan: 1m, ', ''), 'timespan is missing; write a number and a unit, such as 10m'],
    [with_('timespan', '60'), 'write a number and s, m, h, d or w'],
    [with_('timespan', '1M'), 'months and years differ in length; write days'],
    [with_('timespan', '0s'), 'at least 1s'],
    [with_('timespan', '367d'), 'at most 366d'],
    [COUNT.replace(', condition: { gte: 2 }', ''), 'condition is missing: event_count takes a map'],
    [with_('condition', '{}'), 'condition compares with nothing'],
    [with_('condition', 'a and b'.replaceAll(' ', '_')), 'a condition over names of rules is for temporal types'],
    [with_('condition', '{ more: 2 }'), 'unknown key "more"'],
    [with_('condition', '{ gte: "2" }'), 'expected a number, without quotes'],
    [with_('condition', '{ gte: 2.5 }'), 'whole numbers'],
    [with_('condition', '{ gte: -1 }'), 'whole numbers'],
    [with_('condition', '{ gte: 2001 }'), 'count in steps'],
    [with_('condition', '{ gt: 1, gte: 2 }'), 'a range of two'],
    [with_('condition', '{ gt: 1, neq: 2 }'), 'a range of two'],
    [with_('condition', '{ gt: 5, lt: 6 }'), 'no number keeps both'],
    [with_('condition', '{ lt: 1 }'), 'write a temporal correlation with "a and not b"'],
    [with_('condition', '{ eq: 0 }'), 'a window begins with an event'],
    [with_('condition', '{ gte: 2, field: x }'), 'write value_count'],
    [with_('condition', '{ gte: 2, percentile: 5 }'), 'takes no percentile'],
    [COUNT.replace('event', 'value'), 'field is missing: what value_count reads'],
    ['{ type: value_sum, rules: [a], timespan: 1m, condition: { field: [x, y], gt: 1 } }', 'value_sum reads one field'],
    ['{ type: value_avg, rules: [a], timespan: 1m, condition: { field: x, gt: 1, lt: 1 } }', 'no number keeps both'],
    ['{ type: value_percentile, rules: [a], timespan: 1m, condition: { field: x, lte: 1 } }', 'percentile is missing'],
    ['{ type: value_percentile, rules: [a], timespan: 1m, condition: { field: x, lte: 1, percentile: 101 } }', '0 to 100'],
    ['{ type: temporal, rules: [a, b], timespan: 1m, condition: { gte: 3 } }', 'there are only 2 rules'],
    [
      '{ type: temporal, rules: [a, b], timespan: 1m, condition: a and c }',
      'unknown rule "c": it is none of this correlation’s rules',
    ],
    ['{ type: temporal, rules: [a, b], timespan: 1m, condition: a AND b }', 'expected "and", "or" or the end'],
    ['{ type: temporal, rules: [a, b], timespan: 1m, condition: not a }', 'can hold though no rule is seen'],
    ['{ type: temporal, rules: [a, b], timespan: 1m, condition: a and not a }', 'contradicts itself'],
    [COUNT.replace('}', '}, aliases: [x] }').replace('] } }', '] }'), 'aliases is a map'],
    [COUNT.replace('} }', '}, aliases: { x: field } }'), 'alias "x" is a map'],
    [COUNT.replace('} }', '}, aliases: { x: { c: field } } }'), '"c" is not one of this correlation\'s rules'],
    [COUNT.replace('} }', '}, aliases: { x: { a: 5 } } }'), 'the name of a field'],
    [COUNT.replace('} }', '}, generate: yes }'), 'generate is true or false'],
  ])('%s is refused', (body, reason) => {
    expect(refusal(correlation(body))?.reason).toContain(reason)
  })

  it('of a condition that can hold in very many ways is refused', () => {
    const rules = Array.from({ length: 30 }, (_, i) => `r${i}`)
    const pairs = rules.flatMap((rule, i) => (i % 2 === 0 ? [`(${rule} or r${i + 1})`] : [])).join(' and ')
    expect(
      refusal(correlation(`{ type: temporal, rules: [${rules.join(', ')}], timespan: 1m, condition: ${pairs} }`))?.reason,
    ).toContain('more than 256 ways')
  })

  it('is refused at its place', () => {
    const text = `title: T
correlation:
  type: temporal
  rules:
    - a
    - b
  timespan: 1m
  condition: a and c
`
    expect(refusal(text)).toMatchObject({ line: 8, column: 20, rule: 'T' })
    expect(refusal(text.replace('- b', '- a'))).toMatchObject({ line: 6, column: 7 })
    expect(refusal(text.replace('1m', '1x'))).toMatchObject({ line: 7, column: 3 })
  })

  it('from a pack is read as strictly, and its refusal names the place in the document', () => {
    const document = { title: 'T', correlation: { type: 'event_count', rules: ['a'], timespan: '1m', condition: { gte: '2' } } }
    expect(parseDocument(document, 'pack')).toMatchObject({
      refused: { line: 0, reason: expect.stringContaining('correlation.condition.gte') },
    })
  })

  it('is a rule or a refusal, whatever it holds', () => {
    const word = fc.constantFrom(
      'a',
      'b',
      'gte',
      'lt',
      'field',
      '1m',
      'temporal',
      'value_sum',
      'a and b',
      '__proto__',
      'constructor',
      5,
      -1,
      true,
      null,
    )
    const value = fc.letrec(tie => ({
      any: fc.oneof(
        { maxDepth: 3 },
        word,
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(word.map(String), tie('any'), { maxKeys: 3 }),
      ),
    })).any
    const keys = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate']
    const body = fc.record(Object.fromEntries(keys.map(key => [key, value])), { requiredKeys: [] })
    const good = { type: 'temporal', rules: ['a', 'b'], timespan: '1m' }
    fc.assert(
      fc.property(body, correlation => {
        for (const each of [correlation, { ...good, ...correlation }]) {
          const parsed = parseDocument({ title: 'T', correlation: each }, 'test')
          expect('correlation' in parsed || 'refused' in parsed).toBe(true)
          if ('correlation' in parsed)
            linkRules([parseRules(BASE, 'base'), { rules: [], filters: [], refused: [], correlations: [parsed.correlation] }])
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe.skipIf(noData)('the examples of the specification', () => {
  const folder = `${DATA}sigma/specification/tests/schema/correlation/`
  // It gives no percentile: there it means the share of a value among all.
  const refused = new Set(['value_percentile.yml'])

  it.each(noData ? [] : readdirSync(folder))('%s', name => {
    const parsed = parseRules(readFileSync(folder + name, 'utf8'), name)
    expect(parsed.correlations).toHaveLength(refused.has(name) ? 0 : 1)
    expect(parsed.refused).toHaveLength(refused.has(name) ? 1 : 0)
  })

  it('load from its text, where they are whole', () => {
    const text = readFileSync(`${DATA}sigma/specification/specification/sigma-correlation-rules-specification.md`, 'utf8')
    const examples = [...text.matchAll(/```yml\n([^`]+)```/g)]
      .map(([, yaml = '']) => yaml)
      .filter(yaml => yaml.includes('detection:'))
    expect(examples).toHaveLength(1)
    for (const yaml of examples) {
      const set = linkRules([parseRules(yaml, 'specification')])
      expect(set.refused).toEqual([])
      expect(set.correlations.map(({ meta }) => meta.title)).toEqual([
        'Multiple failed logons',
        'Correlation - Multiple Failed Logins Followed by Successful Login',
      ])
      expect(set.silent.size).toBe(3)
    }
  })
})

it('takes no taxonomy of its own: its fields are those of the rules', () => {
  expect(setOf(`taxonomy: ecs\n${correlation(COUNT)}`).refused).toEqual([])
})
