import type { Matcher } from './matcher.ts'
import type { Expression, ItemExpression, Question } from './plan/expression.ts'
import { KEYWORDS } from './plan/predicate.ts'
import { textOf } from './view.ts'

/** How many fields a match tells of, how long a field's name may be, and how long a value, in UTF-16 units; longer ones end with `…`. */
export const EVIDENCE_FIELDS = 32
export const EVIDENCE_NAME = 256
export const EVIDENCE_VALUE = 1_024

export interface Evidence {
  readonly selections: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

/** Tells why rules hold for a matcher's event: the selections that hold and the values that made them hold. */
export class Gatherer {
  readonly #matcher: Matcher
  readonly #names: readonly string[]
  #question: Question = { condition: { kind: 'or', items: [] }, selections: [] }
  /** By selection, whether it holds; what was not asked yet is undefined. */
  #held: boolean[] = []
  #selections: string[] = []
  #fields: Record<string, unknown> = {}
  #count = 0

  constructor(matcher: Matcher, fields: readonly string[]) {
    this.#matcher = matcher
    this.#names = fields
  }

  of(question: Question): Evidence {
    this.#question = question
    this.#held = []
    const selections: string[] = (this.#selections = [])
    const fields: Record<string, unknown> = (this.#fields = {})
    this.#count = 0
    if (this.#holds(question.condition)) this.#gather(question.condition)
    return { selections, fields }
  }

  #holds(node: Expression): boolean {
    switch (node.kind) {
      case 'and':
        for (const item of node.items) if (!this.#holds(item)) return false
        return true
      case 'or':
        for (const item of node.items) if (this.#holds(item)) return true
        return false
      case 'not':
        return !this.#holds(node.item)
      case 'selection': {
        // A condition may name a selection many times.
        const detection = this.#question.selections[node.at]?.detection
        return (this.#held[node.at] ??= detection !== undefined && this.#holds(detection))
      }
      case 'item': {
        const { all } = node
        // What ends the search: with `all` a value that does not match, else one that does.
        for (const ids of node.values) if (this.#any(ids) !== all) return all === node.negated
        return all !== node.negated
      }
    }
  }

  #any(ids: readonly number[]): boolean {
    for (const id of ids) if (this.#matcher.holds(id)) return true
    return false
  }

  /** Gathers from a part that holds. */
  #gather(node: Expression): void {
    if (node.kind === 'item') this.#item(node)
    else if (node.kind === 'selection') {
      const selection = this.#question.selections[node.at]
      if (!selection || this.#selections.includes(selection.name)) return
      this.#selections.push(selection.name)
      this.#gather(selection.detection)
      // What stands under a `not` held by being absent, so there is nothing to show.
    } else if (node.kind !== 'not') for (const part of node.items) if (this.#holds(part)) this.#gather(part)
  }

  #item({ field: slot, negated, values }: ItemExpression): void {
    if (negated && slot === KEYWORDS) return
    const field = this.#matcher.field(slot)
    for (const ids of values) {
      if (this.#count >= EVIDENCE_FIELDS) return
      const index = negated ? 0 : this.#first(ids)
      if (index < 0) continue
      // A field that is absent, null or only present has no one value that matched; its first is shown, if any.
      const shown = index < field.values.length ? field.values[index] : field.values[0]
      if (shown === undefined && !field.found) continue
      this.#show(slot === KEYWORDS ? this.#matcher.view.keywordPlace(index) : (this.#names[slot] ?? ''), shown)
    }
  }

  #first(ids: readonly number[]): number {
    for (const id of ids) {
      if (!this.#matcher.holds(id)) continue
      const index = this.#matcher.which(id)
      if (index >= 0) return index
    }
    return -1
  }

  #show(field: string, value: unknown): void {
    const name = field.length > EVIDENCE_NAME ? field.slice(0, EVIDENCE_NAME) : field
    if (Object.hasOwn(this.#fields, name)) return
    this.#count++
    const shown = value === undefined ? null : capped(value)
    // To set `__proto__` would not make a field of that name.
    if (name === '__proto__')
      Object.defineProperty(this.#fields, name, { value: shown, enumerable: true, writable: true, configurable: true })
    else this.#fields[name] = shown
  }
}

function capped(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  const text = textOf(value)
  return text.length > EVIDENCE_VALUE ? `${text.slice(0, EVIDENCE_VALUE)}…` : text
}
