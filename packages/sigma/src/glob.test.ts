import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from './glob.ts'
import { DASH, DASHES, joined, MANY, ONE, parseString, type Pattern } from './values.ts'

/** The definition, by trying every way: right, and exponential. */
function naive(pattern: Pattern, text: readonly string[]): boolean {
  const [part, ...rest] = pattern
  if (part === undefined) return text.length === 0
  if (part === MANY) return naive(rest, text) || (text.length > 0 && naive(pattern, text.slice(1)))
  if (typeof part === 'string') return text.slice(0, part.length).join('') === part && naive(rest, text.slice(part.length))
  return text.length > 0 && (part === ONE || DASHES.includes(text[0] ?? '')) && naive(rest, text.slice(1))
}

const letters = fc.array(fc.constantFrom('a', 'b', '-', '/', '😀'), { maxLength: 9 })
const part = fc.oneof(
  fc.constantFrom(MANY, ONE, DASH),
  fc.array(fc.constantFrom('a', 'b', '-'), { minLength: 1, maxLength: 2 }).map(all => all.join('')),
)

describe('compilePattern', () => {
  it('agrees with trying every way', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 7 }), letters, (parts, text) => {
        const pattern = joined(parts)
        expect(compilePattern(pattern)(text.join(''))).toBe(naive(pattern, text))
      }),
      { numRuns: 3_000 },
    )
  })

  it.each([
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab', 'ab', false],
    ['a?', 'a', false],
    ['', '', true],
    ['', 'x', false],
    ['*', '', true],
  ])('%j on %j is %s', (pattern, text, expected) => {
    expect(compilePattern(parseString(pattern))(text)).toBe(expected)
  })

  it('ends on a pattern and a text that make backtracking explode', () => {
    const pattern = parseString(`${'a*'.repeat(200)}b`)
    expect(compilePattern(pattern)('a'.repeat(50_000))).toBe(false)
    expect(compilePattern(parseString(`*${'?'.repeat(100)}a*b`))('a'.repeat(20_000))).toBe(false)
  })
})

describe('parseString', () => {
  it('reads back whatever text has its wildcards and backslashes escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\\', '*', '?', '%') }), text => {
        const escaped = text.replaceAll(/[\\*?]/g, char => `\\${char}`)
        expect(parseString(escaped)).toEqual(text === '' ? [] : [text])
      }),
    )
  })
})
