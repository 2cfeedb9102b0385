import type { Expression, ItemExpression, Question } from './expression.ts'
import { KEYWORDS, type PredicateTable } from './predicate.ts'

/** Where a program ends: the rule does not hold, or it does. */
export const FALSE = 0
export const TRUE = 1

/**
 * Conditions as jumps, three numbers a step: a predicate, where to go on when it is true, and where when it is false. One array holds all
 * programs. A program is written from its end, so jumps only lead back to what was written before, and every run ends.
 */
export class Programs {
  readonly code: number[] = [FALSE, TRUE]
  readonly #table: PredicateTable

  constructor(table: PredicateTable) {
    this.#table = table
  }

  /** Writes the program of a rule and answers where it begins. What its condition names twice becomes a predicate of its own. */
  add({ condition, selections }: Question): number {
    const uses = selections.map(() => 0)
    count(condition, uses)
    const parts = selections.map(({ detection }, at) =>
      (uses[at] ?? 0) > 1 && detection.kind !== 'item'
        ? this.#table.id(['part', KEYWORDS, this.#write(detection, TRUE, FALSE, none)])
        : undefined,
    )
    return this.#write(condition, TRUE, FALSE, (at, yes, no) => {
      const part = parts[at]
      const detection = selections[at]?.detection
      if (part !== undefined) return this.#step(part, yes, no)
      return detection ? this.#write(detection, yes, no, none) : no
    })
  }

  #step(predicate: number, yes: number, no: number): number {
    return this.code.push(predicate, yes, no) - 3
  }

  #write(node: Expression, yes: number, no: number, selection: (at: number, yes: number, no: number) => number): number {
    switch (node.kind) {
      case 'not':
        return this.#write(node.item, no, yes, selection)
      case 'selection':
        return selection(node.at, yes, no)
      case 'item':
        return node.negated ? this.#item(node, no, yes) : this.#item(node, yes, no)
      case 'and':
        return node.items.reduceRight((next, item) => this.#write(item, next, no, selection), yes)
      case 'or':
        return node.items.reduceRight((next, item) => this.#write(item, yes, next, selection), no)
    }
  }

  #item({ values, all }: ItemExpression, yes: number, no: number): number {
    const any = (ids: readonly number[], yes: number, no: number): number =>
      ids.reduceRight((next, id) => this.#step(id, yes, next), no)
    return all ? values.reduceRight((next, ids) => any(ids, next, no), yes) : any(values.flat(), yes, no)
  }
}

const none = (): number => FALSE

/** How often the condition names each selection. */
function count(node: Expression, uses: number[]): void {
  if (node.kind === 'not') count(node.item, uses)
  else if (node.kind === 'selection') uses[node.at] = (uses[node.at] ?? 0) + 1
  else if (node.kind !== 'item') for (const item of node.items) count(item, uses)
}
