import type { Condition } from '../tree.ts'
import { implies, Steps } from './covers.ts'
import type { Selection } from './document.ts'

/** How many selections a condition may name to be looked at: the table has two to that many rows. */
export const TRUTH_LIMIT = 12

export interface Truth {
  readonly verdict: 'sometimes' | 'never' | 'always'
  /** Selections that change nothing, with the selection that makes them needless where one does. */
  readonly idle: readonly { readonly name: string; readonly because: string | undefined }[]
}

/**
 * What a condition comes to, over every combination of its selections that an event can bring about: where one selection implies another, a
 * row with only the first is none. Undefined when it names more selections than `TRUTH_LIMIT`.
 */
export function truthOf(condition: Condition, selections: readonly Selection[]): Truth | undefined {
  const used = namesOf(condition)
  const atoms = selections.filter(({ name }) => used.has(name))
  if (atoms.length === 0 || atoms.length > TRUTH_LIMIT) return undefined
  const rows = 2 ** atoms.length
  const place = new Map(atoms.map(({ name }, i) => [name, i]))
  const implied: (readonly [number, number])[] = []
  const steps = new Steps()
  for (const [i, a] of atoms.entries())
    for (const [j, b] of atoms.entries()) if (i !== j && implies(a.detection, b.detection, steps)) implied.push([i, j])
  const possible = Array.from({ length: rows }, (_, row) => implied.every(([i, j]) => !bit(row, i) || bit(row, j)))
  const holds = Array.from({ length: rows }, (_, row) => evaluate(condition, name => bit(row, place.get(name) ?? 0)))
  const seen = possible.flatMap((can, row) => (can ? [row] : []))
  const verdict = seen.every(row => !holds[row]) ? 'never' : seen.every(row => holds[row]) ? 'always' : 'sometimes'
  if (verdict !== 'sometimes') return { verdict, idle: [] }
  const set = (row: number, i: number, on: boolean): number => (on ? row | (1 << i) : row & ~(1 << i))
  const needless = (i: number, among: readonly number[]): boolean =>
    [true, false].some(on => among.every(row => holds[row] === holds[set(row, i, on)]))
  const idle = atoms.flatMap(({ name }, i) => {
    if (!needless(i, seen)) return []
    // The implication that alone makes it needless.
    const why = implied.find(([a, b]) => {
      const rest = [...holds.keys()].filter(row => !bit(row, a) || bit(row, b))
      return (a === i || b === i) && needless(i, rest)
    })
    return [{ name, because: why && atoms[why[0] === i ? why[1] : why[0]]?.name }]
  })
  return { verdict, idle }
}

const bit = (row: number, i: number): boolean => (row & (1 << i)) !== 0

function evaluate(condition: Condition, value: (name: string) => boolean): boolean {
  if (condition.kind === 'selection') return value(condition.name)
  if (condition.kind === 'not') return !evaluate(condition.item, value)
  const test = (item: Condition): boolean => evaluate(item, value)
  return condition.kind === 'and' ? condition.items.every(test) : condition.items.some(test)
}

/** The names of the selections in a condition. */
export function namesOf(condition: Condition, into: Set<string> = new Set()): Set<string> {
  if (condition.kind === 'selection') into.add(condition.name)
  else for (const item of condition.kind === 'not' ? [condition.item] : condition.items) namesOf(item, into)
  return into
}
