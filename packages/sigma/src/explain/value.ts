import { datePart } from '../dates.ts'
import { anyOther } from '../field-ref.ts'
import { compilePattern } from '../glob.ts'
import { inNetwork, type Network } from '../network.ts'
import { numberOf } from '../number.ts'
import { compileRegex, REGEX_INPUT_LIMIT } from '../regex.ts'
import type { CompareValue, Comparison, FieldRefValue, RegexValue, StringValue, Value } from '../tree.ts'
import { fold, MANY, mapText, ONE, open, type Pattern, plain } from '../values.ts'
import { textOf } from '../view.ts'
import type { Held } from './field.ts'

/** One value of an item, as it is tried and told. */
export interface Tried {
  /** What is asked, such as `starts with`, and of what, such as `"Delete"`. */
  readonly verb: string
  readonly operand: string
  /** Whether the field holds it, and which of its values does: none where it is the field itself that holds. */
  readonly holds: boolean
  readonly by?: unknown
  /** Why not, beyond what the field holds: what nearly held. */
  readonly hint?: string
}

/** How much of one value is told, in characters. */
export const SHOWN_TEXT = 160

/** Tries one value on a field. `other` reads another field of the event, for `fieldref`. */
export function tryValue(value: Value, held: Held, other: (field: string) => Held): Tried {
  switch (value.kind) {
    case 'string':
      return tryString(value, held)
    case 'number':
      return tryWord(String(value.number), held)
    case 'boolean':
      return tryWord(String(value.boolean), held)
    case 'null':
      return { verb: 'is', operand: 'null or missing', holds: !held.found || held.hasNull }
    case 'exists':
      return { verb: value.exists ? 'is there' : 'is not there', operand: '', holds: held.found === value.exists }
    case 'regex':
      return tryRegex(value, held)
    case 'cidr':
      return tryNetwork(value.network, held)
    case 'compare':
      return tryCompare(value, held)
    case 'fieldref':
      return tryFieldRef(value, held, other(value.field))
    case 'any':
      return anyOf(value.values.map(one => tryValue(one, held, other)))
  }
}

/** A keyword is found anywhere in a text. */
export function asKeyword(value: Value): Value {
  if (value.kind === 'any') return { kind: 'any', values: value.values.map(asKeyword) }
  if (value.kind === 'string') return { ...value, pattern: open(value.pattern, true, true) }
  if (value.kind !== 'number') return value
  const source = String(value.number)
  return { kind: 'string', pattern: open([source], true, true), source, cased: false, bytes: false }
}

function tryString(value: StringValue, held: Held): Tried {
  const { verb, operand } = wordsOf(value.pattern)
  const without = compilePattern(mapText(value.pattern, text => [fold(text)]))
  const test = value.cased ? compilePattern(value.pattern) : (text: string): boolean => without(fold(text))
  const tried = { verb: value.cased ? `${verb}, with its case,` : verb, operand, ...find(held, text => test(text)) }
  if (tried.holds) return tried
  const texts = held.values.map(textOf)
  if (value.cased && texts.some(text => without(fold(text)))) return { ...tried, hint: 'only the case differs' }
  const bare = plain(value.pattern)
  const within = bare ? texts.find(text => fold(text).includes(fold(bare))) : undefined
  if (within === undefined || bare === undefined) return tried
  return {
    ...tried,
    hint: fold(within.trim()) === fold(bare) ? 'only white space around it differs' : 'it is in there: |contains would hold',
  }
}

function tryWord(word: string, held: Held): Tried {
  return { verb: 'equals', operand: word, ...find(held, text => fold(text) === fold(word)) }
}

function tryRegex(value: RegexValue, held: Held): Tried {
  const { source, flags, test } = value
  if (!test) throw new TypeError('the regular expression was not compiled')
  const written = Object.entries(flags).flatMap(([flag, set]) => (set ? [flag] : []))
  const tried = { verb: 'matches', operand: `/${source}/${written.join('')}`, ...find(held, test) }
  if (tried.holds) return tried
  const texts = held.values.map(textOf)
  const blind = texts.length === 0 || flags.i ? undefined : caseless(value)
  if (blind && texts.some(blind)) return { ...tried, hint: 'only the case differs: |re|i would hold' }
  return texts.some(text => text.length > REGEX_INPUT_LIMIT)
    ? { ...tried, hint: `only the first ${REGEX_INPUT_LIMIT} characters are searched` }
    : tried
}

type Test = NonNullable<RegexValue['test']>
const CASELESS = new WeakMap<RegexValue, Test | undefined>()

/** The same regular expression whatever the case; compiled once. */
function caseless(value: RegexValue): Test | undefined {
  if (!CASELESS.has(value)) {
    const test = compileRegex(value.source, { ...value.flags, i: true })
    CASELESS.set(value, typeof test === 'function' ? test : undefined)
  }
  return CASELESS.get(value)
}

function tryNetwork(network: Network, held: Held): Tried {
  const { words, bits } = network
  const address = words.length === 4 ? words.join('.') : words.map(word => word.toString(16)).join(':')
  const tried = { verb: 'is in', operand: `${address}/${bits}`, ...find(held, text => inNetwork(network, text)) }
  const width = { words: [0, 0, 0, 0], bits: 0 }
  const wide = { words: [0, 0, 0, 0, 0, 0, 0, 0], bits: 0 }
  const isAddress = (text: string): boolean => inNetwork(width, text) || inNetwork(wide, text)
  return tried.holds || held.values.some(value => isAddress(textOf(value))) ? tried : { ...tried, hint: 'that is no address' }
}

const COMPARISONS: Readonly<Record<Comparison, readonly [symbol: string, holds: (left: number, right: number) => boolean]>> = {
  eq: ['=', (left, right) => left === right],
  lt: ['<', (left, right) => left < right],
  lte: ['≤', (left, right) => left <= right],
  gt: ['>', (left, right) => left > right],
  gte: ['≥', (left, right) => left >= right],
}

function tryCompare({ op, number, part }: CompareValue, held: Held): Tried {
  const [symbol, holds] = COMPARISONS[op]
  const read = part ? (value: unknown) => datePart(value, part) : numberOf
  const by = held.values.find(value => {
    const left = read(value)
    return left !== undefined && holds(left, number)
  })
  const tried = { verb: part ? `${part} ${symbol}` : symbol, operand: String(number), holds: by !== undefined, by }
  if (tried.holds || held.values.length === 0) return tried
  const lefts = held.values.map(read).filter(left => left !== undefined)
  if (lefts.length === 0) return { ...tried, hint: part ? 'that is no date with it' : 'that is no number' }
  return part ? { ...tried, hint: `its ${part} is ${lefts[0]}` } : tried
}

function tryFieldRef({ field, starts, ends }: FieldRefValue, held: Held, other: Held): Tried {
  const how = starts && ends ? 'contains' : starts ? 'starts' : ends ? 'ends' : 'equals'
  const others = other.values.map(value => fold(textOf(value)))
  const isOther = anyOther(others, how)
  const verb = { equals: 'equals', starts: 'starts with', ends: 'ends with', contains: 'contains' }[how]
  const tried = { verb, operand: `the field ${field}`, ...find(held, text => isOther(fold(text))) }
  if (tried.holds) return tried
  const [first] = other.values
  return { ...tried, hint: first === undefined ? `${field} holds nothing` : `${field} holds ${shown(first)}` }
}

function anyOf(all: readonly Tried[]): Tried {
  const held = all.find(({ holds }) => holds)
  const verbs = new Set(all.map(({ verb }) => verb))
  const [verb] = verbs
  const told = all.map(one => (verbs.size === 1 ? one.operand : `${one.verb} ${one.operand}`.trim()))
  const hint = all.find(one => one.hint)?.hint
  return {
    verb: verbs.size === 1 && verb !== undefined ? verb : '',
    operand: listed(told, 'or'),
    holds: held !== undefined,
    ...(held ? { by: held.by } : hint ? { hint } : {}),
  }
}

/** The first of these and how many there are. */
export function listed(all: readonly string[], word: 'or' | 'and', most = 6): string {
  const rest = all.length - most
  return rest > 1 ? `${all.slice(0, most).join(` ${word} `)} ${word} ${rest} more` : all.join(` ${word} `)
}

/** A value as a person is told of it. */
export function shown(value: unknown): string {
  const text = textOf(value)
  const cut = text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text
  return typeof value === 'string' ? `"${cut}"` : cut
}

function find(held: Held, test: (text: string) => boolean): { readonly holds: boolean; readonly by?: unknown } {
  const index = held.values.findIndex(value => test(textOf(value)))
  return index < 0 ? { holds: false } : { holds: true, by: held.values[index] }
}

/** A pattern in words, where wildcards only open its ends; else as it is written. */
function wordsOf(pattern: Pattern): { readonly verb: string; readonly operand: string } {
  if (pattern.length === 1 && pattern[0] === MANY) return { verb: 'is', operand: 'any value' }
  const before = pattern[0] === MANY
  const after = pattern.length > 1 && pattern.at(-1) === MANY
  const within = pattern.slice(before ? 1 : 0, after ? -1 : undefined)
  const text = plain(within)
  if (text === undefined) return { verb: 'matches', operand: `"${pattern.map(written).join('')}"` }
  const verb = before && after ? 'contains' : before ? 'ends with' : after ? 'starts with' : 'equals'
  return { verb, operand: shown(text) }
}

function written(part: Pattern[number]): string {
  if (typeof part === 'string') return part.replaceAll(/[\\*?]/g, '\\$&')
  return part === MANY ? '*' : part === ONE ? '?' : '[-/–—―]'
}
