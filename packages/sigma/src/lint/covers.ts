import { compilePattern } from '../glob.ts'
import type { Detection, Item, StringValue, Value } from '../tree.ts'
import { fold, MANY, mapText, ONE, type Pattern, plain } from '../values.ts'

/**
 * How much comparing is still allowed, in values compared. Where it ends the answer is "not shown": lists of many thousand values are compared
 * each with each, and a document of a megabyte holds enough of them for a minute.
 */
export class Steps {
  #left: number
  #spent = false
  constructor(limit = STEPS) {
    this.#left = limit
  }

  /** Whether there is room for `count` more. */
  has(count: number): boolean {
    return count <= this.#left
  }

  /** Takes `count`, if there is room for it; nothing is taken when there is not. */
  take(count: number): boolean {
    if (!this.has(count)) {
      this.#spent = true
      return false
    }
    this.#left -= count
    return true
  }

  /** Whether it was ever asked for more than there was. */
  get spent(): boolean {
    return this.#spent
  }
}
/** About a second of comparing. */
export const STEPS = 10_000_000

/**
 * Whether every event that `narrow` matches is one that `wide` matches. Sound, not complete: true is certain, false means "not shown", also
 * because the steps are spent. It holds for arrays too, where any member may match.
 */
export function implies(narrow: Detection, wide: Detection, steps = new Steps()): boolean {
  if (!steps.take(1)) return false
  if (narrow.kind === 'or') return narrow.items.every(item => implies(item, wide, steps))
  if (wide.kind === 'and') return wide.items.every(item => implies(narrow, item, steps))
  if (wide.kind === 'or' && wide.items.some(item => implies(narrow, item, steps))) return true
  if (narrow.kind === 'item') return wide.kind === 'item' && itemImplies(narrow.item, wide.item, steps)
  return narrow.items.some(item => implies(item, wide, steps))
}

function itemImplies(narrow: Item, wide: Item, steps: Steps): boolean {
  if (narrow.field !== wide.field || narrow.negated !== wide.negated) return false
  const [a, b] = narrow.negated ? [wide, narrow] : [narrow, wide]
  const covered = (value: Value): boolean => coveredBy(b, value, steps)
  if (b.all && b.values.length > 1) {
    const known = a.all ? sorted(a).same : undefined
    const needed = (one: Value): boolean =>
      known?.has(sameAs(one)) === true ||
      (a.all ? a.values.some(value => covers(one, value, steps)) : a.values.every(value => covers(one, value, steps)))
    return b.values.every(needed)
  }
  return a.all ? a.values.some(covered) : a.values.every(covered)
}

/** What of an item's values is looked up, and what is tried one by one. */
interface Sorted {
  readonly same: ReadonlySet<string>
  /** Texts without wildcards. */
  readonly texts: ReadonlySet<string>
  readonly others: readonly Value[]
}
const sortedItems = new WeakMap<Item, Sorted>()

function sorted(item: Item): Sorted {
  const known = sortedItems.get(item)
  if (known) return known
  const texts = item.values.map(looseText)
  const made = {
    same: new Set(item.values.map(sameAs)),
    texts: new Set(texts.filter(text => text !== undefined)),
    others: item.values.filter((_, i) => texts[i] === undefined),
  }
  sortedItems.set(item, made)
  return made
}

/** Whether whatever matches `value` matches one of the item's values. */
export function coveredBy(item: Item, value: Value, steps: Steps): boolean {
  const { same, texts, others } = sorted(item)
  const text = looseText(value)
  return (text !== undefined && texts.has(text)) || same.has(sameAs(value)) || others.some(other => covers(other, value, steps))
}

/** The folded text of a value that equals one text, whatever its case. */
function looseText(value: Value): string | undefined {
  if (value.kind === 'number') return String(value.number).toLowerCase()
  if (value.kind !== 'string' || value.cased || value.bytes) return undefined
  const text = plain(value.pattern)
  return text === undefined ? undefined : fold(text)
}

/** Whether whatever matches `narrow` matches `wide`; sound, not complete. */
export function covers(wide: Value, narrow: Value, steps = new Steps()): boolean {
  if (!steps.take(1)) return false
  if (narrow.kind === 'any') return narrow.values.every(value => covers(wide, value, steps))
  if (wide.kind === 'any') return wide.values.some(value => covers(value, narrow, steps))
  if (wide.kind === 'exists') return wide.exists ? PRESENT.has(narrow.kind) || narrow === wide : isAbsent(narrow)
  if (wide.kind === 'string') {
    if (narrow.kind === 'string') return coversText(wide, narrow, steps)
    return (
      narrow.kind === 'number' &&
      !wide.bytes &&
      coversPattern(textOf(wide.pattern, false), textOf([String(narrow.number)], false), steps)
    )
  }
  if (wide.kind === 'number') {
    const text = looseText(narrow)
    return text !== undefined && text === looseText(wide)
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
    return text !== undefined && steps.take(REGEX_STEPS + text.length) && wide.test?.(text) === true
  }
  return wide.kind === narrow.kind && sameAs(wide) === sameAs(narrow)
}

/** What an expression costs beside a comparison, about. */
const REGEX_STEPS = 50
/** Characters that are searched in the time of a step, about. */
const STEP_TEXT = 64

const PRESENT: ReadonlySet<Value['kind']> = new Set(['string', 'number', 'boolean', 'regex', 'cidr', 'compare', 'fieldref'])
const isAbsent = (value: Value): boolean => value.kind === 'exists' && !value.exists

function coversText(wide: StringValue, narrow: StringValue, steps: Steps): boolean {
  if (wide.bytes !== narrow.bytes || (wide.cased && !narrow.cased)) return false
  return coversPattern(textOf(wide.pattern, wide.cased), textOf(narrow.pattern, wide.cased), steps)
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
export function coversPattern(wide: PatternText, narrow: PatternText, steps: Steps): boolean {
  if (wide.text === narrow.text) return true
  if (!wide.wild) return false
  // Without a `*` it takes no wildcard, and `?` would take a stand-in for one character.
  if (narrow.wild && (!wide.pattern.includes(MANY) || wide.pattern.includes(ONE))) return false
  if (!steps.take(Math.ceil((narrow.text.length * wide.pattern.length) / STEP_TEXT))) return false
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
