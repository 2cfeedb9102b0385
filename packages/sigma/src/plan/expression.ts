import type { Condition, Detection, Item } from '../tree.ts'
import { KEYWORDS, type PredicateTable } from './predicate.ts'

/** What a rule asks, over numbered predicates. It is JSON, and a pack keeps it to tell why a rule matched. */
export interface Question {
  readonly condition: Expression
  /** Each detection once, however often the condition names it. */
  readonly selections: readonly { readonly name: string; readonly detection: Expression }[]
}

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly kind: 'not'; readonly item: Expression }
  /** The place of a selection in `Question.selections`. */
  | { readonly kind: 'selection'; readonly at: number }
  | ItemExpression

/** One line of a selection. */
export interface ItemExpression {
  readonly kind: 'item'
  /** The field's number; KEYWORDS for the whole event. */
  readonly field: number
  readonly negated: boolean
  readonly all: boolean
  /** One list of predicates a value, any of which will do for that value. */
  readonly values: readonly (readonly number[])[]
}

/** Reads a condition and adds its fields and predicates to the table. */
export function questionOf(condition: Condition, table: PredicateTable): Question {
  const selections: { name: string; detection: Expression }[] = []
  const places = new Map<Detection, number>()

  function ofCondition(condition: Condition): Expression {
    if (condition.kind === 'not') return { kind: 'not', item: ofCondition(condition.item) }
    if (condition.kind !== 'selection') return { kind: condition.kind, items: condition.items.map(ofCondition) }
    let at = places.get(condition.detection)
    if (at === undefined) {
      at = selections.push({ name: condition.name, detection: ofDetection(condition.detection, table) }) - 1
      places.set(condition.detection, at)
    }
    return { kind: 'selection', at }
  }

  return { condition: ofCondition(condition), selections }
}

function ofDetection(detection: Detection, table: PredicateTable): Expression {
  if (detection.kind === 'item') return ofItem(detection.item, table)
  return { kind: detection.kind, items: detection.items.map(item => ofDetection(item, table)) }
}

function ofItem(item: Item, table: PredicateTable): ItemExpression {
  const field = item.field === undefined ? KEYWORDS : table.slot(item.field)
  const values = table.of(item)
  return { kind: 'item', field, negated: item.negated, all: item.all, values: item.all ? values : wordsLast(values, table) }
}

/** Puts whole words behind the other values, each once: evidence shows the first value that matches, and this is its order. */
function wordsLast(values: readonly (readonly number[])[], table: PredicateTable): readonly (readonly number[])[] {
  const isWord = (ids: readonly number[]): boolean => ids.length === 1 && table.predicates[ids[0] ?? -1]?.[0] === 'equals'
  const words = new Set(values.filter(isWord).flat())
  return [...values.filter(ids => !isWord(ids)), ...[...words].map(id => [id])]
}
