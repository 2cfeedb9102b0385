import { describe, expect, it } from 'vitest'
import { compileRegex, REGEX_PATTERN_LIMIT, writtenOut } from './regex.ts'

const flags = { i: false, m: false, s: false }

describe('compileRegex', () => {
  it.each([
    'x{1000}'.repeat(500),
    `(${'a'.repeat(3_000)}){1000}`,
    '((a{100}){10}){9}',
    'a{2001}',
    '(?:[ab]{3,900}){3}',
    '\\({1000}\\){1000}x{99}',
    '(?:(?:(?:){2000}){2000}){20}foo',
    '((){1000}){1000}',
  ])('refuses a pattern that grows without bound: %j', source => {
    expect(compileRegex(source, flags)).toHaveProperty('error')
  })

  it.each([
    ['a{1000}'.repeat(3), 3_000],
    ['(ab){10}c', 21],
    ['((a{3}){4}|b){5}', 70],
    ['[a-z{9}]{2}\\{3}', 5],
  ])('knows how large %j is before it compiles it', (source, size) => {
    expect(writtenOut(source)).toBe(size)
  })

  it.each([
    '[]{1000}a]{2}',
    '[^]({9]+',
    '\\{1000}',
    'a{,1000}',
    '(((((',
    ')))',
    '[',
    '\\',
    '.{1000,}',
    'ab?'.repeat(500),
    '(?i)(?:a|b){1,64}',
  ])('counts no repetition where there is none, and leaves errors to the compiler: %j', source => {
    const made = compileRegex(source, flags)
    expect(typeof made === 'function' || !made.error.includes('larger')).toBe(true)
  })

  it('refuses a pattern that is too long', () => {
    expect(compileRegex('a'.repeat(REGEX_PATTERN_LIMIT + 1), flags)).toHaveProperty('error')
  })

  it('searches, and keeps case unless it is told not to', () => {
    const made = compileRegex('b.d', flags)
    expect(typeof made === 'function' && made('abcde') && !made('ABCDE')).toBe(true)
  })
})
