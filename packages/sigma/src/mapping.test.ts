import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.ts'
import { applyMappings, eventNames, type FieldMapping } from './mapping.ts'
import { parseMappings, parseRules } from './parse/yaml.ts'
import type { Rule } from './rule.ts'
import { linkRules } from './ruleset.ts'
import { documentOf, matches, ruleOf } from '../test/testing.ts'
import { parseDocument } from './parse/document.ts'

type Record = { readonly [field: string]: unknown }

const test = { product: 'test' }
const mapped = (selection: unknown, mappings: readonly FieldMapping[], more: object = {}): Rule => {
  const { rules, refused } = applyMappings([ruleOf({ sel: selection, condition: 'sel' }, {}, more)], mappings)
  const [rule] = rules
  if (!rule) throw new Error(refused[0]?.reason)
  return rule
}
const holds = (rule: Rule, record: Record, logsource: object = test): boolean =>
  createEngine([rule]).match({ logsource, record, ocsf: {} }).length > 0

describe('a field mapping', () => {
  const two: FieldMapping[] = [{ rules: test, fields: { f: ['g', 'a.h'] } }]

  it('puts the event’s name in the place of the rule’s', () => {
    const rule = mapped({ 'f|contains': 'x', other: 1 }, [{ rules: test, fields: { f: 'a.b' } }])
    expect(rule.fields).toEqual(['a.b', 'other'])
    expect(holds(rule, { a: { b: 'axb' }, other: 1 })).toBe(true)
    expect(holds(rule, { f: 'axb', other: 1 })).toBe(false)
  })

  it('strips what names begin with, unless they are named themselves; the longest prefix decides', () => {
    const mappings = [{ rules: test, prefixes: { 'data.': '', 'data.x.': 'y.' }, fields: { 'data.k': 'kk' } }]
    const rule = mapped({ 'data.a.b': 1, 'data.x.c': 2, 'data.k': 3, 'data.': 4 }, mappings)
    expect(rule.fields).toEqual(['a.b', 'data.', 'kk', 'y.c'])
  })

  it.each<[string, unknown, readonly Record[], readonly Record[]]>([
    ['f', 'x', [{ g: 'x' }, { g: 'y', a: { h: 'x' } }], [{ f: 'x' }, { g: 'y' }, {}]],
    ['f', ['x', 'y'], [{ a: { h: 'y' } }], [{ a: { h: 'z' } }]],
    ['f|all', ['*x*', '*y*'], [{ g: 'xy' }, { g: 'x', a: { h: 'y' } }], [{ g: 'x' }]],
    ['f|neq', 'x', [{}, { g: 'y', a: { h: 'z' } }], [{ g: 'y', a: { h: 'x' } }]],
    ['f|neq|all', ['*x*', '*y*'], [{ g: 'x' }, {}], [{ g: 'x', a: { h: 'y' } }]],
    ['f', null, [{}, { g: null }], [{ g: 'x' }, { a: { h: 'x' } }]],
    ['f|neq', null, [{ g: 'x' }, { a: { h: 'x' } }], [{}]],
    ['f|exists', true, [{ g: null }, { a: { h: 1 } }], [{ a: {} }]],
    ['f|exists', false, [{ a: {} }], [{ g: null }, { a: { h: 1 } }]],
    [
      'f|fieldref',
      'f2',
      [
        { g: 'x', f2: 'x' },
        { a: { h: 'x' }, f2: 'x' },
      ],
      [{ g: 'x', f2: 'y' }],
    ],
    [
      'f2|fieldref',
      'f',
      [
        { g: 'x', f2: 'x' },
        { a: { h: 'x' }, f2: 'x' },
      ],
      [
        { g: 'x', f2: 'y' },
        { f: 'x', f2: 'x' },
      ],
    ],
  ])('to several names reads them as one field: %s with %j', (key, value, matching, other) => {
    const rule = mapped({ [key]: value }, two)
    expect(matching.filter(record => !holds(rule, record))).toEqual([])
    expect(other.filter(record => holds(rule, record))).toEqual([])
  })

  it('to several names answers as an array of all their values would, null and absence aside', () => {
    const word = fc.constantFrom('x', 'y', 'xy', 5)
    const pattern = fc.constantFrom('x', 'y', '*x*', 'x*', '?y', 5)
    fc.assert(
      fc.property(
        fc.constantFrom('f', 'f|all', 'f|neq', 'f|neq|all'),
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        fc.option(word, { nil: undefined }),
        fc.option(fc.array(word, { minLength: 1, maxLength: 2 }), { nil: undefined }),
        (key, values, g, h) => {
          const union = [g === undefined ? [] : [g], h ?? []].flat()
          const record = { ...(g !== undefined && { g }), ...(h && { a: { h } }) }
          expect(holds(mapped({ [key]: values }, two), record)).toBe(
            matches({ [key]: values }, union.length > 0 ? { f: union } : {}),
          )
        },
      ),
    )
  })

  it('says which further values mean the same, whatever the modifier and case, and leaves patterns alone', () => {
    const mappings: FieldMapping[] = [{ rules: test, values: { f: { Create: ['Create2015', 'Create2015v?'] } } }]
    const rule = mapped({ f: ['create', 'Delete'] }, mappings)
    for (const f of ['Create', 'create2015', 'Create2015v2', 'Delete']) expect(holds(rule, { f })).toBe(true)
    expect(holds(rule, { f: 'Delete2015' })).toBe(false)
    expect(holds(mapped({ 'f|neq': 'Create' }, mappings), { f: 'Create2015' })).toBe(false)
    expect(holds(mapped({ 'f|endswith': 'create' }, mappings), { f: 'Create2015v2' })).toBe(true)
    expect(holds(mapped({ 'f|endswith': 'ate' }, mappings), { f: 'Create2015v2' })).toBe(false)
    expect(holds(mapped({ 'f|startswith': 'Cre' }, mappings), { f: 'Create2015' })).toBe(true)
    expect(holds(mapped({ 'f|cased': 'Create' }, mappings), { f: 'create2015' })).toBe(false)
    expect(holds(mapped({ 'f|all': ['Create', '*5'] }, mappings), { f: 'Create2015' })).toBe(true)
    expect(holds(mapped({ g: 'Create' }, mappings), { g: 'Create2015' })).toBe(false)
  })

  it('for a number is found by its text', () => {
    expect(holds(mapped({ f: 0 }, [{ rules: test, values: { f: { '0': ['Success'] } } }]), { f: 'success' })).toBe(true)
  })

  it('leaves keywords alone, and rules of other log sources and taxonomies', () => {
    const mappings: FieldMapping[] = [{ rules: { product: 'test', service: 'x' }, fields: { f: 'g' } }]
    expect(mapped({ f: 1 }, mappings).fields).toEqual(['f'])
    expect(mapped({ f: 1 }, two, { taxonomy: 'ocsf' }).fields).toEqual(['f'])
    expect(holds(mapped(['word'], two), { z: 'a word' })).toBe(true)
  })

  it('that comes later decides over an earlier one, name by name', () => {
    const mappings: FieldMapping[] = [
      { rules: test, fields: { f: 'a', g: 'b' }, values: { f: { x: ['y'] } } },
      { rules: test, fields: { f: 'c' }, values: { f: { x: ['z'] } } },
    ]
    const rule = mapped({ f: 'x', g: 1 }, mappings)
    expect(rule.fields).toEqual(['b', 'c'])
    expect(holds(rule, { c: 'z', b: 1 })).toBe(true)
    expect(holds(rule, { c: 'y', b: 1 })).toBe(false)
  })
})

describe('a mapping to the events of another log source', () => {
  const rules = { category: 'webserver' }
  const waf: FieldMapping = {
    rules,
    events: { product: 'aws', service: 'waf' },
    fields: { 'cs-method': 'httpRequest.httpMethod' },
  }
  const alb: FieldMapping = { rules, events: { product: 'aws', service: 'alb' }, fields: { 'cs-method': 'request_verb' } }

  it('tries the rule there too, and on its own as it is written', () => {
    const rule = mapped({ 'cs-method': 'PUT' }, [waf, alb], { logsource: rules })
    expect(rule.fields).toEqual(['cs-method'])
    expect(rule.also?.map(({ logsource, fields }) => [logsource, fields])).toEqual([
      [waf.events, ['httpRequest.httpMethod']],
      [alb.events, ['request_verb']],
    ])
  })

  it('is not for a rule that names another product beside it', () => {
    const of = (logsource: object): number | undefined => mapped({ f: 1 }, [waf], { logsource }).also?.length
    expect(of({ ...rules, product: 'apache' })).toBeUndefined()
    expect(of({ ...rules, product: 'aws' })).toBe(1)
  })

  it('tells a correlation the same names', () => {
    const rule = ruleOf({ sel: { f: 1 }, condition: 'sel' }, {}, { logsource: rules })
    expect(eventNames(rule, [waf, alb], { product: 'aws', service: 'alb' })('cs-method')).toEqual(['request_verb'])
    expect(eventNames(rule, [waf, alb], rules)('cs-method')).toEqual(['cs-method'])
  })
})

describe('a taxonomy of the user', () => {
  const document = documentOf({ sel: { 'event.action': 'x' }, condition: 'sel' }, { taxonomy: 'ecs' })
  const mapping: FieldMapping = { rules: test, taxonomy: 'ecs', fields: { 'event.action': 'f' } }
  const link = (mappings: FieldMapping[]) => {
    const read = parseDocument(document, 'a.yml', { taxonomies: ['ecs'] })
    if (!('rule' in read)) throw new Error('no rule')
    return linkRules([{ rules: [read.rule], correlations: [], filters: [], refused: [], mappings }])
  }

  it('is translated by the mappings for it', () => {
    const [rule] = link([mapping, { rules: test, fields: { f: 'no', 'event.action': 'no' } }]).rules
    expect(rule && holds(rule, { f: 'x' })).toBe(true)
  })

  it('is refused where none is for its log source, and where nobody knows it', () => {
    expect(link([{ ...mapping, rules: { product: 'other' } }]).refused[0]?.reason).toContain(
      'no field mapping is for the taxonomy "ecs"',
    )
    const unknown = parseDocument(document, 'a.yml')
    expect('refused' in unknown && unknown.refused.reason).toContain('unknown taxonomy "ecs"')
  })
})

describe('parseMappings', () => {
  const GOOD = `- rules: { product: Test }
  events: { product: aws, service: waf }
  fields:
    a: b
    c: [d, e]
  prefixes:
    data.: ''
  values:
    f:
      x: [y, 'z*']
`
  it('reads a list of mappings, and linkRules takes them', () => {
    const { mappings, refused } = parseMappings(GOOD, 'm.yml')
    expect(refused).toEqual([])
    expect(mappings).toEqual([
      {
        rules: { product: 'test' },
        events: { product: 'aws', service: 'waf' },
        fields: { a: 'b', c: ['d', 'e'] },
        prefixes: { 'data.': '' },
        values: { f: { x: ['y', 'z*'] } },
      },
    ])
    const rule = 'title: A\nlogsource: {product: test}\ndetection:\n  sel: {data.a: 1}\n  condition: sel\n'
    const { rules } = linkRules([parseRules(rule, 'a.yml')], mappings)
    expect(rules[0]?.also?.[0]?.fields).toEqual(['a'])
  })

  it('makes a mapping of each log source that rules lists', () => {
    const text = '- rules: [{ category: webserver }, { category: Proxy }]\n  fields: { a: b }\n'
    expect(parseMappings(text, 'm.yml').mappings.map(({ rules }) => rules)).toEqual([
      { category: 'webserver' },
      { category: 'proxy' },
    ])
    expect(parseMappings(text.replace('Proxy', '5'), 'm.yml').refused).toMatchObject([
      { line: 1, column: 38, reason: 'rules.category must be a text' },
    ])
  })

  it.each([
    ['  fields:', '  feilds:', '3:3', 'unknown key "feilds"'],
    ['rules: { product: Test }', 'rules: { producd: Test }', '1:3', 'names no product'],
    ['    a: b', '    a: 5', '4:5', 'the name of a field'],
    ['c: [d, e]', "c: [d, '']", '5:12', 'the name of a field'],
    ['c: [d, e]', 'c: []', '5:5', 'a list of texts'],
    ['x: [y', 'x: [5', '10:11', 'in quotes'],
    ['product: aws', 'product: [aws]', '2:13', 'events.product must be a text'],
  ])('refuses %j as %j, at its place', (before, after, place, reason) => {
    const { mappings, refused } = parseMappings(GOOD.replace(before, after), 'm.yml')
    expect(mappings).toEqual([])
    expect(refused.map(({ line, column }) => `${line}:${column}`)).toEqual([place])
    expect(refused[0]?.reason).toContain(reason)
  })

  it('refuses what is no list', () => {
    expect(parseMappings('a: 1', 'm.yml').refused[0]?.reason).toContain('are a list')
  })
})
