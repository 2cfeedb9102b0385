/**
 * The longest text, folded and in ASCII, that everything matched by an RE2 expression contains; '' when none is found. It reads only what
 * it is sure of: whatever is unusual ends the text before it, or gives ''.
 */
export function regexLiteral(source: string, flags: string): string {
  const flagged = /^\(\?([imsU]+)\)/.exec(source)
  const ignoreCase = flags.includes('i') || (flagged?.[1]?.includes('i') ?? false)
  const body = flagged ? source.slice(flagged[0].length) : source
  if (/\\Q|\(\?[a-zA-Z^-]*\)/.test(body)) return ''
  const tokens = body.match(TOKEN) ?? []
  let best = ''
  let run = ''
  const end = (): void => {
    if (run.length > best.length) best = run
    run = ''
  }
  let depth = 0
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    const quantifier = tokens[i + 1] ?? ''
    if (token.startsWith('(')) depth++
    // What stands in a group may be optional or an alternative, so only what stands outside counts.
    if (depth === 0 && token === '|') return ''
    const char = depth === 0 ? literal(token, ignoreCase) : undefined
    if (char === undefined || OPTIONAL.test(quantifier)) end()
    else {
      run += char
      if (REPEATED.test(quantifier)) end()
    }
    if (token === ')' && --depth < 0) return ''
  }
  end()
  return best
}

/** One escape, class, group border, repetition or character at a time. */
const TOKEN =
  /\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[pP]\{[^}]*\}|\\[pP].|\\[0-7]{1,3}|\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\{\d+(?:,\d*)?\}\??|[*+?]\??|\((?:\?P?<\w+>|\?[a-zA-Z^-]*:)?|[^]/g
const OPTIONAL = /^(?:[*?]\??|\{0+(?:,\d*)?\}\??)$/
const REPEATED = /^(?:\+\??|\{\d+(?:,\d*)?\}\??)$/

/** The character that a token stands for, when it is one in ASCII that no other character equals under the flags. */
function literal(token: string, ignoreCase: boolean): string | undefined {
  const plain = /^[\x20-\x7e]$/.test(token) && !'.^$*+?()[]{}|\\'.includes(token) ? token : undefined
  const char = plain ?? (/^\\[^\w\s]$/.test(token) ? token.slice(1) : undefined)
  if (char === undefined || char > '\x7e') return undefined
  // The long s equals s under `i`, and folds to itself.
  return ignoreCase && /s/i.test(char) ? undefined : char.toLowerCase()
}
