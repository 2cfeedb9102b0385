import type { Compiler } from './compile.ts'
import type { Condition, Detection, Item } from './tree.ts'
import { textOf, type EventView } from './view.ts'

/** How many fields a match tells of, how long a field's name may be, and how long a value, in UTF-16 units; longer ones end with `…`. */
export const EVIDENCE_FIELDS = 32
export const EVIDENCE_NAME = 256
export const EVIDENCE_VALUE = 1_024

export interface Evidence {
  readonly selections: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

/** Prepares the account of why a rule matched: the selections that hold and the values that made them hold. Read after a match only. */
export function compileEvidence(condition: Condition, compiler: Compiler): (view: EventView) => Evidence {
  const gather = ofCondition(condition, compiler)
  return view => {
    const found: Found = { selections: new Set(), fields: new Map() }
    gather(view, found)
    return { selections: [...found.selections], fields: Object.fromEntries(found.fields) }
  }
}

interface Found {
  readonly selections: Set<string>
  readonly fields: Map<string, unknown>
}
type Gather = (view: EventView, found: Found) => void

function ofCondition(condition: Condition, compiler: Compiler): Gather {
  // What stands under a `not` held by being absent, so there is nothing to show.
  if (condition.kind === 'not') return () => {}
  if (condition.kind === 'selection') {
    const gather = ofDetection(condition.detection, compiler)
    const test = compiler.detection(condition.detection)
    return (view, found) => {
      if (found.selections.has(condition.name) || !test(view)) return
      found.selections.add(condition.name)
      gather(view, found)
    }
  }
  const parts = condition.items.map(item => ({ test: compiler.condition(item), gather: ofCondition(item, compiler) }))
  return (view, found) => {
    for (const { test, gather } of parts) if (test(view)) gather(view, found)
  }
}

function ofDetection(detection: Detection, compiler: Compiler): Gather {
  if (detection.kind === 'item') return ofItem(detection.item, compiler)
  const parts = detection.items.map(item => ({ test: compiler.detection(item), gather: ofDetection(item, compiler) }))
  return (view, found) => {
    for (const { test, gather } of parts) if (test(view)) gather(view, found)
  }
}

function ofItem(item: Item, compiler: Compiler): Gather {
  const read = compiler.reader(item)
  const tests = compiler.values(item)
  if (item.negated && item.field === undefined) return () => {}
  return (view, found) => {
    const field = read(view)
    for (const test of tests) {
      if (found.fields.size >= EVIDENCE_FIELDS) return
      const index = item.negated ? 0 : test(field, view)
      if (index < 0) continue
      // A field that is absent, null or only present has no one value that matched; its first is shown, if any.
      const shown = index < field.values.length ? field.values[index] : field.values[0]
      if (shown === undefined && !field.found) continue
      const name = (item.field ?? view.keywordPlace(index)).slice(0, EVIDENCE_NAME)
      if (!found.fields.has(name)) found.fields.set(name, shown === undefined ? null : capped(shown))
    }
  }
}

function capped(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  const text = textOf(value)
  return text.length > EVIDENCE_VALUE ? `${text.slice(0, EVIDENCE_VALUE)}…` : text
}
