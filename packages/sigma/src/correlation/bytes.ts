/**
 * Bytes that a text takes as JSON in UTF-8, quotes included: what a store counts. A character of Chinese takes three, and a control character or
 * half a surrogate pair six.
 */
export function jsonBytes(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return utf8Bytes(JSON.stringify(text))
  }
  return text.length + 2
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Bytes that a value takes as JSON in UTF-8. */
export const bytesOf = (value: unknown): number => utf8Bytes(JSON.stringify(value) ?? '')

/** Of well-formed text, as JSON always is. */
function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of the pair's four bytes.
    if (code > 0x7f) bytes += code > 0x7ff && (code & 0xf800) !== 0xd800 ? 2 : 1
  }
  return bytes
}

/** The beginning of a text, at most `length` UTF-16 code units, that does not end in half a surrogate pair. */
export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, (last & 0xfc00) === 0xd800 ? length - 1 : length)
}
