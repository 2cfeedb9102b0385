import { RE2JS } from 're2js'

/**
 * `|re` looks at the first 32,768 UTF-16 units of a field and at nothing after them. The engine is linear, but its constant is not
 * small: 8 KiB cost up to 0.13 ms a pattern, measured over the 149 distinct patterns of SigmaHQ.
 */
export const REGEX_INPUT_LIMIT = 32_768
/** The longest pattern that is taken, in UTF-16 units. */
export const REGEX_PATTERN_LIMIT = 4_096
/** The largest compiled pattern that is taken, in RE2 instructions: `(a{100}){10}` is about 1,000. */
export const REGEX_PROGRAM_LIMIT = 20_000

/**
 * Compiles a pattern in RE2's syntax, which has no look-around and no back-reference and matches in linear time whatever the input. The
 * test is a search, not a full match.
 */
export function compileRegex(
  source: string,
  flags: { readonly i: boolean; readonly m: boolean; readonly s: boolean },
): ((text: string) => boolean) | { readonly error: string } {
  if (source.length > REGEX_PATTERN_LIMIT) return { error: `is longer than ${REGEX_PATTERN_LIMIT} characters` }
  try {
    const regex = RE2JS.compile(
      source,
      (flags.i ? RE2JS.CASE_INSENSITIVE : 0) | (flags.m ? RE2JS.MULTILINE : 0) | (flags.s ? RE2JS.DOTALL : 0),
    )
    if (regex.programSize() > REGEX_PROGRAM_LIMIT)
      return { error: 'is too large when its repetitions are written out; use smaller counts' }
    return text => regex.test(text.length > REGEX_INPUT_LIMIT ? text.slice(0, REGEX_INPUT_LIMIT) : text)
  } catch (error) {
    return {
      error: `is not valid in RE2 syntax (no look-around, no back-references): ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}
