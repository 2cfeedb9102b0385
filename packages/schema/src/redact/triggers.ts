/** What one pass over a text found that is worth a closer look. */
export interface Hits {
  /** Indexes of the patterns one of whose literals occurs. */
  readonly patterns: ReadonlySet<number>
  /** A percent-encoded byte occurs. */
  readonly percent: boolean
  /** A JSON escape of an ASCII character occurs: what it hides shows only after parsing. */
  readonly escape: boolean
  /** Where base64 of a literal seems to begin, and how many of the four characters of a base64 group stand before it. */
  readonly base64: readonly { readonly at: number; readonly phase: number }[]
}

/** Finds in one pass which of many literals a text holds. Returns null for a text without any: the common case. */
export type Scanner = (text: string) => Hits | null

/** What starts patterns that have no literal: 14 digits (with single blanks or dashes between), a dashed 3-2-4 group, an at sign. */
export interface Shapes {
  readonly digits: number
  readonly dashed: number
  readonly at: number
}

interface Literal {
  /** As it must stand in the text: lower case where case does not matter. */
  readonly text: string
  readonly exact: boolean
  readonly pattern: number
  readonly phase: number
}

const DIGITS = 14
const BASE64 = -1
const ESCAPE = -2
const AT = 64
const PERCENT = 37
const NONE: ReadonlySet<number> = new Set()
const HASH = 0x9e3779b1

/**
 * A scanner for `literals[i]`, at least four ASCII characters each, belonging to pattern i. Case is ignored here: the pattern decides. The last
 * four characters, folded, fit one 32-bit number; an 8 KiB bitmap says at once that nearly all of them begin no literal.
 * `encoded` are literals whose base64 is looked for too, in each of its three alignments.
 */
export function createScanner(literals: readonly (readonly string[])[], encoded: readonly string[], shapes: Shapes): Scanner {
  const byStart = new Map<number, Literal[]>()
  const may = new Uint32Array(0x10000 / 32)
  const add = (literal: Literal): void => {
    const start = folded(literal.text)
    const same = byStart.get(start)
    if (same) same.push(literal)
    else byStart.set(start, [literal])
    const hash = Math.imul(start, HASH) >>> 16
    may[hash >>> 5] = (may[hash >>> 5] as number) | (1 << (hash & 31))
  }
  for (const [pattern, texts] of literals.entries()) {
    for (const text of texts) add({ text: text.toLowerCase(), exact: false, pattern, phase: 0 })
  }
  for (const text of encoded.flatMap(base64Forms)) add({ ...text, exact: true, pattern: BASE64 })
  add({ text: '\\u00', exact: false, pattern: ESCAPE, phase: 0 })
  const mayHit = createSieve(byStart, may)

  return text => {
    if (!mayHit(text)) return null
    let patterns: Set<number> | undefined
    let base64: { at: number; phase: number }[] | undefined
    let percent = false
    let escape = false
    let last = 0
    let digits = 0
    let gap = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      last = (last << 8) | fold(code)
      if (code <= 64) {
        if (code >= 48) {
          if (code <= 57) {
            gap = 0
            if (++digits === DIGITS) (patterns ??= new Set()).add(shapes.digits)
          } else {
            digits = 0
            if (code === 64) (patterns ??= new Set()).add(shapes.at)
          }
        } else if (code === 45 || code === 32) {
          if (++gap > 1) digits = 0
          if (code === 45 && text.charCodeAt(at - 3) === 45 && isDashed(text, at)) (patterns ??= new Set()).add(shapes.dashed)
        } else {
          digits = 0
          if (code === 37 && isHex(text.charCodeAt(at + 1)) && isHex(text.charCodeAt(at + 2))) percent = true
        }
      } else digits = 0
      const hash = Math.imul(last, HASH) >>> 16
      if (((may[hash >>> 5] as number) & (1 << (hash & 31))) === 0) continue
      const start = at - 3
      for (const literal of byStart.get(last) ?? []) {
        if (!occurs(text, start, literal)) continue
        if (literal.pattern >= 0) (patterns ??= new Set()).add(literal.pattern)
        else if (literal.pattern === ESCAPE) escape = true
        else (base64 ??= []).push({ at: start, phase: literal.phase })
      }
    }
    if (!patterns && !percent && !escape && !base64) return null
    return { patterns: patterns ?? NONE, percent, escape, base64: base64 ?? [] }
  }
}

/** How many numbers three characters of six bits make. */
const THREES = 1 << 18
/** The top bits of those characters: none of them is set in digits, blanks and dashes, and one is in every letter. */
const LETTERS = (1 << 17) | (1 << 11) | (1 << 5)
/** The fewest threes in a row within the shorter of the shapes made of digits, ddd-dd-d, wherever it begins. */
const RUN = 3

/**
 * Says false of nearly every text that a scan would find nothing in, and never of one that it would find something in. It looks at each second
 * place only: of a literal of four characters, wherever it begins, three stand there together, and a table has all such threes.
 */
function createSieve(byStart: ReadonlyMap<number, readonly Literal[]>, may: Uint32Array): (text: string) => boolean {
  const threes = new Uint32Array(THREES / 32)
  const add = (three: number): void => {
    threes[three >>> 5] = (threes[three >>> 5] as number) | (1 << three)
  }
  for (const { text } of [...byStart.values()].flat()) {
    const [a, b, c, d] = [0, 1, 2, 3].map(at => six(text.charCodeAt(at))) as [number, number, number, number]
    add((a << 12) | (b << 6) | c)
    add((b << 12) | (c << 6) | d)
  }
  for (const one of [six(AT), six(PERCENT)]) {
    for (let two = 0; two < 1 << 12; two++) {
      add((one << 12) | two)
      add(((two & 0xfc0) << 6) | (one << 6) | (two & 63))
      add((two << 6) | one)
    }
  }

  /** Whether what ends the sample at `at` begins, or almost ends, a literal; or is a sign that needs a look by itself. */
  const isHit = (text: string, at: number): boolean => {
    for (let place = at - 2; place <= at; place++) {
      const code = text.charCodeAt(place)
      if (code === AT || code === PERCENT) return true
    }
    return (at > 2 && begins(text, at - 3)) || begins(text, at - 2)
  }
  const begins = (text: string, start: number): boolean => {
    const four = folded(text, start)
    const hash = Math.imul(four, HASH) >>> 16
    if (((may[hash >>> 5] as number) & (1 << (hash & 31))) === 0) return false
    return byStart.get(four)?.some(literal => occurs(text, start, literal)) ?? false
  }

  return text => {
    const table = threes
    const { length } = text
    if (length < 4 || text.charCodeAt(length - 1) === AT) return true
    let run = 0
    let first = six(text.charCodeAt(0))
    for (let at = 2; at < length; at += 2) {
      const last = six(text.charCodeAt(at))
      const three = (first << 12) | (six(text.charCodeAt(at - 1)) << 6) | last
      first = last
      if (((table[three >>> 5] as number) & (1 << three)) !== 0 && isHit(text, at)) return true
      if ((three & LETTERS) !== 0) run = 0
      else if (++run === RUN && hasDigitShape(text, at - 2 * RUN - 1)) return true
    }
    return false
  }
}

/** Whether a shape made of digits begins at `from` or later and before the next letter, or what `six` takes for one. */
function hasDigitShape(text: string, from: number): boolean {
  let digits = 0
  let gap = 0
  for (let at = Math.max(0, from); at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) {
      gap = 0
      if (++digits === DIGITS) return true
    } else if (code === 45 || code === 32) {
      if (++gap > 1) digits = 0
      if (code === 45 && text.charCodeAt(at - 3) === 45 && isDashed(text, at)) return true
    } else {
      digits = 0
      if ((code & 64) !== 0 && at > from) return false
    }
  }
  return false
}

/** A character as six bits, upper and lower case alike. It also confuses some others: whoever uses it looks again. */
const six = (code: number): number => (code & 31) | ((code >> 1) & 32)

/** The parts of a literal's base64 that do not depend on what stands around it: one for each place in a group of three bytes. */
function base64Forms(literal: string): { text: string; phase: number }[] {
  return [0, 1, 2].flatMap(before => {
    const first = Math.ceil((before * 8) / 6)
    const end = Math.floor(((before + literal.length) * 8) / 6)
    const text = Buffer.from('\0'.repeat(before) + literal, 'latin1')
      .toString('base64')
      .slice(first, end)
    return text.length < 4 ? [] : [{ text, phase: first }]
  })
}

/** Upper and lower case as one byte. It also confuses a few other characters: whoever uses it looks again. */
const fold = (code: number): number => (code | 32) & 0xff

function folded(text: string, start = 0): number {
  let value = 0
  for (let at = start; at < start + 4; at++) value = (value << 8) | fold(text.charCodeAt(at))
  return value
}

function occurs(text: string, start: number, literal: Literal): boolean {
  const found = text.substr(start, literal.text.length)
  return literal.exact ? found === literal.text : found.toLowerCase() === literal.text
}

/** Whether the dash at `at`, with another one three places before it, is the second one of ddd-dd-d. */
function isDashed(text: string, at: number): boolean {
  const digit = (offset: number): boolean => isDigit(text.charCodeAt(at + offset))
  return digit(1) && digit(-1) && digit(-2) && digit(-4) && digit(-5) && digit(-6) && !digit(-7)
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const isHex = (code: number): boolean => isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
