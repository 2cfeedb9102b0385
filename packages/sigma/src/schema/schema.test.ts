import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { DATA, documentOf, noData, reasonOf } from '../../test/testing.ts'
import { parseCases } from '../cases.ts'
import { MODIFIERS } from '../modifiers/table.ts'
import { parseDocument } from '../parse/document.ts'
import { parseMappings, toValue, YAML_OPTIONS } from '../parse/yaml.ts'
import { SCHEMAS } from './index.ts'

const ajv = new Ajv({ allowUnionTypes: true, strictRequired: false, strictTypes: false })
const validators = { rule: ajv.compile(SCHEMAS.rule), cases: ajv.compile(SCHEMAS.cases), mapping: ajv.compile(SCHEMAS.mapping) }

/** What the schema has against a value; undefined when it takes it. */
function against(kind: keyof typeof SCHEMAS, value: unknown): string | undefined {
  const validate = validators[kind]
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

const OURS = new URL('../../../detections/', import.meta.url).pathname
const noRules = !existsSync(`${OURS}rules`)
const files = (folder: string, test: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => test.test(name))
    .map(name => `${folder}/${name}`)
const wrong = (kind: keyof typeof SCHEMAS, all: readonly string[]): string[] =>
  all.flatMap(file =>
    parseAllDocuments(readFileSync(file, 'utf8'), YAML_OPTIONS).flatMap(document => {
      const what = against(kind, toValue(document))
      return what ? [`${file}: ${what}`] : []
    }),
  )

describe('the schema of rules', () => {
  it.skipIf(noData)('takes every rule of SigmaHQ', () => {
    const folders = readdirSync(`${DATA}sigma`).filter(name => name.startsWith('rules'))
    const all = folders.flatMap(name => files(`${DATA}sigma/${name}`, /\.yml$/))
    expect(all.length).toBeGreaterThan(3_700)
    expect(wrong('rule', all)).toEqual([])
  })

  it.skipIf(noData)("agrees with the parser on the specification's own examples", () => {
    for (const file of files(`${DATA}sigma/specification/tests/schema`, /\.yml$/)) {
      const document: unknown = parse(readFileSync(file, 'utf8'), YAML_OPTIONS)
      const parsed = parseDocument(document, file, { taxonomies: ['ecs'] })
      expect(against('rule', document) === undefined, file).toBe(!('refused' in parsed))
    }
  })

  it.skipIf(noRules)("takes the rules of Weir's pack", () => {
    expect(wrong('rule', files(`${OURS}rules`, /(?<!\.cases)\.yml$/))).toEqual([])
  })

  it.each([
    ['no title', { title: undefined }],
    ['a title that is no text', { title: 5 }],
    ['an id that is no UUID', { id: 'one' }],
    ['an unknown level', { level: 'severe' }],
    ['a description that is no text', { description: 5 }],
    ['tags that are no list', { tags: 'attack.t1078' }],
    ['no log source', { logsource: undefined }],
    ['a log source that names nothing', { logsource: { definition: 'all' } }],
    ['no detection', { detection: undefined }],
    ['an old collection', { action: 'global' }],
    ['a timeframe', { detection: { sel: { a: 1 }, condition: 'sel', timeframe: '5m' } }],
    ['no condition', { detection: { sel: { a: 1 } } }],
    ['a condition that is no text', { detection: { sel: { a: 1 }, condition: 5 } }],
    ['an old aggregation', { detection: { sel: { a: 1 }, condition: 'sel | count() > 5' } }],
    ['an empty selection', { detection: { sel: {}, condition: 'sel' } }],
    ['an empty list', { detection: { sel: { a: [] }, condition: 'sel' } }],
    ['null in a list', { detection: { sel: { a: ['x', null] }, condition: 'sel' } }],
    ['a map under a field', { detection: { sel: { a: { b: 1 } }, condition: 'sel' } }],
    ['a list in a list', { detection: { sel: [[{ a: 1 }]], condition: 'sel' } }],
    ['a misspelled modifier', { detection: { sel: { 'a|conatins': 'x' }, condition: 'sel' } }],
    ['a modifier behind one that must be first', { detection: { sel: { 'a|contains|re': 'x' }, condition: 'sel' } }],
    ['a number under a modifier of texts', { detection: { sel: { 'a|contains': 5 }, condition: 'sel' } }],
    ['a text under a comparison', { detection: { sel: { 'a|gt': '5' }, condition: 'sel' } }],
    ['a text under exists', { detection: { sel: { 'a|exists': 'yes' }, condition: 'sel' } }],
    ['startswith on a keyword', { detection: { sel: { '|startswith': 'x' }, condition: 'sel' } }],
  ])('refuses what the parser refuses: %s', (_, change) => {
    const document = JSON.parse(JSON.stringify({ ...documentOf({ sel: { a: 1 }, condition: 'sel' }), ...change })) as unknown
    expect(parseDocument(document, 'a.yml')).toHaveProperty('refused')
    expect(against('rule', document)).toBeDefined()
  })

  it.each([
    ['no type', { type: undefined }],
    ['an unknown type', { type: 'count' }],
    ['an unknown key', { window: '5m' }],
    ['no rules', { rules: [] }],
    ['a timespan without a unit', { timespan: 5 }],
    ['a timespan in months', { timespan: '5M' }],
    ['no condition', { condition: undefined }],
    ['an unknown comparison', { condition: { over: 5 } }],
    ['a threshold that is no number', { condition: { gte: '5' } }],
    ['a field of event_count', { condition: { gte: 5, field: 'a' } }],
    ['value_count without a field', { type: 'value_count' }],
    ['value_percentile without its percentile', { type: 'value_percentile', condition: { gte: 5, field: 'a' } }],
  ])('refuses what the parser refuses of a correlation: %s', (_, change) => {
    const correlation = { type: 'event_count', rules: ['a'], 'group-by': ['b'], timespan: '5m', condition: { gte: 5 } }
    const whole = { title: 'Test', correlation }
    expect(against('rule', whole)).toBeUndefined()
    expect(parseDocument(whole, 'a.yml')).toHaveProperty('correlation')
    const document = JSON.parse(JSON.stringify({ title: 'Test', correlation: { ...correlation, ...change } })) as unknown
    expect(parseDocument(document, 'a.yml')).toHaveProperty('refused')
    expect(against('rule', document)).toBeDefined()
  })

  it('agrees with the parser on every chain of modifiers, on fields and on keywords, whatever stands under it', () => {
    // Fits what each modifier asks of a text, so that only shape decides.
    const scalar = fc.constantFrom<unknown>('10.0.0.0/8', 5, true, null)
    const value = fc.oneof(scalar, fc.array(scalar, { minLength: 1, maxLength: 2 }))
    const chain = fc.array(fc.constantFrom(...MODIFIERS.keys(), 'conatins'), { maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom('field', ''), chain, value, (field, modifiers, under) => {
        const detection = { sel: { [[field, ...modifiers].join('|')]: under }, condition: 'sel' }
        const taken = against('rule', documentOf(detection)) === undefined
        // Booleans and null are no keywords, which no pattern of keys can say.
        const odd = field === '' && [under].flat().some(each => each === null || typeof each === 'boolean')
        const reason = reasonOf(detection)
        // Nor can it say that one text of several has a placeholder.
        if (!odd && !reason?.includes('finds no placeholder')) expect(taken, reason).toBe(reason === undefined)
      }),
      { numRuns: 5_000 },
    )
  })

  it('names every modifier', () => {
    const text = JSON.stringify(SCHEMAS.rule)
    for (const name of MODIFIERS.keys()) expect(text).toMatch(new RegExp(`[|(:]${name}[|)(]`))
  })
})

describe('the schema of cases', () => {
  it.skipIf(noRules)("takes the cases of Weir's pack", () => {
    const all = files(`${OURS}rules`, /\.cases\.ya?ml$/)
    expect(wrong('cases', all)).toEqual([])
  })

  const event = { name: 'one', event: { a: 1 } }
  const sequence = { name: 'two', events: [{ at: '0s', times: 3, every: '10s', event: {} }], windows: 1, groups: [{ b: 'x' }] }
  it('takes an event and a sequence', () => {
    expect(against('cases', { match: [event, sequence], ignore: null })).toBeUndefined()
  })

  it.each([
    ['an unknown list', { matches: [event] }],
    ['nothing', {}],
    ['a case without a name', { match: [{ event: {} }] }],
    ['a case without an event', { match: [{ name: 'x' }] }],
    ['an unknown key', { match: [{ ...event, evnt: 1 }] }],
    ['an event that is no map', { match: [{ name: 'x', event: 'y' }] }],
    ['a time without a unit', { match: [{ ...sequence, events: [{ at: 5, event: {} }] }] }],
    ['windows of what is not found', { ignore: [sequence] }],
    ['no events', { match: [{ ...sequence, events: [] }] }],
  ])('refuses what the parser refuses: %s', (_, cases) => {
    expect(parseCases(JSON.stringify(cases), 'a.cases.yml').refused).not.toEqual([])
    expect(against('cases', cases)).toBeDefined()
  })
})

describe('the schema of field mappings', () => {
  it.skipIf(noRules)("takes Weir's own", () => {
    expect(wrong('mapping', files(`${OURS}mappings`, /\.ya?ml$/))).toEqual([])
  })

  it.each([
    ['a map', { rules: { product: 'a' } }],
    ['no rules', [{ fields: { a: 'b' } }]],
    ['an unknown key', [{ rules: { product: 'a' }, field: {} }]],
    ['a field that becomes nothing', [{ rules: { product: 'a' }, fields: { a: '' } }]],
    ['synonyms that are no list', [{ rules: { product: 'a' }, values: { a: { b: 'c' } } }]],
  ])('refuses what the parser refuses: %s', (_, mappings) => {
    expect(parseMappings(JSON.stringify(mappings), 'a.yml').refused).not.toEqual([])
    expect(against('mapping', mappings)).toBeDefined()
  })
})

describe('the files under schema/', () => {
  it.each(Object.entries(SCHEMAS))(
    'hold the schema of today: %s; `node packages/sigma/build/schema.ts` writes them',
    (name, schema) => {
      const file = readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')
      expect(parse(file)).toEqual(JSON.parse(JSON.stringify(schema)))
    },
  )
})
