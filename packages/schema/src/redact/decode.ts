import { applyEdits, type Edit, type Mask } from './edits.ts'
import { isAlnum, isHex } from './scan.ts'
import type { Work } from './work.ts'

/** Finds in a text that came out of another. */
export type Find = (decoded: string) => Edit[]

/** An escape of one character, within a text. */
export interface Escape {
  /** Its group holds the character's code in hexadecimal; where it took no part, the last character stands for itself. */
  readonly expression: RegExp
  /** Writes a mask into such a text where a secret stood that was encoded twice. */
  readonly encode: (mask: string) => string
}

export const URL_ESCAPE: Escape = { expression: /%([0-9a-f]{2})/gi, encode: encodeURIComponent }
/** In JSON that stands within a line (a whole one is parsed), and in what Python and JavaScript print. */
export const JSON_ESCAPE: Escape = { expression: /\\(?:(?:u00|x)([0-7][0-9a-f])|\/)/gi, encode: mask => mask }

/** What shows only after decoding (one character a byte), with its place in the text as it is. */
export function escapedEdits(text: string, { expression, encode }: Escape, work: Work, find: Find): Edit[] {
  if (!work.spend(4 * text.length)) return []
  /** Where decoded characters stand in the decoded text, each with what the text has lost up to there. */
  const places: number[] = []
  const losses: number[] = []
  let lost = 0
  const decoded = text.replaceAll(expression, (all: string, hex: string | undefined, at: number) => {
    places.push(at - lost)
    lost += all.length - 1
    losses.push(lost)
    return hex === undefined ? all.slice(-1) : String.fromCharCode(Number.parseInt(hex, 16))
  })
  if (lost === 0) return []
  let before = 0
  const placeOf = (at: number): number => {
    while (before < places.length && (places[before] as number) < at) before++
    return at + (losses[before - 1] ?? 0)
  }
  return find(decoded).map(({ encode: inner, ...edit }) => ({
    ...edit,
    start: placeOf(edit.start),
    end: placeOf(edit.end),
    ...(inner && { encode: (mask: Mask) => encode(inner(mask)) }),
  }))
}

/** Bytes written as text. */
export interface Encoding {
  readonly name: 'base64' | 'hex'
  readonly isDigit: (code: number) => boolean
  /** Characters of a group, after which the bytes begin anew. */
  readonly group: number
}

/** With the signs of its URL form. */
export const BASE64: Encoding = {
  name: 'base64',
  isDigit: code => isAlnum(code) || code === 43 || code === 45 || code === 47 || code === 95,
  group: 4,
}
export const HEX: Encoding = { name: 'hex', isDigit: isHex, group: 2 }

/** Stretches of encoded bytes that hold a secret: masked inside and encoded again. `places`: where groups seem to begin. */
export function encodedEdits(text: string, places: readonly number[], encoding: Encoding, work: Work, find: Find): Edit[] {
  const { isDigit, group } = encoding
  const edits: Edit[] = []
  let start = 0
  let end = 0
  let tried: boolean[] = []
  for (const place of places) {
    if (place >= end) {
      tried = []
      start = end = place
      while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--
      while (end < text.length && isDigit(text.charCodeAt(end))) end++
    }
    const phase = (place - start) % group
    if (tried[phase]) continue
    tried[phase] = true
    const edit = encodedEdit(text, start + phase, end, encoding, work, find)
    if (edit) edits.push(edit)
  }
  return edits
}

function encodedEdit(text: string, start: number, end: number, { name }: Encoding, work: Work, find: Find): Edit | undefined {
  if (!work.spend(2 * (end - start))) return undefined
  const encoded = text.slice(start, end)
  const decoded = Buffer.from(encoded, name).toString('latin1')
  const inner = find(decoded)
  if (inner.length === 0) return undefined
  let padding = 0
  if (name === 'base64') while (padding < 2 && text[end + padding] === '=') padding++
  const form = name === 'base64' && /[-_]/.test(encoded) ? 'base64url' : name
  return {
    start,
    end: end + padding,
    secrets: inner.flatMap(edit => edit.secrets),
    rank: 2 * (inner[0]?.rank ?? 0),
    encode(mask) {
      const again = Buffer.from(applyEdits(decoded, inner, mask), 'latin1').toString(form)
      return padding > 0 ? again : again.replace(/=+$/, '')
    },
  }
}
