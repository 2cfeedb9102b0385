import { DASH, DASHES, joined, mapText, type Pattern, plain } from '../values.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BYTE_ORDER_MARK = '\ufeff'

/** The pattern in UTF-16, one character per byte, so that `base64` after it sees the bytes. */
export function utf16(pattern: Pattern, order: 'little' | 'big'): Pattern {
  return mapText(pattern, text => {
    let out = ''
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      const [high, low] = [String.fromCharCode(unit >> 8), String.fromCharCode(unit & 255)]
      out += order === 'little' ? low + high : high + low
    }
    return [out]
  })
}

/** UTF-16 with the mark that says its byte order, as Windows writes it: `FF FE`, then little-endian. */
export const utf16WithMark = (pattern: Pattern): Pattern =>
  mapText([BYTE_ORDER_MARK, ...utf16(pattern, 'little')], text => [text])

/** The bytes that a text stands for: of the text in UTF-8, or, after a UTF-16 modifier, its characters. */
export function bytesOf(text: string, areBytes: boolean): readonly number[] {
  if (!areBytes) return [...new TextEncoder().encode(text)]
  return Array.from(text).flatMap(char => (char === BYTE_ORDER_MARK ? [0xff, 0xfe] : [char.charCodeAt(0)]))
}

export function base64(bytes: readonly number[]): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.slice(i, i + 3)
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    out += ALPHABET.charAt(bits >> 18) + ALPHABET.charAt((bits >> 12) & 63)
    out += (b === undefined ? '=' : ALPHABET.charAt((bits >> 6) & 63)) + (c === undefined ? '=' : ALPHABET.charAt(bits & 63))
  }
  return out
}

/**
 * How `bytes` look inside a longer base64 text, for each of the three places where they can begin in a group of three. Of the characters
 * at both ends, those that also depend on the neighbours are cut off.
 */
export function base64Offsets(bytes: readonly number[]): readonly string[] {
  return [0, 1, 2].map(shift => {
    const coded = base64([...Array.from({ length: shift }, () => 0x20), ...bytes])
    const cut = [0, 3, 2][(bytes.length + shift) % 3] ?? 0
    return coded.slice([0, 2, 3][shift], coded.length - cut)
  })
}

/** How many patterns with plain dashes one may become: three dashes. */
const DASHED_LIMIT = 125

/**
 * The pattern with each of the five characters in the place of its dashes, or undefined when that gives more than 125: an encoding has other
 * bytes for each.
 */
export function withPlainDashes(pattern: Pattern): readonly Pattern[] | undefined {
  if (DASHES.length ** pattern.filter(part => part === DASH).length > DASHED_LIMIT) return undefined
  const all = pattern.reduce<readonly Pattern[]>(
    (before, part) => before.flatMap(each => (part === DASH ? DASHES.map(dash => [...each, dash]) : [[...each, part]])),
    [[]],
  )
  return all.map(joined)
}

/** The plain texts that a pattern stands for when its only wildcards are dashes, or undefined: a base64 text has no place for a wildcard. */
export function plainTexts(pattern: Pattern): readonly string[] | undefined {
  const texts = withPlainDashes(pattern)?.map(plain)
  return texts?.every(text => text !== undefined) ? texts : undefined
}

/** Puts `dash` in the place of each dash that begins a word and follows none: ` -x` and `/x`, but neither dash of `a-b` or `--`. */
export function openDashes(pattern: Pattern, dash: typeof DASH): Pattern {
  return mapText(pattern, text => {
    const out: (string | typeof DASH)[] = []
    let from = 0
    for (let i = 0; i < text.length; i++) {
      if (!DASHES.includes(text.charAt(i)) || isWord(text.charAt(i - 1)) || !isWord(text.charAt(i + 1))) continue
      out.push(text.slice(from, i), dash)
      from = i + 1
    }
    return [...out, text.slice(from)]
  })
}

const isWord = (char: string): boolean => /^[\p{L}\p{N}_]$/u.test(char)
