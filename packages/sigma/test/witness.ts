import type { Rule } from '../src/rule.ts'
import type { Condition, Detection, Item, Value } from '../src/tree.ts'

/** An event that a rule most likely matches: of alternatives the first is met, and what stands under a `not` is left out. */
export function witnessOf({ condition }: Pick<Rule, 'condition'>): { readonly [field: string]: string } {
  const texts = new Map<string, string[]>()
  ofCondition(condition)
  return Object.fromEntries([...texts].map(([field, parts]) => [field, parts.join(' ')]))

  function ofCondition(tree: Condition): void {
    if (tree.kind === 'selection') ofDetection(tree.detection)
    else if (tree.kind === 'or') for (const item of tree.items.slice(0, 1)) ofCondition(item)
    else if (tree.kind === 'and') for (const item of tree.items) ofCondition(item)
  }
  function ofDetection(tree: Detection): void {
    if (tree.kind === 'item') ofItem(tree.item)
    else for (const item of tree.kind === 'or' ? tree.items.slice(0, 1) : tree.items) ofDetection(item)
  }
  function ofItem({ field = 'message', values, all, negated }: Item): void {
    if (negated) return
    const found = texts.get(field) ?? []
    texts.set(field, found)
    const added = (all ? values : values.slice(0, 1)).map(textOf)
    // A value that is the whole field, or its beginning, cannot stand behind others.
    if (!found.some(text => added.some(other => text.includes(other)))) found.push(...added)
  }
}

function textOf(value: Value): string {
  if (value.kind === 'string') return value.pattern.map(part => (typeof part === 'string' ? part : ['', 'q', '-'][part])).join('')
  if (value.kind === 'number') return String(value.number)
  if (value.kind === 'boolean') return String(value.boolean)
  if (value.kind === 'any') return value.values.slice(0, 1).map(textOf).join('')
  return value.kind === 'cidr' ? value.network.words.join('.') : 'something'
}
