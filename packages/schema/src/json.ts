import { BodyError } from './batch/errors.ts'

/** V8 parses JSON five million levels deep and then cannot write it again at five thousand: such a value would break every sink. */
const MAX_DEPTH = 64

/** `JSON.parse`, at most 64 levels deep; a `__proto__` key is an ordinary own key. Throws BodyError `too-deep` or `invalid-json`. */
export function parseJson(text: string): unknown {
  if (isDeeper(text, MAX_DEPTH)) throw new BodyError('too-deep', `body: JSON nested more than ${MAX_DEPTH} deep`)
  try {
    return JSON.parse(text)
  } catch {
    throw new BodyError('invalid-json', 'body: not JSON')
  }
}

/** Whether brackets outside strings open more than `limit` levels. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === 0x5c) at++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}
