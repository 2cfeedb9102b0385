import { type Pattern, PATTERNS, scan } from './patterns.ts'
import type { Hits } from './triggers.ts'
import type { Work } from './work.ts'

/** A secret in a text: what to mask, and under which name. */
export interface Secret {
  readonly kind: string
  readonly value: string
}

/** One stretch of a text to replace. */
export interface Edit {
  readonly start: number
  readonly end: number
  /** What it holds. More than one where it is encoded. */
  readonly secrets: readonly Secret[]
  /** Where several edits overlap, the lowest one gives the mask. */
  readonly rank: number
  /** What to write instead, for an encoded stretch; undefined for the mask of its secret. */
  readonly encode?: (mask: Mask) => string
}

/** Writes the mask of a secret. */
export type Mask = (secret: Secret) => string

const MASK = /\[redacted:[\w:-]{1,80}\]/g
/** Of one encoding within another: a URL within a URL, base64 within a URL. */
export const MAX_DECODINGS = 2
/** What it takes to judge a candidate, in characters, beside its own length: two more looks at a name and a value of the usual size. */
const CANDIDATE = 200
/** A rejected match is looked at again from here on before its end: another field may begin in it, and no name and value are longer by far. */
const LOOK_AGAIN = 256

/**
 * All there is to replace in `text`, in order, without overlaps. `hits`: what `scan` said of it. `decodings`: how many encodings it came out of.
 * Once `work` is spent, what it returns is not all.
 */
export function findEdits(text: string, hits: Hits | null, work: Work, decodings = 0): Edit[] {
  if (!hits) return []
  const edits: Edit[] = []
  for (const index of hits.patterns) addMatches(text, PATTERNS[index] as Pattern, index, work, edits)
  if (decodings < MAX_DECODINGS) {
    if (hits.percent) for (const edit of decodedEdits(text, URL_PART, work, decodings)) edits.push(edit)
    if (hits.escape) for (const edit of decodedEdits(text, JSON_PART, work, decodings)) edits.push(edit)
    if (hits.base64.length > 0) for (const edit of base64Edits(text, hits, work, decodings)) edits.push(edit)
  }
  if (edits.length === 0) return edits
  return merge(text.includes('[redacted:') ? besideMasks(text, edits) : edits)
}

/** The edits that touch no mask: what is masked stays as it is. */
function besideMasks(text: string, edits: Edit[]): Edit[] {
  const masks = [...text.matchAll(MASK)]
  let next = 0
  return edits.sort(inOrder).filter(edit => {
    while ((masks[next]?.index ?? text.length) + (masks[next]?.[0].length ?? 0) <= edit.start && next < masks.length) next++
    return (masks[next]?.index ?? text.length) >= edit.end
  })
}

const inOrder = (a: Edit, b: Edit): number => a.start - b.start || a.rank - b.rank

/** `text` with its edits made. */
export function applyEdits(text: string, edits: readonly Edit[], mask: Mask): string {
  let done = 0
  let result = ''
  for (const { start, end, secrets, encode } of edits) {
    const [secret] = secrets
    result += text.slice(done, start) + (encode ? encode(mask) : secret ? mask(secret) : '')
    done = end
  }
  return result + text.slice(done)
}

function addMatches(text: string, pattern: Pattern, rank: number, work: Work, edits: Edit[]): void {
  const { expression, accept, rest } = pattern
  if (!work.spend(text.length)) return
  expression.lastIndex = 0
  for (let match = expression.exec(text); match; match = expression.exec(text)) {
    if (!work.spend(match[0].length + CANDIDATE)) return
    let value = match.findLast(group => group !== undefined) ?? match[0]
    let end = match.index + match[0].length
    const start = end - value.length
    const accepted = accept?.(value, match) ?? true
    if (accepted === false) {
      expression.lastIndex = Math.max(match.index + 1, start, end - LOOK_AGAIN)
      continue
    }
    if (rest) {
      rest.lastIndex = end
      end += rest.exec(text)?.[0].length ?? 0
      value = text.slice(start, end)
      expression.lastIndex = end
    }
    edits.push({ start, end, rank, secrets: [{ kind: accepted === true ? pattern.kind : accepted, value }] })
  }
}

/** Edits in order; those that overlap become one that covers them all and is named by the lowest rank. */
export function merge(edits: Edit[]): Edit[] {
  edits.sort(inOrder)
  const merged: Edit[] = []
  for (const edit of edits) {
    const last = merged.at(-1)
    if (!last || edit.start >= last.end) {
      merged.push(edit)
      continue
    }
    const named = edit.rank < last.rank ? edit : last
    const whole = named.start <= last.start && named.end >= Math.max(last.end, edit.end)
    const { secrets, rank } = named
    const range = { start: last.start, end: Math.max(last.end, edit.end) }
    merged[merged.length - 1] = whole ? named : { ...range, secrets, rank }
  }
  return merged
}

/** How one byte is written with others: two hex digits behind a sign. */
interface Encoding {
  readonly expression: RegExp
  /** Characters for one byte. */
  readonly width: number
  /** Writes a mask into such a text where a secret stood that was encoded twice. */
  readonly encode: (mask: string) => string
}

const URL_PART: Encoding = { expression: /%([0-9a-f]{2})/gi, width: 3, encode: encodeURIComponent }
/** In JSON that stands within a line: a whole one is parsed. */
const JSON_PART: Encoding = { expression: /\\u00([0-7][0-9a-f])/gi, width: 6, encode: mask => mask }

/** What shows only after decoding (one character a byte), with its place in the text as it is. */
function decodedEdits(text: string, { expression, width, encode }: Encoding, work: Work, decodings: number): Edit[] {
  if (!work.spend(4 * text.length)) return []
  /** Where decoded bytes stand in the decoded text. */
  const bytes: number[] = []
  const decoded = text.replaceAll(expression, (_, hex: string, at: number) => {
    bytes.push(at - (width - 1) * bytes.length)
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  let before = 0
  const placeOf = (at: number): number => {
    while (before < bytes.length && (bytes[before] as number) < at) before++
    return at + (width - 1) * before
  }
  return findEdits(decoded, scan(decoded), work, decodings + 1).map(({ encode: inner, ...edit }) => ({
    ...edit,
    start: placeOf(edit.start),
    end: placeOf(edit.end),
    rank: edit.rank + PATTERNS.length,
    ...(inner && { encode: (mask: Mask) => encode(inner(mask)) }),
  }))
}

/** Stretches of base64 whose bytes hold a secret: masked inside and encoded again. */
function base64Edits(text: string, hits: Hits, work: Work, decodings: number): Edit[] {
  const edits: Edit[] = []
  const seen = new Set<number>()
  let start = 0
  let end = 0
  for (const { at, phase } of hits.base64) {
    if (at >= end) {
      start = at
      end = at
      while (start > 0 && isBase64(text.charCodeAt(start - 1))) start--
      while (isBase64(text.charCodeAt(end))) end++
    }
    const first = start + ((((at - phase - start) % 4) + 4) % 4)
    if (at - phase < start || seen.has(first)) continue
    seen.add(first)
    const edit = base64Edit(text, first, end, work, decodings)
    if (edit) edits.push(edit)
  }
  return edits
}

function base64Edit(text: string, start: number, end: number, work: Work, decodings: number): Edit | undefined {
  if (!work.spend(2 * (end - start))) return undefined
  const encoded = text.slice(start, end)
  const decoded = Buffer.from(encoded, 'base64').toString('latin1')
  const inner = findEdits(decoded, scan(decoded), work, decodings + 1)
  if (inner.length === 0) return undefined
  let padding = 0
  while (padding < 2 && text.charCodeAt(end + padding) === 61) padding++
  const form = /[-_]/.test(encoded) ? 'base64url' : 'base64'
  return {
    start,
    end: end + padding,
    rank: 2 * PATTERNS.length,
    secrets: inner.flatMap(edit => edit.secrets),
    encode(mask) {
      const again = Buffer.from(applyEdits(decoded, inner, mask), 'latin1').toString(form)
      return padding > 0 ? again : again.replace(/=+$/, '')
    },
  }
}

/** A character of base64 or of its URL form. */
function isBase64(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 47 && code <= 57) ||
    code === 43 ||
    code === 45 ||
    code === 95
  )
}
