/**
 * With how many different values of the other field `fieldref` compares a field's values when it is more than equality; it looks at none after
 * them. Both sides come from the event, and each value is searched for each of them.
 */
export const FIELDREF_LIMIT = 256

export type Affix = 'equals' | 'starts' | 'ends' | 'contains'

const SAME: Readonly<Record<Exclude<Affix, 'equals'>, (text: string, other: string) => boolean>> = {
  starts: (text, other) => text.startsWith(other),
  ends: (text, other) => text.endsWith(other),
  contains: (text, other) => text.includes(other),
}

/** A test of whether a text is, begins with, ends with or contains any of the others; all are folded. */
export function anyOther(others: readonly string[], how: Affix): (text: string) => boolean {
  const all = new Set(others)
  if (how === 'equals') return text => all.has(text)
  const some = [...all].slice(0, FIELDREF_LIMIT)
  const same = SAME[how]
  return text => some.some(other => same(text, other))
}
