import { plainWord } from './compile.ts'
import type { Condition, Detection, Item } from './tree.ts'
import type { EventView, FieldTable } from './view.ts'

/** What an event must have for a rule to hold: one of these words, in this field. */
interface Need {
  readonly field: string
  readonly words: ReadonlySet<string>
}

/**
 * Picks the rules that can hold for an event by the words they need, such as their event names, so that the others cost nothing. It may
 * pick a rule that does not hold; it never leaves one out that does.
 */
export class Candidates {
  readonly #always: readonly number[]
  readonly #slots: readonly { readonly slot: number; readonly rules: ReadonlyMap<string, readonly number[]> }[]

  /** Rules are known by their place in `conditions`. */
  constructor(conditions: readonly { readonly at: number; readonly condition: Condition }[], fields: FieldTable) {
    const needs = conditions.map(({ at, condition }) => ({ at, choices: ofCondition(condition) }))
    const weight = weigher(needs.flatMap(({ choices }) => choices))
    const always: number[] = []
    const index = new Map<string, Map<string, number[]>>()
    for (const { at, choices } of needs) {
      const need = choices.reduce<Need | undefined>((best, one) => (best && weight(best) <= weight(one) ? best : one), undefined)
      if (!need) {
        always.push(at)
        continue
      }
      const rules = index.get(need.field) ?? new Map<string, number[]>()
      index.set(need.field, rules)
      for (const word of need.words) rules.set(word, [...(rules.get(word) ?? []), at])
    }
    this.#always = always
    this.#slots = [...index].map(([field, rules]) => ({ slot: fields.slot(field), rules }))
  }

  /** Adds the places of the rules that can hold, each perhaps more than once and in no order. */
  collect(view: EventView, out: number[]): void {
    for (const at of this.#always) out.push(at)
    for (const { slot, rules } of this.#slots) {
      for (const text of view.field(slot).folded()) {
        const found = rules.get(text)
        if (found) for (const at of found) out.push(at)
      }
    }
  }
}

/** How many rules share a need's words: the fewer, the better it tells them apart. */
function weigher(needs: readonly Need[]): (need: Need) => number {
  const uses = new Map<string, number>()
  const key = (field: string, word: string): string => `${field}\0${word}`
  for (const { field, words } of needs)
    for (const word of words) uses.set(key(field, word), (uses.get(key(field, word)) ?? 0) + 1)
  return ({ field, words }) => [...words].reduce((sum, word) => sum + (uses.get(key(field, word)) ?? 0), 0)
}

/** The needs of a condition, each of which alone must be met. */
function ofCondition(condition: Condition): readonly Need[] {
  if (condition.kind === 'not') return []
  if (condition.kind === 'selection') return ofDetection(condition.detection)
  const needs = condition.items.map(ofCondition)
  return condition.kind === 'and' ? needs.flat() : common(needs)
}

function ofDetection(detection: Detection): readonly Need[] {
  if (detection.kind === 'item') return ofItem(detection.item)
  const needs = detection.items.map(ofDetection)
  return detection.kind === 'and' ? needs.flat() : common(needs)
}

function ofItem({ field, values, all, negated }: Item): readonly Need[] {
  if (field === undefined || negated) return []
  const words = values.map(plainWord)
  const known = words.filter(word => word !== undefined)
  if (all) return known.map(word => ({ field, words: new Set([word]) }))
  return known.length === words.length ? [{ field, words: new Set(known) }] : []
}

/** Of alternatives, the fields that every one of them needs, with the words of all. */
function common(alternatives: readonly (readonly Need[])[]): readonly Need[] {
  const [first = [], ...rest] = alternatives
  return first.flatMap(need => {
    const same = rest.map(needs => needs.find(({ field }) => field === need.field))
    if (!same.every(other => other !== undefined)) return []
    return [{ field: need.field, words: new Set([need, ...same].flatMap(({ words }) => [...words])) }]
  })
}
