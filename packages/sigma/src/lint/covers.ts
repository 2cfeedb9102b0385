import { compilePattern } from '../glob.ts'
import type { Detection, Item, StringValue, Value } from '../tree.ts'
import { fold, MANY, mapText, ONE, type Pattern, plain } from '../values.ts'

/**
 * Whether every event that `narrow` matches is one that `wide` matches. Sound, not complete: true is certain, false means "not shown". It
 * holds for arrays too, where any member may match.
 */
export function implies(narrow: Detection, wide: Detection): boolean {
  if (narrow.kind === 'or') return narrow.items.every(item => implies(item, wide))
  if (wide.kind === 'and') return wide.items.every(item => implies(narrow, item))
  if (wide.kind === 'or' && wide.items.some(item => implies(narrow, item))) return true
  if (narrow.kind === 'item') return wide.kind === 'item' && itemImplies(narrow.item, wide.item)
  return narrow.items.some(item => implies(item, wide))
}

function itemImplies(narrow: Item, wide: Item): boolean {
  if (narrow.field !== wide.field || narrow.negated !== wide.negated) return false
  const [a, b] = narrow.negated ? [wide, narrow] : [narrow, wide]
  const covered = (value: Value): boolean => coveredByOne(value, b)
  if (b.all && b.values.length > 1) {
    const needed = (one: Value): boolean =>
      a.all ? a.values.some(value => covers(one, value)) : a.values.every(value => covers(one, value))
    return b.values.every(needed)
  }
  return a.all ? a.values.some(covered) : a.values.every(covered)
}

/** The values of an item in two: texts without wildcards, looked up, and all others, tried one by one. */
interface Sorted {
  readonly texts: ReadonlySet<string>
  readonly others: readonly Value[]
}
const sortedValues = new WeakMap<Item, Sorted>()

function coveredByOne(value: Value, item: Item): boolean {
  let sorted = sortedValues.get(item)
  if (!sorted) {
    const texts = item.values.map(looseText)
    sorted = {
      texts: new Set(texts.filter(text => text !== undefined)),
      others: item.values.filter((_, i) => texts[i] === undefined),
    }
    sortedValues.set(item, sorted)
  }
  const text = looseText(value)
  return (text !== undefined && sorted.texts.has(text)) || sorted.others.some(other => covers(other, value))
}

/** The folded text of a value that equals one text, whatever its case. */
function looseText(value: Value): string | undefined {
  if (value.kind === 'number') return String(value.number)
  if (value.kind !== 'string' || value.cased || value.bytes) return undefined
  const text = plain(value.pattern)
  return text === undefined ? undefined : fold(text)
}

/** Whether whatever matches `narrow` matches `wide`; sound, not complete. */
export function covers(wide: Value, narrow: Value): boolean {
  if (narrow.kind === 'any') return narrow.values.every(value => covers(wide, value))
  if (wide.kind === 'any') return wide.values.some(value => covers(value, narrow))
  if (wide.kind === 'exists') return wide.exists ? PRESENT.has(narrow.kind) || narrow === wide : isAbsent(narrow)
  if (wide.kind === 'string') {
    if (narrow.kind === 'string') return coversText(wide, narrow)
    return (
      narrow.kind === 'number' &&
      !wide.bytes &&
      coversPattern(textOf(wide.pattern, false), textOf([String(narrow.number)], false))
    )
  }
  if (wide.kind === 'number') {
    if (narrow.kind === 'number') return narrow.number === wide.number
    return narrow.kind === 'string' && !narrow.bytes && plain(narrow.pattern) === String(wide.number)
  }
  if (wide.kind === 'compare') {
    if (narrow.kind !== 'compare' || narrow.part !== wide.part || narrow.op !== wide.op) return false
    if (wide.op === 'eq') return narrow.number === wide.number
    return wide.op.startsWith('l') ? narrow.number <= wide.number : narrow.number >= wide.number
  }
  if (wide.kind === 'regex') {
    if (narrow.kind === 'regex')
      return narrow.source === wide.source && JSON.stringify(narrow.flags) === JSON.stringify(wide.flags)
    const text = narrow.kind === 'string' && (narrow.cased || wide.flags.i) ? plain(narrow.pattern) : undefined
    return text !== undefined && wide.test?.(text) === true
  }
  return wide.kind === narrow.kind && JSON.stringify(wide) === JSON.stringify(narrow)
}

const PRESENT: ReadonlySet<Value['kind']> = new Set(['string', 'number', 'boolean', 'regex', 'cidr', 'compare', 'fieldref'])
const isAbsent = (value: Value): boolean => value.kind === 'exists' && !value.exists

function coversText(wide: StringValue, narrow: StringValue): boolean {
  if (wide.bytes !== narrow.bytes || (wide.cased && !narrow.cased)) return false
  return coversPattern(textOf(wide.pattern, wide.cased), textOf(narrow.pattern, wide.cased))
}

/** A pattern as one text, and as a test of such texts. */
export interface PatternText {
  readonly pattern: Pattern
  /** Wildcards are characters of no script, which only `*` takes. */
  readonly text: string
  readonly wild: boolean
  test?: (text: string) => boolean
}
const STANDS_FOR = ['\ue000', '\ue001', '\ue002'] as const
const loose = new WeakMap<Pattern, PatternText>()
const strict = new WeakMap<Pattern, PatternText>()

export function textOf(written: Pattern, cased: boolean): PatternText {
  const known = cased ? strict : loose
  const found = known.get(written)
  if (found) return found
  const pattern = cased ? written : mapText(written, text => [fold(text)])
  const text = pattern.map(part => (typeof part === 'string' ? part : STANDS_FOR[part])).join('')
  const made = { pattern, text, wild: pattern.some(part => typeof part !== 'string') }
  known.set(written, made)
  return made
}

/** A pattern covers another when its own `*` take up all of the other's wildcards. */
export function coversPattern(wide: PatternText, narrow: PatternText): boolean {
  if (wide.text === narrow.text) return true
  if (!wide.wild) return false
  // Without a `*` it takes no wildcard, and `?` would take a stand-in for one character.
  if (narrow.wild && (!wide.pattern.includes(MANY) || wide.pattern.includes(ONE))) return false
  wide.test ??= compilePattern(wide.pattern)
  return wide.test(narrow.text)
}

/** A text that only values that match the same events share, as far as it is easy to say. */
export function sameAs(value: Value): string {
  if (value.kind !== 'string') return JSON.stringify(value)
  return `${value.cased ? 'cased' : 'loose'} ${value.bytes} ${textOf(value.pattern, value.cased).text}`
}

/** Whether a value can cover one that is written otherwise. */
export const canCover = (value: Value): boolean => value.kind !== 'string' || value.pattern.some(part => typeof part !== 'string')
