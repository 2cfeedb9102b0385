/** The deepest nesting that is let in. V8 parses millions of levels and then cannot write past five thousand, so every sink would fail. */
export const MAX_JSON_DEPTH = 64

/** The most bytes of one JSON text (measured in UTF-16 units, so never more than its bytes). */
export const MAX_JSON_LENGTH = 1024 * 1024

/** A JSON text that is not let in. The message names the place and holds nothing of the text. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly reason: 'invalid-json' | 'too-deep' | 'too-large'

  constructor(reason: JsonError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export interface JsonLimits {
  readonly depth?: number
  readonly length?: number
}

/**
 * `JSON.parse` for text that others wrote: bounded in depth and length before it is parsed; a `__proto__` key is an ordinary own key (copy such
 * objects with spread or `Object.fromEntries`: assignment would lose it); a whole number beyond 2^53 and a number beyond a double's range
 * stay as their own text, because rounding an id makes it someone else's; half a surrogate pair becomes U+FFFD, since no sink can take it.
 * Throws JsonError.
 */
export function parseJson(text: string, limits: JsonLimits = {}): unknown {
  const depth = limits.depth ?? MAX_JSON_DEPTH
  const length = limits.length ?? MAX_JSON_LENGTH
  if (text.length > length) throw new JsonError('too-large', `JSON longer than ${length}`)
  const parsed = parseShort(text, depth)
  if (parsed) return parsed.value
  const seen = prescan(text)
  if (seen.depth > depth) throw new JsonError('too-deep', `JSON nested more than ${depth} deep`)
  return parseScanned(text, seen.inexact).value
}

/** A parsed value. `repaired`: something in it had to become U+FFFD. */
export interface Parsed {
  readonly value: unknown
  readonly repaired: boolean
}

/** The longest text that is parsed before anything is known of it: what it makes at worst is no burden. UTF-16 units. */
const SHORT = 16 * 1024

/**
 * What a scan of the text and then `parseScanned` would give, for a fraction of the scan; `undefined` for a text that needs the scan, to say what
 * is wrong with it or because a number in it would change.
 */
export function parseShort(text: string, depth: number): Parsed | undefined {
  if (text.length > SHORT) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isExact(value, depth) ? repaired(value, text) : undefined
}

/** Whether a parsed value nests no deeper and holds no number that a double may have changed. */
function isExact(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every(item => isExact(item, depth - 1))
  const fields = value as Readonly<Record<string, unknown>>
  for (const key in fields) if (!isExact(fields[key], depth - 1)) return false
  return true
}

/** A text whose depth and length are known to be within bounds. */
export function parseScanned(text: string, inexact: boolean): Parsed {
  let value: unknown
  try {
    value = inexact ? JSON.parse(text, exact) : JSON.parse(text)
  } catch (error) {
    throw new JsonError('invalid-json', `not JSON${placeOf(error)}`)
  }
  return repaired(value, text)
}

function repaired(value: unknown, text: string): Parsed {
  if (!text.includes('\\u') || !SURROGATE.test(text)) return { value, repaired: false }
  const state = { repaired: false }
  return { value: wellFormed(value, state), repaired: state.repaired }
}

/** An escaped surrogate, whole pair or half. */
const SURROGATE = /\\u[dD][89a-fA-F]/

/** V8's messages quote the text; only the position in them may be passed on. */
function placeOf(error: unknown): string {
  const at = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined
  return at === undefined ? '' : ` at character ${at}`
}

/** Reviver: keeps the text of a number that a double would change. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  if (!Number.isFinite(value)) return context.source
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source) ? context.source : value
}

function wellFormed(value: unknown, state: { repaired: boolean }): unknown {
  if (typeof value === 'string') {
    if (value.isWellFormed()) return value
    state.repaired = true
    return value.toWellFormed()
  }
  if (Array.isArray(value)) return value.map(item => wellFormed(item, state))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key, state), wellFormed(item, state)]))
}

/** How deep the brackets outside strings go, and whether a number may be one that a double changes. */
function prescan(text: string): { depth: number; inexact: boolean } {
  let depth = 0
  let deepest = 0
  let digits = 0
  let inexact = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) {
      if (++digits >= INEXACT_DIGITS) inexact = true
      continue
    }
    if ((code | 0x20) === 0x65 && digits > 0) inexact = true
    digits = 0
    if (code === 0x22) {
      for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > deepest) deepest = depth
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return { depth: deepest, inexact }
}

/** A run of digits this long may be beyond 2^53, which has sixteen. */
export const INEXACT_DIGITS = 16
