import { RE2JS } from 're2js'

/** `|re` looks at the first 32,768 UTF-16 units of a field and at nothing after them. */
export const REGEX_INPUT_LIMIT = 32_768
/** The longest pattern that is taken, in UTF-16 units. */
export const REGEX_PATTERN_LIMIT = 4_096
/**
 * The largest compiled pattern that is taken, in RE2 instructions; the largest of SigmaHQ is `.{1000,}` with 1,003. Time grows with
 * instructions times characters: at both limits a search was measured to take up to 2 s, where SigmaHQ's take at most 0.13 ms on 8 KiB.
 */
export const REGEX_PROGRAM_LIMIT = 2_000

const TOO_LARGE = {
  error: `is larger than ${REGEX_PROGRAM_LIMIT} instructions when its repetitions are written out; use smaller counts`,
}

/**
 * Compiles a pattern in RE2's syntax, which has no look-around and no back-reference and matches in linear time whatever the input. The
 * test is a search, not a full match.
 */
export function compileRegex(
  source: string,
  flags: { readonly i: boolean; readonly m: boolean; readonly s: boolean },
): ((text: string) => boolean) | { readonly error: string } {
  const outgrown = tooLarge(source)
  if (outgrown) return outgrown
  try {
    const regex = RE2JS.compile(
      source,
      (flags.i ? RE2JS.CASE_INSENSITIVE : 0) | (flags.m ? RE2JS.MULTILINE : 0) | (flags.s ? RE2JS.DOTALL : 0),
    )
    if (regex.programSize() > REGEX_PROGRAM_LIMIT) return TOO_LARGE
    return text => regex.test(text.length > REGEX_INPUT_LIMIT ? text.slice(0, REGEX_INPUT_LIMIT) : text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { error: `is not valid in RE2 syntax (no look-around, no back-references): ${reason.slice(0, 200)}` }
  }
}

/** What is wrong with the size of a pattern, as far as that shows without compiling it: half a million instructions take more than a second. */
export function tooLarge(source: string): { readonly error: string } | undefined {
  if (source.length > REGEX_PATTERN_LIMIT) return { error: `is longer than ${REGEX_PATTERN_LIMIT} characters` }
  return writtenOut(source) > 2 * REGEX_PROGRAM_LIMIT ? TOO_LARGE : undefined
}

/** About how many atoms a pattern has with its counted repetitions written out; of an invalid pattern, some number. */
export function writtenOut(source: string): number {
  const groups: number[] = []
  let total = 0
  let atom = 0
  const token = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[()]|[\s\S]/g
  for (const [text, least, most] of source.matchAll(token)) {
    if (text === '(') {
      groups.push(total)
      total = 0
    } else if (text === ')') {
      // An empty group repeated is no less work than a character.
      atom = Math.max(total, 1)
      total = atom + (groups.pop() ?? 0)
    } else if (least !== undefined) {
      total += atom * (Math.max(Number(least), Number(most ?? 0)) - 1)
    } else {
      atom = 1
      total++
    }
  }
  return total + groups.reduce((sum, before) => sum + before, 0)
}
