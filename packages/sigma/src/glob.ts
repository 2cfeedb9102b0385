import { type DASH, DASHES, MANY, ONE, type Pattern } from './values.ts'

type Segment = readonly (string | typeof ONE | typeof DASH)[]

/**
 * Compiles a pattern to a test of a whole text. Time is at most the text's length times the pattern's, whatever either holds: the
 * segments between `*` are found from left to right, which is enough because each is as wide in characters wherever it stands.
 * Letters are compared as they are; fold both sides for a match without case.
 */
export function compilePattern(pattern: Pattern): (text: string) => boolean {
  const first = pattern[0]
  const last = pattern.at(-1)
  if (pattern.length === 0) return text => text === ''
  if (pattern.length === 1 && first === MANY) return () => true
  if (pattern.length === 1 && typeof first === 'string') return text => text === first
  if (pattern.length === 2 && typeof first === 'string' && last === MANY) return text => text.startsWith(first)
  if (pattern.length === 2 && first === MANY && typeof last === 'string') return text => text.endsWith(last)
  const middle = pattern[1]
  if (pattern.length === 3 && first === MANY && last === MANY && typeof middle === 'string') return text => text.includes(middle)
  return globTest(segments(pattern))
}

function segments(pattern: Pattern): Segment[] {
  const all: (string | typeof ONE | typeof DASH)[][] = [[]]
  for (const part of pattern) {
    if (part === MANY) all.push([])
    else all.at(-1)?.push(part)
  }
  return all
}

function globTest(all: readonly Segment[]): (text: string) => boolean {
  const head = all[0] ?? []
  const tail = all.at(-1) ?? []
  if (all.length === 1) return text => ends(head, text, 0) === text.length
  const between = all.slice(1, -1).filter(segment => segment.length > 0)
  return text => {
    let at = ends(head, text, 0)
    if (at < 0) return false
    const end = begins(tail, text)
    for (const segment of between) {
      at = find(segment, text, at)
      if (at < 0) return false
    }
    return at <= end
  }
}

/** Where `segment` ends when it begins at `at`, or -1. */
function ends(segment: Segment, text: string, at: number): number {
  for (const part of segment) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, at)) return -1
      at += part.length
    } else if (at >= text.length) return -1
    else if (part === ONE) at += isPair(text, at) ? 2 : 1
    else if (DASHES.includes(text.charAt(at))) at++
    else return -1
  }
  return at
}

/** Where `segment` begins when it ends the text, or -1. */
function begins(segment: Segment, text: string): number {
  let at = text.length
  for (let i = segment.length - 1; i >= 0; i--) {
    const part = segment[i]
    if (typeof part === 'string') {
      if (!text.endsWith(part, at)) return -1
      at -= part.length
    } else if (at === 0) return -1
    else if (part === ONE) at -= at > 1 && isPair(text, at - 2) ? 2 : 1
    else if (DASHES.includes(text.charAt(at - 1))) at--
    else return -1
  }
  return at
}

/** Where the leftmost `segment` at or after `at` ends, or -1. */
function find(segment: Segment, text: string, at: number): number {
  const lead = segment[0]
  while (at <= text.length) {
    if (typeof lead === 'string') {
      at = text.indexOf(lead, at)
      if (at < 0) return -1
    }
    const end = ends(segment, text, at)
    if (end >= 0) return end
    at += isPair(text, at) ? 2 : 1
  }
  return -1
}

function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00
}
