import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Refusal } from '../rule.ts'
import { parseRules } from './yaml.ts'

const HEAD = 'title: A title\nlogsource:\n  product: test\n'
const RULE = `${HEAD}detection:\n  sel:\n    f: x\n  condition: sel\n`

const refused = (text: string): Refusal => {
  const { rules, refused } = parseRules(text, 'a.yml')
  expect(rules).toEqual([])
  expect(refused).toHaveLength(1)
  return refused[0] as Refusal
}
const place = ({ line, column }: Refusal): string => `${line}:${column}`

describe('parseRules', () => {
  it('takes what a person is told of a rule, with a level and an id of its own where it has none', () => {
    const { rules } = parseRules(`${RULE}tags: [attack.t1]\nstatus: test\n`, 'a.yml')
    expect(rules[0]).toMatchObject({ file: 'a.yml', taxonomy: 'sigma', fields: ['f'], logsource: { product: 'test' } })
    expect(rules[0]?.meta).toMatchObject({ title: 'A title', level: 'medium', tags: ['attack.t1'], status: 'test' })
    expect(rules[0]?.meta.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(parseRules(RULE, 'b.yml').rules[0]?.meta.id).toBe(rules[0]?.meta.id)
    expect(parseRules(RULE.replace('A title', 'B title'), 'b.yml').rules[0]?.meta.id).not.toBe(rules[0]?.meta.id)
  })

  it('takes the good documents of a text and refuses the others, each at its line', () => {
    const { rules, refused } = parseRules(`${RULE}---\n${RULE.replace('f: x', 'f|bogus: x')}---\n${RULE}---\n`, 'a.yml')
    expect(rules).toHaveLength(2)
    expect(refused).toEqual([{ file: 'a.yml', line: 14, column: 5, rule: 'A title', reason: 'unknown modifier "bogus"' }])
  })

  it.each([
    ['a value in a list', 'f|contains:\n      - x\n      - 5', '7:9', 'takes string'],
    ['a value', 'f|contains: 5', '6:5', 'takes string'],
    ['a regular expression', "f|re: 'a('", '6:5', 'regular expression'],
    ['a null in a list', 'f: [a, null]', '6:12', 'null cannot stand in a list'],
  ])('points at %s', (_, line, expected, reason) => {
    const refusal = refused(RULE.replace('f: x', line))
    expect(refusal.reason).toContain(reason)
    // A list's members have places of their own; a single value is pointed at by its key.
    expect(place(refusal)).toBe(expected === '7:9' ? '8:9' : expected)
  })

  it.each([
    ['brackets', `f: ${'['.repeat(5_000)}x${']'.repeat(5_000)}`, 1, 36],
    ['open braces', `f: ${'{a: '.repeat(5_000)}`, 1, 132],
    ['dashes', `${'- '.repeat(499)}x`, 1, 67],
    ['question marks', `${'? '.repeat(499)}x`, 1, 67],
    ['indents', Array.from({ length: 500 }, (_, n) => `${' '.repeat(n)}f:`).join('\n'), 34, 34],
  ])('refuses a depth of %s that the library has no room for, at the same place each time', (_, deep, line, column) => {
    const { rules, refused } = parseRules(`${RULE}---\n${RULE}---\n${deep}\n---\n${RULE}`, 'a.yml')
    expect(rules).toHaveLength(3)
    expect(refused).toEqual([{ file: 'a.yml', line: line + 16, column, rule: '', reason: 'nested more than 32 deep' }])
  })

  it.each(['- ', '? ', '-\t'])('refuses a text with a line of thousands of %j', mark => {
    expect(parseRules(`${RULE}---\n${mark.repeat(5_000)}x\n---\n${RULE}`, 'a.yml')).toMatchObject({
      rules: [],
      refused: [{ line: 9, column: 1, reason: 'nested more than 32 deep' }],
    })
  })

  it('takes brackets within quotes for what they are', () => {
    expect(parseRules(RULE.replace('f: x', `f: '${'['.repeat(500)}'`), 'a.yml')).toMatchObject({ refused: [], rules: [{}] })
  })

  it('points into a condition', () => {
    expect(place(refused(RULE.replace('condition: sel', 'condition: sel and other')))).toBe('7:22')
    expect(place(refused(RULE.replace('condition: sel', "condition: 'sel and other'")))).toBe('7:23')
    expect(place(refused(RULE.replace('condition: sel', 'condition:\n    - sel\n    - other')))).toBe('9:7')
    expect(place(refused(RULE.replace('condition: sel', 'condition: >\n    sel\n    and other')))).toBe('7:14')
  })

  it('names the document that is a correlation or a filter, at its line', () => {
    const correlation = 'title: C\ncorrelation:\n  type: no_such_type\n'
    const [first] = parseRules(`${RULE}---\n${correlation}`, 'a.yml').refused
    expect(first).toMatchObject({ file: 'a.yml', rule: 'C' })
    expect(first?.line).toBeGreaterThan(9)
    const filter = refused('title: F\nlogsource: {product: test}\nfilter:\n  rules: any\n')
    expect(filter).toMatchObject({ line: 3, rule: 'F', reason: 'condition is missing' })
    expect(refused('action: global\n').reason).toContain('action: global')
  })

  it.each([
    ['title: A title', 'title: 5', 'title must be a text'],
    ['title: A title\n', '', 'title is missing'],
    ['A title', 'x'.repeat(257), 'longer than 256'],
    ['title: A title', 'title: A title\nid: not-a-uuid', 'id must be a UUID'],
    ['title: A title', 'title: A title\nlevel: urgent', 'unknown level "urgent"'],
    ['title: A title', 'title: A title\ntags: attack', 'tags must be a list'],
    ['title: A title', 'title: A title\ntags: [1]', 'tags must be a list of texts'],
    ['title: A title', 'title: A title\ntaxonomy: ecs', 'unknown taxonomy "ecs"'],
    ['logsource:\n  product: test\n', '', 'logsource is missing'],
    ['product: test', 'definition: test', 'no product, service or category'],
    ['product: test', 'product: [test]', 'logsource.product must be a text'],
    ['  condition: sel\n', '', 'condition is missing'],
    ['  condition: sel', '  condition: sel\n  timeframe: 5m', 'old aggregations'],
    ['detection:', 'other:', 'detection is missing'],
    ['f: x', 'f: x\n    f: y', 'the key "f" stands twice'],
    ['f: x', 'f: !custom x', 'the tag !custom is not taken'],
    ['f: x', 'f: *nowhere', 'not valid YAML'],
    ['f: x', 'f: [x', 'not valid YAML'],
    ['f: x', 'f: .inf', 'not exact'],
    ['f: x', 'f: 12345678901234567890', 'not exact'],
    ['f: x', '? [a]\n    : x', 'a key must be a text'],
  ])('refuses %j as %j', (before, after, reason) => {
    expect(refused(RULE.replace(before, after)).reason).toContain(reason)
  })

  it('takes anchors, aliases and merge keys, as rule authors use them', () => {
    const text = `${HEAD}detection:\n  base: &base\n    f: &value x\n  sel:\n    <<: *base\n    g: *value\n  condition: sel\n`
    expect(parseRules(text, 'a.yml').rules[0]?.fields).toEqual(['f', 'g'])
  })

  it('ends on text that is made to break parsers', () => {
    const laughs = 'bcdefghij'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghij'.charAt(i)}`).join()}]`)
    const hostile = [
      '',
      '\0',
      '- a',
      'x',
      '%YAML 9.9\n---\nx',
      `a: &a [x]\n${laughs.join('\n')}`,
      '['.repeat(20_000),
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      '{a: '.repeat(5_000),
      '- '.repeat(20_000),
      '&a '.repeat(5_000),
      '---\n'.repeat(2_000),
      'x'.repeat(1_100_000),
      Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
      RULE.replace('f: x', `f:\n${'      - x\n'.repeat(60_000)}`),
    ]
    for (const text of hostile) {
      const { rules, refused } = parseRules(text, 'a.yml')
      expect(rules).toEqual([])
      expect(refused.length).toBeGreaterThan(0)
      expect(refused[0]?.reason.length).toBeLessThan(400)
    }
  })

  it('neither throws nor takes a prototype from a text', () => {
    const { rules } = parseRules(RULE.replace('f: x', '__proto__: x\n    constructor.name: Object'), 'a.yml')
    expect(rules[0]?.fields).toEqual(['__proto__', 'constructor.name'])
    fc.assert(
      fc.property(fc.string(), text => void parseRules(text, 'a.yml')),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.nat(RULE.length), fc.string({ maxLength: 3 }), (at, text) => {
        const { rules, refused } = parseRules(RULE.slice(0, at) + text + RULE.slice(at), 'a.yml')
        expect(rules.length + refused.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})
