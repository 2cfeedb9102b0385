import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchRule, ruleOf } from '../test/testing.ts'
import type { Condition, Detection, Item, Value } from './tree.ts'

// A second reading of the tree, as plain as can be: no views, slots, sets, folded copies or shared closures.
type Event = { readonly [field: string]: unknown }

const evaluate = (tree: Condition, event: Event): boolean => {
  if (tree.kind === 'not') return !evaluate(tree.item, event)
  if (tree.kind === 'selection') return detect(tree.detection, event)
  return tree.kind === 'and' ? tree.items.every(item => evaluate(item, event)) : tree.items.some(item => evaluate(item, event))
}

const detect = (tree: Detection, event: Event): boolean => {
  if (tree.kind === 'item') return holds(tree.item, event)
  return tree.kind === 'and' ? tree.items.every(item => detect(item, event)) : tree.items.some(item => detect(item, event))
}

function holds({ field, values, all, negated }: Item, event: Event): boolean {
  const found = field === undefined ? everything(event) : lookup(event, field)
  const test = (value: Value): boolean => valueHolds(value, found, event, field === undefined)
  return (all ? values.every(test) : values.some(test)) !== negated
}

/** Says that a field is there even when its array has no member. */
const THERE = Symbol('there')

function lookup(at: unknown, field: string): unknown[] {
  if (Array.isArray(at)) return at.flatMap(member => lookup(member, field))
  if (typeof at !== 'object' || at === null) return []
  const entries = new Map(Object.entries(at))
  if (entries.has(field)) return [THERE, ...flat(entries.get(field))]
  const dot = field.indexOf('.')
  return dot < 0 ? [] : lookup(entries.get(field.slice(0, dot)), field.slice(dot + 1))
}
const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value])
const everything = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(everything)
    : typeof value === 'boolean'
      ? []
      : [value]

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const ESCAPE = /[.*+?^${}()|[\]\\/]/g

function valueHolds(value: Value, found: readonly unknown[], event: Event, anywhere: boolean): boolean {
  const present = found.filter(one => one !== null && one !== THERE)
  switch (value.kind) {
    case 'null':
      return found.length === 0 || found.includes(null)
    case 'exists':
      return found.length > 0 === value.exists
    case 'number':
    case 'boolean': {
      const text = String(value.kind === 'number' ? value.number : value.boolean)
      return present.some(one => (anywhere ? textOf(one).includes(text) : textOf(one).toLowerCase() === text))
    }
    case 'string': {
      const body = value.pattern
        .map(part => (typeof part === 'string' ? part.replaceAll(ESCAPE, '\\$&') : ['.*', '.', '[-/–—―]'][part]))
        .join('')
      const pattern = new RegExp(anywhere ? body : `^(?:${body})$`, `su${value.cased ? '' : 'i'}`)
      return present.some(one => pattern.test(textOf(one)))
    }
    case 'compare':
      return present.some(one => {
        const left = typeof one === 'boolean' || typeof one === 'object' || one === '' ? NaN : Number(one)
        return {
          eq: left === value.number,
          lt: left < value.number,
          lte: left <= value.number,
          gt: left > value.number,
          gte: left >= value.number,
        }[value.op]
      })
    case 'fieldref': {
      const others = lookup(event, value.field).filter(one => one !== null && one !== THERE)
      return present.some(one => others.some(other => textOf(one).toLowerCase() === textOf(other).toLowerCase()))
    }
    default:
      throw new Error(`no ${value.kind} in this test`)
  }
}

const names = ['a', 'b', 'a.b', 'b.a', 'a.b.a'] as const
const word = fc.constantFrom('', 'x', 'X', 'xy', 'y*', '*x', 'x?', '*x*y*', '5', '-x', '1.5', 'true')
const scalar = fc.oneof(word, fc.constantFrom(5, 1.5, 0, true, false))
const values = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 10 }))
const key = (...modifiers: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...modifiers), fc.constantFrom('', '|all', '|neq', '|neq|all'))
    .map(parts => parts.join(''))
const entry = fc.oneof(
  fc.tuple(key(''), values(scalar)),
  fc.tuple(key(''), fc.constant(null)),
  fc.tuple(key('|contains', '|startswith', '|endswith', '|cased', '|windash', '|contains|windash'), values(word)),
  fc.tuple(key('|lt', '|lte', '|gt', '|gte'), values(fc.constantFrom(0, 1.5, 5))),
  fc.tuple(key('|exists'), fc.boolean()),
  fc.tuple(key('|fieldref'), fc.constantFrom(...names)),
)
const map = fc.array(entry, { minLength: 1, maxLength: 3 }).map(entries => Object.fromEntries(entries))
const keyword = fc.constantFrom('x', 'xy', 'x?', 'X*y', 5)
const detection = fc.oneof(
  map,
  fc.array(fc.oneof(map, keyword), { minLength: 1, maxLength: 3 }),
  fc.record({ '|all': fc.array(keyword, { minLength: 1, maxLength: 3 }) }),
)
const condition = fc.letrec<{ tree: string }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('s1', 's2', 's3', '1 of s*', 'all of them', '1 of *2'),
    tie('tree').map(tree => `not ${tree}`),
    fc.tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree')).map(parts => `(${parts.join(' ')})`),
  ),
})).tree
const leaf = fc.oneof(
  fc.constantFrom<unknown>('', 'x', 'XY', 'yz', 'ax', 'ayxby', '/x', '5', '1.5', 'TRUE', 5, 1.5, 0, -1, true, false, null),
)
const event = fc.letrec<{ value: unknown; object: Event }>(tie => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'a.b', 'b.a'), tie('value'), { maxKeys: 3 }) as fc.Arbitrary<Event>,
})).object

describe('the compiled matcher', () => {
  it('agrees with a plain reading of the same tree', () => {
    const seen = { true: 0, false: 0 }
    fc.assert(
      fc.property(
        detection,
        detection,
        detection,
        condition,
        fc.array(event, { minLength: 1, maxLength: 4 }),
        (s1, s2, s3, condition, events) => {
          const rule = ruleOf({ s1, s2, s3, condition })
          for (const one of events) {
            const expected = evaluate(rule.condition, one)
            seen[`${expected}`]++
            expect(matchRule(rule, one) !== undefined).toBe(expected)
          }
        },
      ),
      { numRuns: 2_000 },
    )
    // Both answers must have come up often, or the property says little.
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(500)
  })
})
