import type { Condition, Detection, Item, Rule, Value } from '@weir/sigma'
import type { Logged } from '../bench/sigma/events/text.ts'
import { textFor } from './rsigma-regex.ts'

/** One wish of a rule for a field; `undefined` is for keywords, which may stand anywhere. */
interface Wish {
  readonly field: string | undefined
  readonly parts: Parts
}

/** A text that begins with, ends with and holds these; `whole` when nothing else may be in it. Or a value that is no text. */
type Parts =
  | {
      readonly kind: 'text'
      readonly starts: string
      readonly ends: string
      readonly holds: readonly string[]
      readonly whole: boolean
    }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'same'; readonly as: string }

/** Which of several ways is taken; each call may answer another. */
type Choose = (count: number) => number

const FIRST = 0
const SECOND = 1

/** How many ways a rule is met, each with its near misses. */
const WAYS = 4

/**
 * Events made from a rule: some that meet its positive selections, each another way where there are several, with and without what it
 * excludes, and near misses, in which one field is gone, changed, null, a list or a number. Always the same for a rule. What they match is not
 * promised: two engines are asked, and must answer the same.
 */
export function eventsFor(rule: Rule): readonly Logged[] {
  const { product, service, category } = rule.logsource
  const logsource = { ...(product ? { product } : {}), ...(service ? { service } : {}), ...(category ? { category } : {}) }
  const records: Record<string, unknown>[] = []
  for (let way = 0; way < WAYS; way++) {
    const excluded = way === WAYS - 1
    const record = recordOf(wishesOf(rule.condition, chooser(way), true, excluded), way)
    records.push(record)
    if (way < 2) records.push(...nearMisses(record))
  }
  return records.map(record => ({ logsource, record }))
}

/** The way'th choice everywhere, and others where there are fewer. */
const chooser =
  (way: number): Choose =>
  count =>
    count === 0 ? 0 : (way * 7 + (way > 1 ? count >> 1 : 0)) % count

function wishesOf(condition: Condition, choose: Choose, wanted: boolean, excluded: boolean): readonly Wish[] {
  switch (condition.kind) {
    case 'not':
      // What is not wanted stays away, except in the event that is to be excluded.
      return wishesOf(condition.item, choose, !wanted, excluded)
    case 'selection':
      return wanted || excluded ? ofDetection(condition.detection, choose) : []
    case 'and':
      return condition.items.flatMap(item => wishesOf(item, choose, wanted, excluded))
    case 'or': {
      const item = condition.items[choose(condition.items.length)]
      return item ? wishesOf(item, choose, wanted, excluded) : []
    }
    default:
      return condition satisfies never
  }
}

function ofDetection(detection: Detection, choose: Choose): readonly Wish[] {
  if (detection.kind === 'item') return ofItem(detection.item, choose)
  if (detection.kind === 'and') return detection.items.flatMap(item => ofDetection(item, choose))
  const item = detection.items[choose(detection.items.length)]
  return item ? ofDetection(item, choose) : []
}

function ofItem({ field, values, all, negated }: Item, choose: Choose): readonly Wish[] {
  if (negated) return [{ field, parts: { kind: 'value', value: 'another' } }]
  const chosen = all ? values : values.slice(choose(values.length)).slice(FIRST, SECOND)
  return chosen.flatMap(value => {
    const parts = partsOf(value, choose)
    return parts ? [{ field, parts }] : []
  })
}

const value = (of: unknown): Parts => ({ kind: 'value', value: of })

function partsOf(wanted: Value, choose: Choose): Parts | undefined {
  switch (wanted.kind) {
    case 'string':
      return ofPattern(wanted.pattern, choose)
    case 'regex': {
      const text = textFor(wanted.source, choose)
      return text === undefined ? undefined : { kind: 'text', starts: '', ends: '', holds: [text], whole: false }
    }
    case 'number':
      return value(choose(2) === 0 ? wanted.number : String(wanted.number))
    case 'boolean':
      return value(choose(2) === 0 ? wanted.boolean : String(wanted.boolean))
    case 'null':
      return value(null)
    case 'exists':
      return wanted.exists ? value('there') : undefined
    case 'compare':
      return value(wanted.number + { eq: 0, lt: -1, lte: 0, gt: 1, gte: 0 }[wanted.op])
    case 'fieldref':
      return { kind: 'same', as: wanted.field }
    case 'cidr':
      return value(address(wanted.network.words))
    case 'any': {
      const one = wanted.values[choose(wanted.values.length)]
      return one ? partsOf(one, choose) : undefined
    }
    default:
      return wanted satisfies never
  }
}

/** The first address of a network, as a text. */
const address = (words: readonly number[]): string =>
  words.length === 4 ? words.join('.') : words.map(word => word.toString(16)).join(':')

/** Of a pattern's wildcards, the first and the last are room for what other wishes want of the field; those between are filled. */
function ofPattern(pattern: readonly (string | number)[], choose: Choose): Parts {
  const [many, one] = [0, 1]
  const dash = choose(2) === 0 ? '-' : '/'
  const written = pattern.map((part, at) => {
    if (typeof part === 'string') return part
    if (part === one) return 'k'
    if (part === many) return at === 0 || at === pattern.length - 1 ? '' : choose(2) === 0 ? '' : 'filling'
    return dash
  })
  const text = written.join('')
  const [before, after] = [pattern[0] === many, pattern.at(-1) === many]
  if (before && after) return { kind: 'text', starts: '', ends: '', holds: [text], whole: false }
  if (before) return { kind: 'text', starts: '', ends: text, holds: [], whole: false }
  if (after) return { kind: 'text', starts: text, ends: '', holds: [], whole: false }
  return { kind: 'text', starts: text, ends: '', holds: [], whole: true }
}

/** Puts all wishes for a field into one value. */
function recordOf(wishes: readonly Wish[], way: number): Record<string, unknown> {
  const texts = new Map<string, { starts: string; ends: string; holds: string[]; whole: boolean }>()
  const record: Record<string, unknown> = {}
  const same: [string, string][] = []
  for (const { field = 'message', parts } of wishes) {
    if (parts.kind === 'value') record[field] = parts.value
    else if (parts.kind === 'same') same.push([field, parts.as])
    else {
      const text = texts.get(field) ?? { starts: '', ends: '', holds: [], whole: false }
      if (parts.starts.length > text.starts.length) text.starts = parts.starts
      if (parts.ends.length > text.ends.length) text.ends = parts.ends
      text.holds.push(...parts.holds)
      text.whole ||= parts.whole
      texts.set(field, text)
    }
  }
  for (const [field, { starts, ends, holds, whole }] of texts) {
    const rest = holds.filter(text => !starts.includes(text) && !ends.includes(text))
    const text = whole && rest.length === 0 ? starts : [starts, ...rest, ends].join(way === 2 ? ' ' : '')
    record[field] = way % 2 === 1 ? text.toUpperCase() : text
  }
  for (const [field, as] of same) {
    record[field] ??= 'the same'
    record[as] = record[field]
  }
  return way === 2 ? nested(record) : record
}

/** Dotted names as objects in objects, where none of them is in the way of another. */
function nested(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, of] of Object.entries(record)) {
    const keys = name.split('.')
    let at = out
    for (const key of keys.slice(0, -1)) {
      const below = (at[key] ??= {})
      if (typeof below !== 'object' || below === null) return { ...record }
      at = below as Record<string, unknown>
    }
    at[keys.at(-1) ?? ''] = of
  }
  return out
}

/** The record with one field gone, changed at its end or beginning, null, empty, or a member of a list. */
function nearMisses(record: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] {
  return Object.entries(record)
    .slice(0, 6)
    .flatMap(([field, of], at) => {
      const gone = { ...record }
      delete gone[field]
      const changes: unknown[] = [null, '', [of], ['another', of], 7, true, { inner: of }, [{ inner: of }], []]
      if (typeof of === 'string')
        changes.push(`${of}z`, `z${of}`, of.slice(1), of.slice(0, -1), `${of}\n`, `${of.slice(0, 2)}\n${of.slice(2)}`)
      if (typeof of === 'number') changes.push(of + 0.5, String(of), `${of}.0`)
      // All of them would be many: each field of a record gets some.
      return [gone, ...changes.filter((_, i) => i % 3 === at % 3).map(change => ({ ...record, [field]: change }))]
    })
}
