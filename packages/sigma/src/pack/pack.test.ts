import { describe, expect, it } from 'vitest'
import { ruleOf } from '../../test/testing.ts'
import { linkRules } from '../ruleset.ts'
import { parseRules } from '../parse/yaml.ts'
import { compilePack } from './data.ts'
import { generateModule, type PackModule } from './module.ts'
import { openPack, runRules } from './open.ts'

const NAME = '0123456789abcdef'
const pack = (...detections: object[]) =>
  compilePack(
    {
      rules: detections.map((detection, n) =>
        ruleOf({ condition: 'sel', ...detection }, {}, { id: `00000000-0000-4000-8000-00000000000${n}`, title: `Rule ${n}` }),
      ),
      correlations: [],
      silent: new Set(),
    },
    NAME,
  )
const copy = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
const event = (record: Record<string, unknown>) => ({ logsource: { product: 'test' }, record, ocsf: {} })
const two = pack(
  { sel: { a: 'x', 'b|re': 'y+z' }, two: { c: ['p', 'q*r'] }, condition: 'sel or (two and not two or two)' },
  { sel: ['word'] },
)

describe('a pack', () => {
  it('tells of a match what the rules themselves would', () => {
    const { engine } = openPack(copy(two))
    expect(engine.rules.map(({ meta }) => meta.title)).toEqual(['Rule 0', 'Rule 1'])
    expect(engine.match(event({ a: 'X', b: 'yyz', d: 'a word' })).map(({ rule, ...rest }) => [rule.meta.title, rest])).toEqual([
      ['Rule 0', { selections: ['sel'], fields: { a: 'X', b: 'yyz' } }],
      ['Rule 1', { selections: ['sel'], fields: { d: 'a word' } }],
    ])
  })

  it('carries correlations, linked, and the ids that make no findings of their own', () => {
    const text = `
title: Base
id: 10000000-0000-4000-8000-000000000001
name: base
logsource: { product: test }
detection: { sel: { a: x }, condition: sel }
---
title: Many
id: 10000000-0000-4000-8000-000000000002
correlation: { type: event_count, rules: [base], group-by: [user], timespan: 5m, condition: { gte: 3 } }
`
    const ruleset = linkRules([parseRules(text, 'a.yml')])
    const opened = openPack(copy(compilePack(ruleset, NAME)))
    expect(runRules(ruleset, NAME)).toMatchObject({ hash: opened.hash, silent: opened.silent })
    expect(opened.correlations.map(correlation => ({ ...correlation, locate: undefined }))).toEqual(
      ruleset.correlations.map(correlation => ({ ...correlation, locate: undefined })),
    )
    expect(opened.silent).toEqual(ruleset.silent)
    expect(opened.silent.size).toBe(1)
  })

  it('has a module that needs no import and no eval, and is refused beside another pack', async () => {
    const one = pack({ sel: { a: '\u2028' } })
    const text = generateModule(one)
    expect(text).not.toMatch(/\bimport\b|\beval\b|\bFunction\b/)
    const module = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as PackModule
    expect(openPack(copy(one), { module }).engine.match(event({ a: '\u2028' }))).toHaveLength(1)
    for (const other of [two, { ...one, hash: NAME.replace('0', '1') }])
      expect(() => openPack(copy(other), { module })).toThrow(/^rule pack: module: /)
  })
})

describe('data that is no pack', () => {
  type Change = (pack: ReturnType<typeof copy>) => void
  const plan = (json: ReturnType<typeof copy>): Record<string, unknown[]> =>
    (json['plans'] as { sigma: Record<string, unknown[]> }).sigma
  const changes: readonly (readonly [string, Change])[] = [
    ['format', json => delete json['format']],
    ['version', json => (json['version'] = 2)],
    ['hash', json => (json['hash'] = '../../etc')],
    ['rules', json => (json['rules'] = [{}])],
    ['rules', json => (json['rules'] as string[]).push('{}')],
    ['silent', json => (json['silent'] = 'all')],
    ['correlations', json => (json['correlations'] = [{ file: 'a', document: {}, inputs: [] }])],
    ['plans', json => (json['plans'] = [])],
    ['plans.sigma', json => (json['plans'] = { sigma: null })],
    ['plans.sigma.fields', json => (plan(json)['fields'] = [1])],
    ['plans.sigma.fields', json => (plan(json)['fields'] = ['.'.repeat(33), 'b', 'c'])],
    ['plans.sigma.predicates', json => (plan(json)['predicates'] = [['__proto__', 0, 'x']])],
    ['plans.sigma.predicates', json => plan(json)['predicates']?.splice(0, 1, ['equals', 99, 'x'])],
    ['plans.sigma.predicates', json => plan(json)['predicates']?.splice(0, 1, ['regex', 0, 'x'.repeat(5_000), ''])],
    ['plans.sigma.code', json => (plan(json)['code'] = [0, 1, 0])],
    ['plans.sigma.code', json => plan(json)['code']?.splice(3, 1, 2)],
    ['plans.sigma.code', json => plan(json)['code']?.splice(2, 1, 4_000)],
    ['plans.sigma.units', json => plan(json)['units']?.reverse()],
    ['plans.sigma.units', json => (plan(json)['units'] = [{ rule: 0, source: 0, start: 3, needs: [] }])],
    ['plans.sigma.units', json => (plan(json)['units'] = [{ rule: 0, source: 9, start: 2, needs: [] }])],
    ['plans.sigma.units', json => (plan(json)['units'] = [{ rule: 0, source: 0, start: 2, needs: [77] }])],
  ]
  it.each(changes)('is refused before it runs: %s', (place, change) => {
    const json = copy(two)
    change(json)
    expect(() => openPack(json)).toThrow(`rule pack: ${place}`)
  })

  it.each([null, 1, 'text', [], {}])('is refused whatever it is: %j', json => {
    expect(() => openPack(json)).toThrow(/^rule pack: format: /)
  })

  it('cannot put a part of a condition into another', () => {
    const json = copy(two)
    const { predicates = [] } = plan(json)
    const [inner, outer] = [predicates.push(['part', -1, 2]) - 1, predicates.push(['part', -1, 5]) - 1]
    plan(json)['code'] = [0, 1, 0, 1, 0, inner, 1, 0, outer, 1, 0]
    expect(() => openPack(json)).toThrow('plans.sigma.code[8]: names a part that is not written before it')
  })

  it('cannot make a part of a condition ask for itself', () => {
    const json = copy(two)
    const { predicates = [], code = [] } = plan(json)
    const id = predicates.push(['part', -1, 2]) - 1
    code.splice(2, 1, id)
    expect(() => openPack(json)).toThrow(/names a part that is not written before it/)
  })
})
