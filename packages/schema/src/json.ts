import { BodyError } from './batch/errors.ts'

/** V8 parses JSON five million levels deep and then cannot write it again at five thousand: such a value would break every sink. */
const MAX_DEPTH = 64

/** `JSON.parse`, at most 64 levels deep; a `__proto__` key is an ordinary own key. Throws BodyError `too-deep` or `invalid-json`. */
export function parseJson(text: string): unknown {
  const parsed = text.length <= SHORT ? parseShort(text) : undefined
  if (parsed) return parsed.value
  if (isDeeper(text, MAX_DEPTH)) throw new BodyError('too-deep', `body: JSON nested more than ${MAX_DEPTH} deep`)
  try {
    return JSON.parse(text)
  } catch {
    throw new BodyError('invalid-json', 'body: not JSON')
  }
}

/** The longest text that is parsed before its depth is known: what it makes at worst is no burden. UTF-16 units. */
const SHORT = 16 * 1024

/** A parsed text; `undefined` where only a scan can tell what is wrong with it. */
function parseShort(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isShallow(value, MAX_DEPTH) ? { value } : undefined
  } catch {
    return undefined
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every(item => isShallow(item, depth - 1))
  const fields = value as Readonly<Record<string, unknown>>
  for (const key in fields) if (!isShallow(fields[key], depth - 1)) return false
  return true
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
