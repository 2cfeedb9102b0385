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

/** Tells why a rule holds for the matcher's event: the selections that hold and the values that made them hold. */
export function evidenceOf({ condition, selections }: Question, matcher: Matcher, fields: readonly string[]): Evidence {
  const names = new Set<string>()
  const found = new Map<string, unknown>()

  function holds(node: Expression): boolean {
    switch (node.kind) {
      case 'and':
        return node.items.every(holds)
      case 'or':
        return node.items.some(holds)
      case 'not':
        return !holds(node.item)
      case 'selection': {
        const detection = selections[node.at]?.detection
        return detection !== undefined && holds(detection)
      }
      case 'item': {
        const any = (ids: readonly number[]): boolean => ids.some(id => matcher.holds(id))
        return (node.all ? node.values.every(any) : node.values.some(any)) !== node.negated
      }
    }
  }

  /** Gathers from a part that holds. */
  function gather(node: Expression): void {
    if (node.kind === 'item') item(node)
    else if (node.kind === 'selection') {
      const selection = selections[node.at]
      if (!selection || names.has(selection.name)) return
      names.add(selection.name)
      gather(selection.detection)
      // What stands under a `not` held by being absent, so there is nothing to show.
    } else if (node.kind !== 'not') for (const part of node.items) if (holds(part)) gather(part)
  }

  function item({ field: slot, negated, values }: ItemExpression): void {
    if (negated && slot === KEYWORDS) return
    const field = matcher.field(slot)
    for (const ids of values) {
      if (found.size >= EVIDENCE_FIELDS) return
      const index = negated ? 0 : first(ids)
      if (index < 0) continue
      // A field that is absent, null or only present has no one value that matched; its first is shown, if any.
      const shown = index < field.values.length ? field.values[index] : field.values[0]
      if (shown === undefined && !field.found) continue
      const name = (slot === KEYWORDS ? matcher.view.keywordPlace(index) : (fields[slot] ?? '')).slice(0, EVIDENCE_NAME)
      if (!found.has(name)) found.set(name, shown === undefined ? null : capped(shown))
    }
  }

  function first(ids: readonly number[]): number {
    for (const id of ids) {
      const index = matcher.which(id)
      if (index >= 0) return index
    }
    return -1
  }

  if (holds(condition)) gather(condition)
  return { selections: [...names], fields: Object.fromEntries(found) }
}

function capped(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  const text = textOf(value)
  return text.length > EVIDENCE_VALUE ? `${text.slice(0, EVIDENCE_VALUE)}…` : text
}
