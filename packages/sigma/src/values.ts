/** Wildcards of a pattern. MANY and ONE are Sigma's `*` and `?`; DASH is what `windash` puts in a dash's place. */
export const MANY = 0
/** One character: a code point, not a UTF-16 unit. */
export const ONE = 1
export const DASH = 2
export type Wildcard = typeof MANY | typeof ONE | typeof DASH

/** The five characters that DASH stands for: hyphen, slash, en dash, em dash, horizontal bar. */
export const DASHES: readonly string[] = ['-', '/', '\u2013', '\u2014', '\u2015']

/** A Sigma string, parsed: literal text and wildcards in turn, never two texts in a row and never an empty one. `[]` is `''`. */
export type Pattern = readonly (string | Wildcard)[]

/**
 * Reads a Sigma string as pySigma does: `*` and `?` are wildcards, `\*`, `\?` and `\\` are the plain character, and a backslash before
 * anything else, or at the end, is itself. So `\\` always becomes one backslash: a UNC path is written with four.
 */
export function parseString(source: string): Pattern {
  const parts: (string | Wildcard)[] = []
  let text = ''
  for (let i = 0; i < source.length; i++) {
    const char = source[i]
    const next = source[i + 1]
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      text += next
      i++
    } else if (char === '*' || char === '?') {
      parts.push(text, char === '*' ? MANY : ONE)
      text = ''
    } else text += char
  }
  parts.push(text)
  return joined(parts)
}

/** The pattern with neighbouring texts joined, empty ones dropped, and `**` as `*`. */
export function joined(parts: Pattern): Pattern {
  const out: (string | Wildcard)[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part
    else if (part !== '' && !(part === MANY && last === MANY)) out.push(part)
  }
  return out
}

/** The text of a pattern that has no wildcards, else undefined. */
export function plain(pattern: Pattern): string | undefined {
  if (pattern.length === 0) return ''
  const [text] = pattern
  return pattern.length === 1 && typeof text === 'string' ? text : undefined
}

/** How many wildcards one value may have, the dashes of `windash` not counted: time grows with them for each character of a text. */
export const WILDCARDS_LIMIT = 256

export const wildcards = (pattern: Pattern): number => pattern.filter(part => part === MANY || part === ONE).length

/** `contains`, `startswith` and `endswith`: a wildcard on either side, unless one is there already. */
export const open = (pattern: Pattern, before: boolean, after: boolean): Pattern =>
  joined([...(before ? ([MANY] as const) : []), ...pattern, ...(after ? ([MANY] as const) : [])])

/** Applies `change` to the texts of a pattern and leaves its wildcards. */
export const mapText = (pattern: Pattern, change: (text: string) => Pattern): Pattern =>
  joined(pattern.flatMap(part => (typeof part === 'string' ? change(part) : [part])))

/**
 * How letters are compared: lower case by Unicode's default mapping, whatever the locale, with final sigma as sigma. No letter becomes
 * two (ß is not ss) and nothing is normalized (é as one code point is not e and an accent).
 */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  return lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower
}
