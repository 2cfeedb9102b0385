import { fold, open, type Pattern } from '../values.ts'
import { regexLiterals } from '../regex-literal.ts'
import type { Predicate } from './predicate.ts'

/**
 * What an event must hold for a predicate to be true, in a form that an index finds: a folded text that a field is, begins with, ends with
 * or contains; or that the field holds any value at all.
 */
export interface Anchor {
  readonly how: 'equals' | 'starts' | 'ends' | 'contains' | 'present'
  readonly text: string
  /** Whether finding the anchor is already the answer; otherwise the predicate must still be tested. */
  readonly decides: boolean
}

const PRESENT: readonly Anchor[] = [{ how: 'present', text: '', decides: false }]

/** One of them must be found; undefined when the predicate can be true of an event that has no value in the field. */
export function anchorsOf(predicate: Predicate): readonly Anchor[] | undefined {
  switch (predicate[0]) {
    case 'equals':
      return [{ how: 'equals', text: predicate[2], decides: true }]
    case 'starts':
    case 'ends':
    case 'contains':
      return inside(predicate[0], predicate[2])
    case 'glob':
    case 'cased':
      return ofPattern(predicate[2])
    case 'regex':
      return regexLiterals(predicate[2], predicate[3])?.map(text => ({ how: 'contains', text, decides: false })) ?? PRESENT
    case 'cidr':
    case 'compare':
    case 'fieldref':
      return PRESENT
    // A field of null or [] exists as well, and holds no value to be found.
    case 'exists':
    case 'null':
    case 'part':
      return undefined
  }
}

function inside(how: 'starts' | 'ends' | 'contains', text: string): readonly Anchor[] {
  // The index compares bytes, and half a surrogate pair, which only a pack can hold, has none of its own.
  if (!text.isWellFormed()) return ofPattern(open([text], how !== 'starts', how !== 'ends'))
  return text === '' ? PRESENT : [{ how, text, decides: true }]
}

/** The longest text of a pattern, in ASCII so that folding it alone is folding it in its place. */
function ofPattern(pattern: Pattern): readonly Anchor[] {
  let best: Anchor | undefined
  pattern.forEach((part, at) => {
    if (typeof part !== 'string') return
    for (const { 0: run, index } of part.matchAll(/[\x01-\x7f]+/g)) {
      const starts = at === 0 && index === 0
      const ends = at === pattern.length - 1 && index + run.length === part.length
      if (best && worth(best.text) >= worth(run)) continue
      best = { how: starts ? 'starts' : ends ? 'ends' : 'contains', text: fold(run), decides: false }
    }
  })
  return best ? [best] : PRESENT
}

/** What files' names end with says little. */
const worth = (text: string): number => (EXTENSION.test(text) ? 1 : text.length)
export const EXTENSION = /^\.[a-z0-9]{2,4}$/i
