import { base64Of, type Form } from './known.ts'
import { PATTERNS } from './rules.ts'

/** What one pass over a text found that is worth a closer look. */
export interface Hits {
  /** Where a pattern's expression may match: place and index of the pattern, in turn. */
  readonly patterns: number[]
  /** Where a known value seems to stand: place and index of its form, in turn. */
  readonly known: number[]
  /** Where a number may stand that is told by its digits: first place and end, in turn. */
  readonly numbers: number[]
  /** Places in runs of letters and digits that seem to be base64 (a group of four begins there) or hexadecimal (a byte does) of plain text. */
  readonly base64: number[]
  readonly hex: number[]
  /** Which kinds of escape occur. What they hide shows only after decoding. */
  readonly percent: boolean
  readonly escape: boolean
  /** An at sign, after a scheme or where mail addresses are asked for. */
  readonly at: boolean
}

interface Literal {
  readonly text: string
  readonly any: boolean
  /** Where it is noted. */
  readonly list: 'patterns' | 'known' | 'base64' | 'hex'
  /** Of its pattern or form. */
  readonly index?: number
}

/** What is looked for: one bit for each three that stands in a literal where a sample may fall; and the literals by their first three. */
export interface Lexicon {
  readonly sieve: Uint32Array
  readonly literals: Map<number, readonly Literal[]>
}

/** How many numbers three characters of six bits make. */
const THREES = 1 << 18
/** By six bits: 1 for what is neither letter nor digit; 2 for what is no digit and does not stand between the digits of a number. */
const CLASSES = Uint8Array.from({ length: 64 }, (_, each) => {
  const isDigit = each > 15 && each < 26
  return (isDigit || (each > 32 && each < 59) ? 0 : 1) | (isDigit || each === 0 || (each > 12 && each < 16) ? 0 : 2)
})
/** Five samples in a row are in ten characters of a number, the shortest one; nine in twenty letters and digits. The one before is another. */
const NUMERIC_RUN = 0xaaa
const NUMERIC_BEGAN = 0x800
const WORD_RUN = 0x55555
const WORD_BEGAN = 0x40000
/** The fewest digits that are a number without a word before it; and a bank account that begins with letters ends with at least so many. */
const CARD_DIGITS = 14
const ACCOUNT_DIGITS = 10
/** Letters and digits in a row that may hide something: 15 bytes of base64. */
const MIN_HIDDEN = 20
/** Characters of one look into such a run, for base64 and for hexadecimal; after four places that many are passed over. */
const LOOK = 12
const LOOK16 = 16
const STEP = 8
/** Characters of a colour's end that look like the beginning of a run, and one more. */
const COLOUR = 5

/** A character as six bits, upper and lower case alike. It also confuses some others: whoever uses it looks again. */
const six = (code: number): number => (code & 31) | ((code >> 1) & 32)

const threeOf = (text: string, at: number): number =>
  (six(text.charCodeAt(at)) << 12) | (six(text.charCodeAt(at + 1)) << 6) | six(text.charCodeAt(at + 2))

const PACK: Lexicon = { sieve: new Uint32Array(THREES / 32), literals: new Map() }
/** Literals too short for samples, looked for where a long run of letters and digits begins. */
const starts: Literal[] = []

function add({ sieve, literals }: Lexicon, literal: Literal): void {
  const mark = (three: number): void => {
    sieve[three >>> 5] = (sieve[three >>> 5] as number) | (1 << three)
  }
  const { text } = literal
  const three = threeOf(text, 0)
  literals.set(three, [...(literals.get(three) ?? []), literal])
  mark(three)
  const second = (three & 0xfff) << 6
  if (text.length > 3) mark(second | six(text.charCodeAt(3)))
  else for (let any = 0; any < 64; any++) mark(second | any)
}

for (const [index, { literals: texts, any }] of PATTERNS.entries()) {
  for (const each of texts) {
    const literal: Literal = { text: any ? each.toLowerCase() : each, any, list: 'patterns', index }
    if (each.length < 3) starts.push(literal)
    else add(PACK, literal)
  }
}

/** Of a form, the beginning is looked for, whatever its length; whoever finds it compares the rest. */
const MAX_LITERAL = 32

/** The pack, and forms of known values, also as base64 and hexadecimal have them. */
export function lexiconOf(forms: readonly Form[]): Lexicon {
  if (forms.length === 0) return PACK
  const lexicon = { sieve: PACK.sieve.slice(), literals: new Map(PACK.literals) }
  const note = (list: Literal['list'], text: string, any: boolean, index?: number): void =>
    add(lexicon, { text: text.slice(0, MAX_LITERAL), any, list, ...(index !== undefined && { index }) })
  for (const [index, { text }] of forms.entries()) {
    note('known', text, false, index)
    for (const each of new Set(base64Of(text))) note('base64', each, false)
    note('hex', Buffer.from(text).toString('hex'), true)
  }
  return lexicon
}

const PERCENT = /%[0-9a-f]{2}/i
const ESCAPE = /\\(?:u00|x|\/)/

/**
 * Finds in one pass what is worth a closer look. Null for a text without any: the common case. It looks at each second place only: of a literal of
 * four characters, wherever it begins, three stand there together, and a table has all such threes. `mail`: look for mail addresses, too.
 */
export function scan(text: string, mail = false, lexicon = PACK): Hits | null {
  const { length } = text
  if (length < 4) return null
  let hits: Hits | null = null
  const table = lexicon.sieve
  // Two bits for each sample, the newest the lowest, because counting runs with branches takes twice as long.
  let classes = -1
  let hidden = 0
  let numeric = 0
  let first = six(text.charCodeAt(0))
  for (let at = 2; at < length; at += 2) {
    const last = six(text.charCodeAt(at))
    const three = (first << 12) | (six(text.charCodeAt(at - 1)) << 6) | last
    first = last
    if (((table[three >>> 5] as number) & (1 << three)) !== 0) {
      if (at > 2) hits = addLiterals(text, at - 3, hits, lexicon)
      hits = addLiterals(text, at - 2, hits, lexicon)
    }
    classes = (classes << 2) | (CLASSES[last] as number)
    if ((classes & NUMERIC_RUN) === NUMERIC_BEGAN) {
      // A sign between two samples has not been seen: what follows it is another run.
      classes |= NUMERIC_RUN
      if (at >= numeric) {
        const start = runStart(text, at, 2)
        numeric = runEnd(text, at, 2)
        if (mayHoldNumber(text, start, numeric)) (hits ??= nothing()).numbers.push(start, numeric)
      }
    }
    if ((classes & WORD_RUN) === WORD_BEGAN) {
      classes |= WORD_RUN
      if (at >= hidden) {
        const start = runStart(text, at, 1)
        hidden = runEnd(text, at, 1)
        if (hidden - start >= MIN_HIDDEN) hits = addHidden(text, start, hidden, hits)
      }
    }
  }
  const percent = text.includes('%') && PERCENT.test(text)
  const escape = text.includes('\\') && ESCAPE.test(text)
  const at = text.includes('@') && (mail || text.includes('://'))
  return percent || escape || at ? { ...(hits ?? nothing()), percent, escape, at } : hits
}

const nothing = (): Hits => ({
  patterns: [],
  known: [],
  numbers: [],
  base64: [],
  hex: [],
  percent: false,
  escape: false,
  at: false,
})

function addLiterals(text: string, start: number, hits: Hits | null, { literals }: Lexicon): Hits | null {
  let found = hits
  for (const literal of literals.get(threeOf(text, start)) ?? NONE) found = addLiteral(text, start, literal, found)
  return found
}

const NONE: readonly Literal[] = []

function addLiteral(text: string, start: number, literal: Literal, hits: Hits | null): Hits | null {
  if (!occurs(text, start, literal)) return hits
  const found = hits ?? nothing()
  found[literal.list].push(start)
  if (literal.index !== undefined) found[literal.list].push(literal.index)
  return found
}

function occurs(text: string, start: number, { text: literal, any }: Literal): boolean {
  return any ? text.slice(start, start + literal.length).toLowerCase() === literal : text.startsWith(literal, start)
}

/** Whether a number may stand in a stretch of digits and what may separate them. */
function mayHoldNumber(text: string, start: number, end: number): boolean {
  let digits = 0
  let gap = 0
  let begin = 0
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48) {
      gap = 0
      if (digits++ === 0) begin = at
      if (digits === CARD_DIGITS || (digits === ACCOUNT_DIGITS && isAfterLetter(text, begin))) return true
    } else {
      if (++gap > 1 || code > 45) digits = 0
      if (code === 45 && isDashed(text, at)) return true
    }
  }
  return false
}

/** Whether a capital stands before, with a blank between at most. */
function isAfterLetter(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  const code = before === 32 ? text.charCodeAt(at - 2) : before
  return code >= 65 && code <= 90
}

/** Whether the dash at `at` is the second one of ddd-dd-d, or the one of .ddd-dd, .dd-ddd and /dddd-dd. */
function isDashed(text: string, at: number): boolean {
  const digit = (offset: number): boolean => isDigit(text.charCodeAt(at + offset))
  if (!digit(1) || !digit(-1) || !digit(-2)) return false
  const sign = text.charCodeAt(at - 3)
  if (sign === 45) return digit(-4) && digit(-5) && digit(-6) && !digit(-7)
  return sign === 46 || text.charCodeAt(at - 4) === 46 || text.charCodeAt(at - 5) === 47
}

/** Where the run of characters around `at` that are without this bit of `CLASSES` begins, and where it ends. */
function runStart(text: string, at: number, bit: number): number {
  let start = at
  while (start > 0 && !((CLASSES[six(text.charCodeAt(start - 1))] as number) & bit)) start--
  return start
}

function runEnd(text: string, at: number, bit: number): number {
  let end = at
  while (end < text.length && !((CLASSES[six(text.charCodeAt(end))] as number) & bit)) end++
  return end
}

/** Looks at a long run of letters and digits for text that is written in it. */
function addHidden(text: string, start: number, end: number, hits: Hits | null): Hits | null {
  let found = hits
  // The end of a colour may stand before it: `31m`.
  for (let at = start; at < start + COLOUR; at++) for (const literal of starts) found = addLiteral(text, at, literal, found)
  for (let at = start; at + LOOK <= end; at++) {
    if (isText64(text, at)) (found ??= nothing()).base64.push(at)
    if (at + LOOK16 <= end && isText16(text, at)) (found ??= nothing()).hex.push(at)
    if ((at - start) % STEP === 3) at += STEP - 4
  }
  return found
}

/** Whether twelve characters are base64 of nine bytes that can be printed. */
function isText64(text: string, at: number): boolean {
  // The first byte of a group is below 128 if its first character is one of A to Z and a to f, and begins with one of these if it can be printed.
  for (let group = at; group < at + LOOK; group += 4) {
    const code = text.charCodeAt(group)
    if (code < 67 || code > 102) return false
  }
  for (let group = at; group < at + LOOK; group += 4) {
    const a = sextet(text, group)
    const b = sextet(text, group + 1)
    const c = sextet(text, group + 2)
    if (
      !isPrinted((a << 2) | (b >> 4)) ||
      !isPrinted(((b & 15) << 4) | (c >> 2)) ||
      !isPrinted(((c & 3) << 6) | sextet(text, group + 3))
    )
      return false
  }
  return true
}

/** Whether sixteen characters are eight that can be printed, two hexadecimal digits each. */
function isText16(text: string, at: number): boolean {
  for (let pair = at; pair < at + LOOK16; pair += 2) {
    const high = text.charCodeAt(pair)
    if (high < 50 || high > 55 || !isHex(text.charCodeAt(pair + 1))) return false
  }
  return true
}

/** The six bits of a letter or digit in base64. */
function sextet(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code > 96 ? code - 71 : code > 64 ? code - 65 : code + 4
}

const isPrinted = (code: number): boolean => (code >= 32 && code < 127) || (code >= 9 && code <= 13)

const isDigit = (code: number): boolean => code >= 48 && code <= 57

export const isHex = (code: number): boolean => isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)

export const isAlnum = (code: number): boolean => isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 122)
