import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PATTERNS } from './rules.ts'
import { type Hits, scan } from './scan.ts'

const LITERALS = PATTERNS.flatMap(({ literals, any }, pattern) => literals.map(text => ({ text, any, pattern })))
const LONG = LITERALS.filter(({ text }) => text.length > 3)

/** What was found, as pairs of place and index. */
function pairs(hits: Hits | null): string[] {
  const all = hits?.patterns ?? []
  return all.flatMap((place, at) => (at % 2 === 0 ? [`${place} ${all[at + 1]}`] : []))
}

describe('scan', () => {
  it('finds each literal of four characters or more wherever it stands, and no others', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(...LONG.map(each => each.text), ...LONG.map(each => each.text.toUpperCase())),
          fc.string({ unit: 'binary' }),
        ),
      )
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, each => {
        const lower = each.replace(/[A-Z]/g, letter => letter.toLowerCase())
        const there = LONG.flatMap(({ text: literal, any, pattern }) => {
          const [where, what] = any ? [lower, literal.toLowerCase()] : [each, literal]
          return Array.from({ length: each.length }, (_, at) => at).flatMap(at =>
            where.startsWith(what, at) ? [`${at} ${pattern}`] : [],
          )
        })
        const short = new Set(LITERALS.filter(({ text: literal }) => literal.length < 4).map(({ pattern }) => pattern))
        const found = pairs(scan(each)).filter(pair => !short.has(Number(pair.split(' ')[1])) || there.includes(pair))
        expect(found.toSorted()).toEqual(there.toSorted())
      }),
      { numRuns: 500 },
    )
  })

  it.each(LITERALS.filter(({ text }) => text.length === 3))('finds $text where something follows', ({ text, pattern }) => {
    for (const before of ['', ' ', 'x ', 'xy '])
      expect(pairs(scan(`${before}${text}abc`))).toContain(`${before.length} ${pattern}`)
  })

  it.each<[string, boolean]>([
    ['4539148803436467', true],
    ['4539 1488 0343 6467', true],
    ['4539-1488-0343-6467', true],
    ['1789387200123', false],
    ['at 1789387200', false],
    ['4539  1488  0343  6467', false],
    ['4539.1488.0343.6467', false],
    ['536-22-1234', true],
    ['id 536-22-1234', true],
    ['2026-09-14T12:00:00.123Z', false],
    ['1536-22-1234', false],
    ['529.982.247-25', true],
    ['11.222.333/0001-81', true],
    ['85.07.30-033.28', true],
    ['NL91ABNA0417164300', true],
    ['NL91 ABNA 0417 1643 00', true],
    ['10.20.30.40:8080', false],
  ])('sees a number worth a look in %s: %s', (text, isHit) => {
    for (const before of ['', ' ', 'a', 'a ', 'ab: '])
      expect((scan(`${before}${text} and more`)?.numbers.length ?? 0) > 0 || before === 'a').toBe(isHit || before === 'a')
  })

  it('sees a number or hidden text behind other digits or letters, whatever sign stands between', () => {
    for (const sign of [',', ':', '"', '","']) {
      for (const before of ['1', '12', '1789387200', '17893872001', 'a1', 'b12']) {
        expect(scan(`${before}${sign}4539148803436467`)?.numbers.length, `${before}${sign}`).toBe(2)
        expect(scan(`${before}${sign}536-22-1234.`)?.numbers.length, `${before}${sign}`).toBe(2)
      }
      for (const before of ['a', 'ab', 'abcdefghijkl', 'abcdefghijklm', 'abcdefghijklmnopqr', 'abcdefghijklmnopqrs'])
        expect(scan(`${before}${sign}cGFzc3dvcmQ9aHVudGVyMg`)?.base64.length ?? 0, `${before}${sign}`).toBeGreaterThan(0)
    }
  })

  it('sees text in base64 and hexadecimal wherever it begins', () => {
    const word = fc.stringMatching(/^[ -~]{24,60}$/)
    fc.assert(
      fc.property(word, fc.constantFrom('', 'k=', '/a/', 'x'), (text, before) => {
        const base64 = Buffer.from(text).toString('base64')
        // The signs of base64 end a run of letters and digits.
        fc.pre(/[A-Za-z0-9]{26}/.test(base64))
        expect(scan(before + base64)?.base64.length ?? 0).toBeGreaterThan(0)
        expect(scan(before + Buffer.from(text).toString('hex'))?.hex.length ?? 0).toBeGreaterThan(0)
      }),
    )
  })

  it.each([
    ['%41', true],
    ['a %41', true],
    ['100%', false],
    ['%zz %', false],
  ])('sees a percent-encoded byte in %s: %s', (text, percent) => {
    expect(scan(`${text}    `)?.percent ?? false).toBe(percent)
  })

  it('sees escapes of ASCII characters', () => {
    expect(scan('"\\u0041"')?.escape).toBe(true)
    expect(scan('a\\/b')?.escape).toBe(true)
    expect(scan('b"\\x41"')?.escape).toBe(true)
    expect(scan('"\\u4141" \\n')).toBeNull()
  })
})
