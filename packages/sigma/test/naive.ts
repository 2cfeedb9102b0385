// A second reading of rules, as plain as can be: no index, plan, views, folded copies or anything that two rules share.
import { datePart } from '../src/dates.ts'
import { inNetwork } from '../src/network.ts'
import { compileRegex } from '../src/regex.ts'
import type { Rule } from '../src/rule.ts'
import type { Condition, Detection, Item, Value } from '../src/tree.ts'
import type { LogSource, SigmaEvent } from '../src/types.ts'

type Body = SigmaEvent['record']

/** The ids of the rules that hold for an event, each rule tried on its own, in their order. */
export function scan(rules: readonly Rule[], event: SigmaEvent, routing = true): readonly string[] {
  return rules.filter(rule => holdsFor(rule, event, routing)).map(({ meta }) => meta.id)
}

/** Whether a rule, or another binding of it, holds for an event. */
export function holdsFor(rule: Rule, event: SigmaEvent, routing = true): boolean {
  const body = rule.taxonomy === 'ocsf' ? event.ocsf : event.record
  return [rule, ...(rule.also ?? [])].some(
    ({ logsource, condition }) => (!routing || covers(logsource, event.logsource)) && evaluate(condition, body),
  )
}

function covers(wanted: LogSource, source: LogSource): boolean {
  return (['product', 'service', 'category'] as const).every(
    key => wanted[key] === undefined || wanted[key] === source[key]?.toLowerCase(),
  )
}

export function evaluate(tree: Condition, event: Body): boolean {
  if (tree.kind === 'not') return !evaluate(tree.item, event)
  if (tree.kind === 'selection') return detect(tree.detection, event)
  return tree.kind === 'and' ? tree.items.every(item => evaluate(item, event)) : tree.items.some(item => evaluate(item, event))
}

function detect(tree: Detection, event: Body): boolean {
  if (tree.kind === 'item') return holds(tree.item, event)
  return tree.kind === 'and' ? tree.items.every(item => detect(item, event)) : tree.items.some(item => detect(item, event))
}

function holds({ field, values, all, negated }: Item, event: Body): boolean {
  const found = read(event, field)
  const test = (value: Value): boolean => valueHolds(value, found, event, field === undefined)
  return (all ? values.every(test) : values.some(test)) !== negated
}

/** What an event holds in a field, or anywhere; looked up once, as thousands of rules ask for the same. */
function read(event: Body, field: string | undefined): readonly unknown[] {
  let known = reads.get(event)
  if (!known) reads.set(event, (known = new Map()))
  let found = known.get(field)
  if (!found) known.set(field, (found = field === undefined ? everything(event) : lookup(event, field)))
  return found
}
const reads = new WeakMap<Body, Map<string | undefined, readonly unknown[]>>()

/** Says that a field is there even when its array has no member. */
const THERE = Symbol('there')

function lookup(at: unknown, field: string): unknown[] {
  if (Array.isArray(at)) return at.flatMap(member => lookup(member, field))
  if (typeof at !== 'object' || at === null) return []
  const read = (key: string): unknown => (Object.hasOwn(at, key) ? (at as Body)[key] : THERE)
  const whole = read(field)
  if (whole !== THERE) return [THERE, ...flat(whole)]
  const dot = field.indexOf('.')
  return dot < 0 ? [] : lookup(read(field.slice(0, dot)), field.slice(dot + 1))
}
const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value])
const everything = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(everything)
    : typeof value === 'string' || typeof value === 'number'
      ? [value]
      : []

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : JSON.stringify(value)
const ESCAPE = /[.*+?^${}()|[\]\\/]/g
const patterns = new WeakMap<Value, (text: string) => boolean>()

/** The test of a string or an expression, made once: making it takes longer than using it. */
function textTest(value: Value & { readonly kind: 'string' | 'regex' }, anywhere: boolean): (text: string) => boolean {
  let test = patterns.get(value)
  if (!test) {
    if (value.kind === 'regex') {
      const made = compileRegex(value.source, value.flags)
      if (typeof made !== 'function') throw new Error(made.error)
      test = made
    } else {
      // Not the flag `i`, to which the long s is an s.
      const letters = (text: string): string => (value.cased ? text : text.toLowerCase().replaceAll('ς', 'σ'))
      const body = value.pattern
        .map(part => (typeof part === 'string' ? letters(part).replaceAll(ESCAPE, '\\$&') : ['.*', '.', '[-/–—―]'][part]))
        .join('')
      const pattern = new RegExp(anywhere ? body : `^(?:${body})$`, 'su')
      test = text => pattern.test(letters(text))
    }
    patterns.set(value, test)
  }
  return test
}

function valueHolds(value: Value, found: readonly unknown[], event: Body, anywhere: boolean): boolean {
  const present = found.filter(one => one !== null && one !== undefined && one !== THERE)
  switch (value.kind) {
    case 'any':
      return value.values.some(one => valueHolds(one, found, event, anywhere))
    case 'null':
      return found.length === 0 || found.includes(null)
    case 'exists':
      return found.length > 0 === value.exists
    case 'number':
    case 'boolean': {
      const text = String(value.kind === 'number' ? value.number : value.boolean)
      const inside = anywhere && value.kind === 'number'
      return present.some(one => (inside ? textOf(one).includes(text) : textOf(one).toLowerCase() === text))
    }
    case 'string':
    case 'regex': {
      const test = textTest(value, anywhere)
      return present.some(one => test(textOf(one)))
    }
    case 'cidr':
      return present.some(one => inNetwork(value.network, textOf(one)))
    case 'compare':
      return present.some(one => {
        const number = typeof one === 'boolean' || typeof one === 'object' || one === '' ? NaN : Number(one)
        const left = value.part ? (datePart(one, value.part) ?? NaN) : number
        return {
          eq: left === value.number,
          lt: left < value.number,
          lte: left <= value.number,
          gt: left > value.number,
          gte: left >= value.number,
        }[value.op]
      })
    case 'fieldref': {
      const others = lookup(event, value.field).filter(one => one !== null && one !== undefined && one !== THERE)
      const same = (text: string, other: string): boolean =>
        value.starts && value.ends
          ? text.includes(other)
          : value.starts
            ? text.startsWith(other)
            : value.ends
              ? text.endsWith(other)
              : text === other
      return present.some(one => others.some(other => same(textOf(one).toLowerCase(), textOf(other).toLowerCase())))
    }
  }
}
