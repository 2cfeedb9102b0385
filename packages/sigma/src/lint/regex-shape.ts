/** What an expression looks like, as far as lints ask. */
export interface RegexShape {
  /** The one text that it searches for, when it is a text with or without anchors, `.*` and `(?i)`; whether the text is bound to an end. */
  readonly literal?: { readonly text: string; readonly start: boolean; readonly end: boolean }
  /** Characters in the longest text that every match holds; of alternatives, the shortest of theirs. */
  readonly needs: number
  /** `(?i)` and the like at its beginning. */
  readonly inlineFlags: string
  /** A `.*` at an end, where a search needs none. */
  readonly idleEnds: boolean
  /** It has letters outside classes and escapes, and all are lower case. */
  readonly lowerCase: boolean
}

type Node =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' | 'start' | 'end' | 'other' }
  | { readonly kind: 'group'; readonly alternatives: readonly Sequence[] }
type Sequence = readonly { readonly node: Node; readonly least: number; readonly most: number }[]

/** Reads an expression that RE2 has taken. */
export function shapeOf(source: string): RegexShape {
  const inlineFlags = /^\(\?([a-zA-Z]+)\)/.exec(source)?.[1] ?? ''
  const reader = new Reader(inlineFlags ? source.slice(inlineFlags.length + 3) : source)
  const alternatives = reader.alternatives()
  const [only = []] = alternatives
  const literal = alternatives.length === 1 ? literalOf(only) : undefined
  const idle = (part: Sequence[number] | undefined): boolean =>
    part?.node.kind === 'any' && part.most === Infinity && part.least === 0
  return {
    ...(literal ? { literal } : {}),
    needs: longest(alternatives),
    inlineFlags,
    idleEnds: alternatives.length === 1 && only.length > 1 && (idle(only[0]) || idle(only.at(-1))),
    lowerCase: /\p{Ll}/u.test(reader.letters) && reader.letters === reader.letters.toLowerCase(),
  }
}

function literalOf(sequence: Sequence): RegexShape['literal'] {
  let parts = sequence
  const once = (kind: Node['kind'], part: Sequence[number] | undefined): boolean => part?.node.kind === kind && part.least === 1
  const free = (part: Sequence[number] | undefined): boolean =>
    part?.node.kind === 'any' && part.most === Infinity && part.least === 0
  const start = once('start', parts[0])
  if (start) parts = parts.slice(1)
  const end = once('end', parts.at(-1))
  if (end) parts = parts.slice(0, -1)
  const looseStart = free(parts[0])
  if (looseStart) parts = parts.slice(1)
  const looseEnd = free(parts.at(-1))
  if (looseEnd) parts = parts.slice(0, -1)
  const text = parts.map(({ node, least, most }) => (node.kind === 'char' && least === 1 && most === 1 ? node.char : undefined))
  if (text.length === 0 || text.includes(undefined)) return undefined
  return { text: text.join(''), start: start && !looseStart, end: end && !looseEnd }
}

function longest(alternatives: readonly Sequence[]): number {
  return Math.min(
    ...alternatives.map(sequence => {
      let best = 0
      let run = 0
      for (const { node, least, most } of sequence) {
        if (node.kind === 'char' && least >= 1) {
          run += 1
          if (most > 1) run = 1
        } else {
          run = 0
          if (node.kind === 'group' && least >= 1) best = Math.max(best, longest(node.alternatives))
        }
        best = Math.max(best, run)
      }
      return best
    }),
  )
}

const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/
const CLASSES = /^\\(?:[dDwWsSbBAzCQE]|[pP](?:\{[^}]*\}|.)|x\{[^}]*\}|x..|[0-7]{1,3})/su

class Reader {
  readonly #source: string
  #at = 0
  letters = ''

  constructor(source: string) {
    this.#source = source
  }

  alternatives(): readonly Sequence[] {
    const all: Sequence[number][][] = [[]]
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      if (this.#source[this.#at] === '|') {
        this.#at++
        all.push([])
      } else all.at(-1)?.push(this.#quantified(this.#node()))
    }
    return all
  }

  #node(): Node {
    const rest = this.#source.slice(this.#at)
    const char = rest[0] ?? ''
    if (char === '(') return this.#group(rest)
    const taken = (text: string, node: Node): Node => {
      this.#at += text.length
      return node
    }
    if (char === '^') return taken(char, { kind: 'start' })
    if (char === '$') return taken(char, { kind: 'end' })
    if (char === '.') return taken(char, { kind: 'any' })
    if (char === '[') return taken(/^\[\^?\]?(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]?/su.exec(rest)?.[0] ?? char, { kind: 'other' })
    if (char !== '\\') {
      this.letters += char
      return taken(char, { kind: 'char', char })
    }
    const known = CLASSES.exec(rest)?.[0]
    if (known) return taken(known, { kind: 'other' })
    const escaped = rest[1] ?? ''
    const control = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', a: '\u0007' }[escaped]
    return taken(rest.slice(0, 2), { kind: 'char', char: control ?? escaped })
  }

  #group(rest: string): Node {
    const head = /^\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:?))?/.exec(rest)?.[0] ?? '('
    this.#at += head.length
    // `(?i)` in the middle: flags from here on.
    if (head.startsWith('(?') && !head.endsWith(':') && !head.endsWith('>') && this.#source[this.#at] === ')') {
      this.#at++
      return { kind: 'other' }
    }
    const alternatives = this.alternatives()
    this.#at++
    return { kind: 'group', alternatives }
  }

  #quantified(node: Node): Sequence[number] {
    const found = QUANTIFIER.exec(this.#source.slice(this.#at))
    if (!found) return { node, least: 1, most: 1 }
    this.#at += found[0].length
    const [, sign, least, comma, most] = found
    if (sign) return { node, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity }
    return { node, least: Number(least), most: comma === undefined ? Number(least) : most ? Number(most) : Infinity }
  }
}
