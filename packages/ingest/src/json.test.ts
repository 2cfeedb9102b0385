import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonError, parseJson, parseScanned, parseShort } from './json.ts'

const reasonOf = (text: string, limits = {}): string => {
  try {
    parseJson(text, limits)
  } catch (error) {
    if (error instanceof JsonError) return `${error.reason}: ${error.message}`
    throw error
  }
  return 'parsed'
}

describe('parseJson', () => {
  it('parses what JSON.parse parses', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        if (/\d{16}|[eE]/.test(text)) return
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('refuses depth, length and what is no JSON, and quotes nothing of it', () => {
    expect(reasonOf('['.repeat(65) + ']'.repeat(65))).toBe('too-deep: JSON nested more than 64 deep')
    expect(reasonOf('['.repeat(64) + ']'.repeat(64))).toBe('parsed')
    expect(reasonOf(`"${'['.repeat(99)}\\"${'['.repeat(99)}"`)).toBe('parsed')
    expect(reasonOf('"1234567890"', { length: 11 })).toBe('too-large: JSON longer than 11')
    expect(reasonOf('{"a":1,}')).toBe('invalid-json: not JSON at character 7')
    expect(reasonOf('{"a":hunter2}')).toBe('invalid-json: not JSON')
    expect(reasonOf('{"secret')).not.toMatch('secret')
  })

  it('keeps numbers that a double would change as their text', () => {
    expect(
      parseJson(
        '[9007199254740993, -9007199254740993, 12345678901234567890, 1e400, 1.5e3, 0.12345678901234567890, 123456789012]',
      ),
    ).toEqual([
      '9007199254740993',
      '-9007199254740993',
      '12345678901234567890',
      '1e400',
      1500,
      Number('0.12345678901234567890'),
      123456789012,
    ])
  })

  it('keeps __proto__ as a key of its own', () => {
    for (const text of [
      '{"__proto__":{"a":1}}',
      '{"__proto__":{"a":9007199254740993}}',
      String.raw`{"__proto__":{"a":"\ud800"}}`,
    ]) {
      const value = parseJson(text) as object
      expect(Object.keys(value)).toEqual(['__proto__'])
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    }
  })

  it('replaces half a surrogate pair and leaves whole ones', () => {
    expect(parseJson(String.raw`{"a\udc00":["\ud83d\ude00","\ud83d"]}`)).toEqual({ 'a\uFFFD': ['😀', '\uFFFD'] })
  })
})

describe('parseShort', () => {
  it('gives what a scan gives, or leaves the text to the scan', () => {
    const piece = fc.constantFrom(
      '9007199254740993',
      '9007199254740990.5',
      '12345678901234567890.5',
      '1e400',
      '-1e5',
      '"\\ud800"',
      '"\\ud83d\\ude00"',
      '{"__proto__":[1]}',
      '[[[]]]',
      'null',
      '{}',
      '{',
    )
    const text = fc.array(piece).map(parts => `[${parts.join(',')}]`)
    let short = 0
    fc.assert(
      fc.property(text, each => {
        const parsed = parseShort(each, 3)
        if (!parsed) return
        short++
        expect(each).not.toContain('[[[]]]')
        expect(parsed).toEqual(parseScanned(each, true))
      }),
    )
    expect(short).toBeGreaterThan(10)
  })
})
