import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ruleOf } from '../../test/testing.ts'
import type { SigmaEvent } from '../types.ts'
import { PackError } from './check.ts'
import { compilePack } from './data.ts'
import { openPack } from './open.ts'
import { verifyPack } from './verify.ts'

const rules = [
  {
    sel: { a: ['x', 'y*z', 5], 'b|re': 'foo.*bar' },
    two: { 'c.d|contains|all': ['q', 'w'] },
    condition: 'sel or two and not sel',
  },
  { words: ['needle', 'x?y'], more: { 'a|exists': true, b: null }, condition: 'words and more or more and not words' },
  { sel: { 'a|cidr': '10.0.0.0/8', 'b|gt': 5, 'c|fieldref|contains': 'a', 'c.d|minute': 5 }, condition: '1 of them' },
  { sel: { d: 'sound' }, condition: 'sel' },
].map((detection, n) =>
  ruleOf(detection, {}, { id: `00000000-0000-4000-8000-00000000000${n}`, ...(n === 2 && { taxonomy: 'ocsf' }) }),
)
const text = JSON.stringify(compilePack({ rules, correlations: [], silent: new Set() }, '0123456789abcdef'))

type Json = { [key: string]: Json } & Json[]
interface Pack {
  rules: string[]
  plans: { sigma: { predicates: unknown[][]; fields: string[]; units: { rule: number }[] } }
}
const made = (): Pack => JSON.parse(text) as Pack
const events: readonly SigmaEvent[] = [
  { a: 'x', b: 'foo bar', c: { d: 'qw needle' }, d: 'sound' },
  { a: ['10.1.1.1', 7], b: null, c: 'needle', d: 'sound' },
  {},
].map(record => ({ logsource: { product: 'test' }, record, ocsf: record }))

/** Titles of what the first event matches, and the places of the rules that failed. */
function run(change: (pack: Pack) => void): { found: number; evidence: number; faults: number[] } {
  const pack = made()
  change(pack)
  const faults: number[] = []
  const { engine } = openPack(pack, { onFault: ({ rule }) => faults.push(rule) })
  const matches = [...Array(3).keys()].map(() => engine.match(events[0] as SigmaEvent)).at(-1) ?? []
  return { found: matches.length, evidence: matches.filter(({ selections }) => selections.length > 0).length, faults }
}

/** Rewrites the text of the first rule. */
const inRule =
  (change: (rule: Json) => void) =>
  (pack: Pack): void => {
    const rule = JSON.parse(pack.rules[0] ?? '') as Json
    change(rule)
    pack.rules[0] = JSON.stringify(rule)
  }
const nested = (depth: number): string =>
  `${'{"kind":"not","item":'.repeat(depth)}{"kind":"selection","at":0}${'}'.repeat(depth)}`
const EMPTY = '(?:(?:(?:){2000}){2000}){20}foo'

describe('a pack that is wrong where opening it does not look', () => {
  const whole = { found: 2, evidence: 2, faults: [] }
  it('matches when nothing is wrong', () => {
    expect(run(() => {})).toEqual(whole)
    expect(() => verifyPack(made())).not.toThrow()
  })

  const wrong: readonly (readonly [string, (pack: Pack) => void, number, number])[] = [
    ['an expression', pack => pack.plans.sigma.predicates.find(([name]) => name === 'regex')?.splice(2, 1, '(foo'), 1, 1],
    ['a rule that is no JSON', pack => (pack.rules[0] = '{'), 1, 1],
    ['a rule without its level', inRule(rule => delete rule['rule']?.['meta']?.['level']), 1, 1],
    ['a question', inRule(rule => (rule['questions'] = [{}] as Json)), 2, 1],
    ['a question that is missing', inRule(rule => (rule['questions'] = [] as unknown as Json)), 2, 1],
    ['a field of a question', pack => (pack.rules[0] = pack.rules[0]?.replaceAll('"field":0', '"field":77') ?? ''), 2, 1],
    [
      'a selection that asks for itself',
      inRule(rule => {
        const selection = rule['questions']?.[0]?.['selections']?.[0]
        if (selection) selection['detection'] = { kind: 'selection', at: 0 } as unknown as Json
      }),
      2,
      1,
    ],
    [
      'a condition without an end',
      pack => (pack.rules[0] = pack.rules[0]?.replace('{"kind":"selection","at":0}', nested(2_000)) ?? ''),
      2,
      1,
    ],
  ]
  it.each(wrong)('takes nothing else with it, and is told of once: %s', (_, change, found, evidence) => {
    expect(run(change)).toEqual({ found, evidence, faults: [0] })
    const pack = made()
    change(pack)
    expect(() => verifyPack(pack)).toThrow(PackError)
  })

  it('leaves the rule out of those that it lists', () => {
    const pack = made()
    pack.rules[1] = '[]'
    expect(openPack(pack).engine.rules.map(({ meta }) => meta.id.at(-1))).toEqual(['0', '2', '3'])
  })

  it('is refused where an expression repeats what is empty', () => {
    expect(() => run(pack => pack.plans.sigma.predicates.find(([name]) => name === 'regex')?.splice(2, 1, EMPTY))).toThrow(
      PackError,
    )
  })
})

describe('a pack that was changed anywhere', () => {
  const SCALARS = [-1, 0, 1, 2, 3, 5, 8, 11, 1e9, 1.5, 2 ** 31, 2 ** 32, null, true, '', 'x', '(', '__proto__', 'a.b', 'NaN']
  const PREDICATES = [
    ['part', -1, 2],
    ['part', -1, 5],
    ['null', 0],
    ['exists', 0, true],
    ['regex', 0, EMPTY, ''],
  ]
  const value = fc.constantFrom<unknown>(...SCALARS, [], {}, [0], [[]], ...PREDICATES, { kind: 'selection', at: 0 })
  const change = fc.record({
    inText: fc.nat({ max: 4 }),
    rule: fc.nat({ max: 3 }),
    at: fc.nat(),
    value,
    remove: fc.nat({ max: 4 }),
  })

  /** Every member of every object and list, as the object and its key. */
  function members(json: Json, out: (readonly [Json, string])[] = []): readonly (readonly [Json, string])[] {
    if (typeof json !== 'object' || json === null) return out
    for (const key of Object.keys(json)) {
      out.push([json, key])
      members(json[key] as Json, out)
    }
    return out
  }

  function alter(json: Json, at: number, value: unknown, remove: boolean): void {
    const all = members(json)
    const [object, key] = all[at % all.length] ?? []
    if (!object || key === undefined) return
    if (remove && Array.isArray(object)) object.splice(Number(key), 1)
    else object[key] = structuredClone(value) as Json
  }

  it('is refused with its place, or matches without throwing', () => {
    const seen = { refused: 0, ran: 0 }
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), changes => {
        const pack = made()
        for (const { inText, rule, at, value, remove } of changes) {
          const text = pack.rules?.[rule]
          if (inText > 0 || typeof text !== 'string' || !text.startsWith('{'))
            alter(pack as unknown as Json, at, value, remove === 0)
          else {
            const json = JSON.parse(text) as Json
            alter(json, at, value, remove === 0)
            pack.rules[rule] = JSON.stringify(json)
          }
        }
        try {
          const { engine } = openPack(JSON.parse(JSON.stringify(pack)))
          seen.ran++
          for (const event of events) engine.match(event)
          expect(engine.rules.length).toBeLessThanOrEqual(pack.rules.length)
        } catch (error) {
          seen.refused++
          expect(error).toBeInstanceOf(PackError)
        }
      }),
      { numRuns: 4_000 },
    )
    expect(Math.min(seen.refused, seen.ran)).toBeGreaterThan(500)
  })
})
