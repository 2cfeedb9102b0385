import type { Pattern } from '../values.ts'
import { fold } from '../values.ts'
import { regexLiteral } from '../regex-literal.ts'
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

/** The shortest text that is looked for inside others; one is found in nearly every text. In bytes of UTF-8. */
export const SHORTEST = 3

const PRESENT: Anchor = { how: 'present', text: '', decides: false }

/** Undefined when the predicate can be true of an event that does not have the field. */
export function anchorOf(predicate: Predicate): Anchor | undefined {
  switch (predicate[0]) {
    case 'equals':
      return { how: 'equals', text: predicate[2], decides: true }
    case 'starts':
    case 'ends':
    case 'contains':
      return inside(predicate[0], predicate[2])
    case 'glob':
    case 'cased':
      return ofPattern(predicate[2])
    case 'regex': {
      const literal = regexLiteral(predicate[2], predicate[3])
      return literal.length >= SHORTEST ? { how: 'contains', text: literal, decides: false } : PRESENT
    }
    case 'cidr':
    case 'compare':
    case 'fieldref':
      return PRESENT
    case 'exists':
      // A field of null or [] exists as well, and holds no value to be found.
      return undefined
    case 'null':
    case 'part':
      return undefined
  }
}

function inside(how: 'starts' | 'ends' | 'contains', text: string): Anchor {
  // Bytes are compared, and half a surrogate pair has none of its own.
  if (!text.isWellFormed()) return ofPattern([text])
  if (text === '' || (how === 'contains' && bytes(text) < SHORTEST)) return PRESENT
  return { how, text, decides: true }
}

/** The longest text of a pattern, in ASCII so that folding it alone is folding it in its place. */
function ofPattern(pattern: Pattern): Anchor {
  let longest = ''
  for (const part of pattern) {
    if (typeof part !== 'string') continue
    for (const [run] of part.matchAll(/[\x01-\x7f]+/g)) if (run.length > longest.length) longest = run
  }
  return longest.length >= SHORTEST ? { how: 'contains', text: fold(longest), decides: false } : PRESENT
}

function bytes(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : 3
  }
  return count
}
