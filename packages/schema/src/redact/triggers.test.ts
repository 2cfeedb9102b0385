import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScanner } from './triggers.ts'

const LITERALS = [['AKIA', 'ASIA'], ['password', 'passwd'], ['-----BEGIN'], ['ghp_'], ['pass:word']]
const SHAPES = { digits: 10, dashed: 11, at: 12 }
const scan = createScanner(LITERALS, ['AKIA', 'ghp_'], SHAPES)

describe('createScanner', () => {
  it('finds the literals that are there, in any case, and no others', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(...LITERALS.flat(), ...LITERALS.flat().map(each => each.toUpperCase())),
          fc.string({ unit: 'binary' }),
        ),
      )
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, each => {
        const found = [...(scan(each)?.patterns ?? [])].filter(index => index < LITERALS.length)
        const there = LITERALS.flatMap((literals, index) => (literals.some(one => includes(each, one)) ? [index] : []))
        expect(found.toSorted((a, b) => a - b)).toEqual(there)
      }),
      { numRuns: 1000 },
    )
  })

  it('finds a literal behind base64, wherever it stands in the bytes, and says where a group of four begins', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        fc.constantFrom('AKIA', 'ghp_'),
        (before, after, literal) => {
          const text = Buffer.concat([before, Buffer.from(literal), after]).toString('base64')
          const starts = scan(text)?.base64.map(({ at, phase }) => at - phase) ?? []
          expect(starts).toContain(Math.floor(before.length / 3) * 4)
        },
      ),
    )
  })

  it('finds shapes and percent-encoded bytes wherever they stand, and no others', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[0-9 -]{1,16}$/),
      fc.constantFrom('536-22-1', '4539 1488 0343 64', '@', '%4', '1', 'e', '2026-11-01T08:00:00Z'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    const text = fc.array(piece, { maxLength: 6 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, each => {
        const hits = scan(each)
        const has = (shape: number): boolean => hits?.patterns.has(shape) ?? false
        expect([has(SHAPES.digits), has(SHAPES.dashed), has(SHAPES.at), hits?.percent ?? false]).toEqual([
          /\d(?:[ -]?\d){13}/.test(each),
          /(?<!\d)\d{3}-\d\d-\d/.test(each),
          each.includes('@'),
          /%[0-9a-f]{2}/i.test(each),
        ])
      }),
      { numRuns: 3000 },
    )
  })

  it.each<[string, number[]]>([
    ['4539148803436467', [SHAPES.digits]],
    ['4539 1488 0343 6467', [SHAPES.digits]],
    ['4539-1488-0343-6467', [SHAPES.digits]],
    ['1789387200123', []],
    ['4539  1488  0343  6467', []],
    ['4539.1488.0343.6467', []],
    ['536-22-1234', [SHAPES.dashed]],
    ['id 536-22-1', [SHAPES.dashed]],
    ['2026-09-14', []],
    ['1536-22-1234', []],
    ['536-2-1234', []],
    ['a@b', [SHAPES.at]],
  ])('tells shapes apart: %s', (text, shapes) => {
    expect([...(scan(text)?.patterns ?? [])]).toEqual(shapes)
  })

  it.each([
    ['%41', true],
    ['100%', false],
    ['%zz', false],
  ])('sees a percent-encoded byte in %s: %s', (text, percent) => {
    expect(scan(text)?.percent ?? false).toBe(percent)
  })

  it('sees a JSON escape of an ASCII character', () => {
    expect(scan('"\\u0041"')?.escape).toBe(true)
    expect(scan('"\\u00E9"')?.escape).toBe(true)
    expect(scan('"\\u4141"')).toBeNull()
  })
})

const includes = (text: string, literal: string): boolean => new RegExp(literal, 'i').test(text)
