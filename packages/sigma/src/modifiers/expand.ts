import type { ParseOptions } from '../rule.ts'
import type { StringValue, Value } from '../tree.ts'
import { joined, parseString, type Pattern } from '../values.ts'

/** How many values one written value may become. */
export const EXPANSION_LIMIT = 10_000

const PLACEHOLDER = /(?<!\\)%(\w+)%/

/** What is meant to be a placeholder, and has another name than one may have. */
const MISNAMED = /(?<!\\)%[^%]*(?<!\\)%/

/** Whether a text as written has a placeholder in it, or a percent sign that is marked as none. */
export const speaksOfPlaceholders = (text: string): boolean => MISNAMED.test(text) || text.includes('\\%')

/** Puts the texts of each `%name%` in its place, every combination of them; `\%` is a plain percent sign. */
export function expand(value: StringValue, { placeholders = {} }: ParseOptions): Value | { readonly error: string } {
  let patterns: readonly Pattern[] = [[]]
  for (const part of value.pattern) {
    // With one group, every second piece is a placeholder's name.
    const pieces = typeof part === 'string' ? part.split(PLACEHOLDER) : [part]
    for (const [i, piece] of pieces.entries()) {
      const misnamed = i % 2 === 0 && typeof piece === 'string' ? MISNAMED.exec(piece) : null
      if (misnamed)
        return {
          error: `"${misnamed[0].slice(0, 80)}" is no placeholder: names are letters, digits and _; write \\% for a percent sign that begins none`,
        }
      let texts: readonly Pattern[] = [[typeof piece === 'string' ? piece.replaceAll('\\%', '%') : piece]]
      if (i % 2 === 1) {
        const name = String(piece)
        const list = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined
        if (!list || list.length === 0)
          return {
            error: `no values are given for the placeholder %${name}%; give them under rules.placeholders.${name} in weir.yaml`,
          }
        texts = list.map(parseString)
      }
      if (patterns.length * texts.length > EXPANSION_LIMIT)
        return { error: `the placeholders give more than ${EXPANSION_LIMIT} values` }
      patterns = patterns.flatMap(before => texts.map(text => [...before, ...text]))
    }
  }
  const values = patterns.map((pattern): StringValue => ({ ...value, pattern: joined(pattern) }))
  const [only] = values
  return values.length === 1 && only ? only : { kind: 'any', values }
}
