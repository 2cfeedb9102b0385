import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileRegex } from './regex.ts'
import { linearRegExp } from './regex-linear.ts'
import { regexLiterals } from './regex-literal.ts'
import { fold } from './values.ts'

const atom = fc.constantFrom(
  'a',
  'b',
  'K',
  's',
  '\\.',
  '\\$',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\W',
  '[ab]',
  '[^a\\d]',
  '[\\w.-]',
  '[A-Z]',
  '\\b',
  '\\B',
  '^',
  '$',
  '\\n',
  ' ',
)
const repeat = fc.constantFrom('', '', '', '?', '{2}', '{0,3}', '{1,2}?', '+', '*')
const tree = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(atom, repeat).map(([text, sign]) => (/^(\\b|\\B|\^|\$)$/i.test(text) ? text : text + sign)),
    fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map(parts => parts.join('')),
    fc.tuple(tie('node'), tie('node'), repeat).map(([a, b, sign]) => `(?:${a}|${b})${sign}`),
    fc.tuple(fc.constantFrom('(?i)', '(?s)', '(?m)', ''), tie('node')).map(parts => parts.join('')),
  ),
})).node
const start = fc.constantFrom('', '', '^', '^[ab]+', '^(?:a|K)*s')
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'A',
      'k',
      'K',
      '\u212a',
      's',
      'ſ',
      'S',
      '.',
      '$',
      '1',
      '_',
      ' ',
      '\n',
      '\r',
      '\u2028',
      '\v',
      '\u00a0',
      'é',
      '😀',
      '\ud83d',
      'İ',
    ),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''))
const flags = fc.constantFrom('', 'm', 's', 'ms', 'i')

describe('an expression on V8', () => {
  it('answers what RE2 answers', () => {
    let compared = 0
    fc.assert(
      fc.property(start, tree, flags, fc.array(text, { minLength: 5, maxLength: 20 }), (start, tree, flags, texts) => {
        const source = start + tree
        const linear = linearRegExp(source, flags)
        const re2 = compileRegex(source, { i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s') })
        if (!linear || typeof re2 !== 'function') return
        for (const one of texts) {
          compared++
          expect(one.length >= linear.least && linear.regex.test(one), `${source} on ${JSON.stringify(one)}`).toBe(re2(one))
        }
      }),
      { numRuns: 3_000 },
    )
    expect(compared).toBeGreaterThan(5_000)
  })

  it.each([
    '(a+)+b',
    'a.*b.*c',
    'x(?:a{0,30}){0,30}b',
    'x.{0,60}.{0,60}x',
    '(?:a|aa){40}b',
    '(?i)k',
    '\\pL',
    '[[:alpha:]]',
    'a**',
    '(?<n>a)',
  ])('is left to RE2 where that is not certain: %s', source => {
    expect(linearRegExp(source, '')).toBeUndefined()
  })

  it.each(['^GetFunction(2\\d{7}(v\\d+)?)?$', '^(?:ab|cd)*e', '^[^\\s]+\\s[^\\s]+$', '^a+b*c{2,}$', '^(?:a|b[^b]*b)+$'])(
    'is run where the text has one way through it at most: %s',
    source => {
      expect(linearRegExp(source, '')).toBeDefined()
    },
  )

  it.each([
    '^a*ab$',
    '^(?:a|ab)*$',
    '^.*x$',
    '^(?:a*)*$',
    '^[a-z]*\\w+$',
    '^(?:é|[^a])+[^b]$',
    '[ab]+\\d+$',
    '(?m)^[ab]+\\d+$',
    '^a+$b*',
    '^[ab]+\\b',
    '^(?:a+b?)*$',
  ])('is left to RE2 where a text may have more: %s', source => {
    expect(linearRegExp(source, '')).toBeUndefined()
  })

  it('is not counted through where what it repeats is empty', () => {
    expect(linearRegExp('x(?:(?:(?:(?:){2000}){2000}){2000}){2000}foo', '')).toBeUndefined()
  })

  it('needs no more of a text than its least at either end', () => {
    expect(linearRegExp('.*a.{3,900}', '')?.regex.source).toBe('[^\\n]{0,0}a[^\\n]{3,3}')
  })
})

describe('the texts that an expression needs', () => {
  it('stand, one of them, in every text that it matches', () => {
    let found = 0
    fc.assert(
      fc.property(tree, flags, fc.array(text, { minLength: 5, maxLength: 20 }), (source, flags, texts) => {
        const literals = regexLiterals(source, flags)
        const re2 = compileRegex(source, { i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s') })
        if (!literals || typeof re2 !== 'function') return
        for (const one of texts.filter(re2)) {
          found++
          expect(
            literals.some(literal => fold(one).includes(literal)),
            `${source} on ${JSON.stringify(one)}`,
          ).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(found).toBeGreaterThan(500)
  })

  it.each([
    ['cmd.{0,5}(?:/c|/r).+powershell', '', ['powershell']],
    ['(?:alpha|beta)+x?', '', ['alpha', 'beta']],
    ['a(?:b|c)?d\\.exe', '', ['d.exe']],
    ['(?i)Secret', '', ['ecret']],
    ['a*', '', undefined],
    ['a|b*', '', undefined],
  ])('of %s under "%s" are %j', (source, flags, expected) => {
    expect(regexLiterals(source, flags)).toEqual(expected)
  })
})
