import { describe, expect, it } from 'vitest'
import { matches, matchRule, reasonOf, ruleOf } from '../test/testing.ts'
import { REGEX_INPUT_LIMIT } from './regex.ts'

// What Sigma 2.1.0 leaves open, as the table in the README decides it: one test a row, in its order.
describe('where Sigma is silent', () => {
  it('compares a number with its text, either way round', () => {
    expect(matches({ f: 5 }, { f: '5' })).toBe(true)
    expect(matches({ f: '5' }, { f: 5 })).toBe(true)
    expect(matches({ f: 5 }, { f: '5.0' })).toBe(false)
    expect(matches({ 'f|startswith': '50' }, { f: 503 })).toBe(true)
  })

  it('compares a boolean with its text, whatever its case', () => {
    expect(matches({ f: true }, { f: 'True' })).toBe(true)
    expect(matches({ f: 'true' }, { f: true })).toBe(true)
    expect(matches({ f: true }, { f: 1 })).toBe(false)
  })

  it('reads a number that begins with a zero as a text', async () => {
    const { parseRules } = await import('./parse/yaml.ts')
    const text = 'title: T\nlogsource: {product: test}\ndetection:\n  sel:\n    f: 00060429\n  condition: sel\n'
    const [rule] = parseRules(text, 'f.yml').rules
    expect(rule && matchRule(rule, { f: '00060429' })).toBeDefined()
  })

  it('takes yes and on as texts, as YAML 1.2 does', async () => {
    const { parseRules } = await import('./parse/yaml.ts')
    const text = '%YAML 1.1\n---\ntitle: T\nlogsource: {product: test}\ndetection:\n  sel:\n    f: yes\n  condition: sel\n'
    const [rule] = parseRules(text, 'f.yml').rules
    expect(rule && matchRule(rule, { f: 'YES' })).toBeDefined()
  })

  it('compares an array by its members, and negates over all of them', () => {
    expect(matches({ f: 'b' }, { f: ['a', ['b']] })).toBe(true)
    expect(matches({ f: '["a","b"]' }, { f: ['a', 'b'] })).toBe(false)
    expect(matches({ 'f|neq': 'b' }, { f: ['a', 'b'] })).toBe(false)
  })

  it('goes through arrays on the way to a field, and takes no index', () => {
    const record = { a: [{ b: 1 }, [{ b: { c: 2 } }], 'text', null] }
    expect(matches({ 'a.b.c': 2 }, record)).toBe(true)
    expect(matches({ 'a.b': 1 }, record)).toBe(true)
    expect(matches({ 'a.0.b': 1 }, record)).toBe(false)
  })

  it('lets different members of an array satisfy |all and the items of one map', () => {
    expect(matches({ 'f|all': ['a', 'b'] }, { f: ['a', 'b'] })).toBe(true)
    expect(matches({ 'f.x': 1, 'f.y': 2 }, { f: [{ x: 1 }, { y: 2 }] })).toBe(true)
  })

  it('prefers a key that holds the dots itself, at every level', () => {
    expect(matches({ 'a.b': 'literal' }, { 'a.b': 'literal', a: { b: 'nested' } })).toBe(true)
    expect(matches({ 'a.b': 'nested' }, { 'a.b': 'literal', a: { b: 'nested' } })).toBe(false)
    expect(matches({ 'a.b.c': 1 }, { a: { 'b.c': 1 } })).toBe(true)
    expect(matches({ 'a.b.c': 1 }, { 'a.b': { c: 1 } })).toBe(false)
  })

  it('compares the names of fields with their case', () => {
    expect(matches({ F: 'x' }, { f: 'x' })).toBe(false)
  })

  it('compares an object as its JSON text, without spaces', () => {
    expect(matches({ 'f|contains': '"b":[1,2]' }, { f: { a: { b: [1, 2] } } })).toBe(true)
    expect(matches({ f: '*' }, { f: {} })).toBe(true)
  })

  it('takes null for missing, present as null, or holding a null', () => {
    expect(matches({ f: null }, {})).toBe(true)
    expect(matches({ f: null }, { f: null })).toBe(true)
    expect(matches({ f: null }, { f: ['a', null] })).toBe(true)
    expect(matches({ 'a.f': null }, { a: 'text' })).toBe(true)
    expect(matches({ f: null }, { f: '' })).toBe(false)
    expect(matches({ f: null }, { f: [] })).toBe(false)
  })

  it('matches no text with null or a missing field, not even *', () => {
    expect(matches({ f: '*' }, { f: null })).toBe(false)
    expect(matches({ f: '' }, {})).toBe(false)
    expect(matches({ f: '' }, { f: null })).toBe(false)
    expect(matches({ f: '' }, { f: '' })).toBe(true)
  })

  it('counts null and an empty array as existing', () => {
    expect(matches({ 'f|exists': true }, { f: null })).toBe(true)
    expect(matches({ 'f|exists': true }, { f: [] })).toBe(true)
    expect(matches({ 'a.f|exists': false }, { a: [{}] })).toBe(true)
  })

  it('holds neq for a missing field, as pySigma reads it: NOT(f=v)', () => {
    expect(matches({ 'f|neq': 'x' }, {})).toBe(true)
    expect(matches({ 'f|gt|neq': 5 }, {})).toBe(true)
    expect(matches({ 'f|neq': null }, {})).toBe(false)
    expect(matches({ 'f|neq': null }, { f: 'x' })).toBe(true)
  })

  it('holds no comparison and no fieldref for a missing field', () => {
    expect(matches({ 'f|lt': 5 }, {})).toBe(false)
    expect(matches({ 'f|fieldref': 'g' }, {})).toBe(false)
    expect(matches({ 'f|fieldref': 'g' }, { f: null, g: null })).toBe(false)
  })

  it('holds a fieldref when any member of one equals any of the other', () => {
    expect(matches({ 'f|fieldref': 'g' }, { f: ['a', 'b'], g: ['B', 'c'] })).toBe(true)
    expect(matches({ 'f|fieldref': 'g' }, { f: 5, g: '5' })).toBe(true)
  })

  it('folds letters by lower case: no locale, one letter to one, final sigma as sigma, no normalization', () => {
    expect(matches({ f: 'ÀÉ' }, { f: 'àé' })).toBe(true)
    expect(matches({ 'f|contains': 'ΑΣ' }, { f: 'ΑΣΑ' })).toBe(true)
    expect(matches({ f: 'straße' }, { f: 'STRASSE' })).toBe(false)
    expect(matches({ f: 'I' }, { f: 'ı' })).toBe(false)
    expect(matches({ f: '\u00e9' }, { f: 'e\u0301' })).toBe(false)
  })

  it('takes ? for one code point', () => {
    expect(matches({ f: 'a?b' }, { f: 'a😀b' })).toBe(true)
    expect(matches({ f: 'a??b' }, { f: 'a😀b' })).toBe(false)
    expect(matches({ f: '*?' }, { f: '😀' })).toBe(true)
    expect(matches({ f: '*??' }, { f: '😀' })).toBe(false)
  })

  it('takes an encoded value without case too, unless cased', () => {
    expect(matches({ 'f|base64': 'foo' }, { f: 'ZM9V' })).toBe(true)
    expect(matches({ 'f|base64|cased': 'foo' }, { f: 'ZM9V' })).toBe(false)
  })

  it('opens all five dashes for windash, not only hyphen and slash', () => {
    expect(matches({ 'f|windash': '\u2014x' }, { f: '/x' })).toBe(true)
  })

  it('finds keywords anywhere in any text or number, at any depth, but not in names', () => {
    const record = { a: [{ b: 'xx Evil.EXE yy' }], n: 4625 }
    expect(matches(['nothing', 'evil.exe'], record)).toBe(true)
    expect(matches([462], record)).toBe(true)
    expect(matches(['ev?l*y'], record)).toBe(true)
    expect(matches(['b'], record)).toBe(false)
    expect(matches({ '|all': ['evil', '4625'] }, record)).toBe(true)
    expect(matches({ '|all': ['evil', 'good'] }, record)).toBe(false)
    expect(matches({ '|re': 'E[a-z]il' }, record)).toBe(true)
    expect(matches('evil', record)).toBe(true)
  })

  it('takes |all on a single value, and keywords beside maps in one list', () => {
    expect(matches({ 'f|all': 'x' }, { f: 'x' })).toBe(true)
    expect(matches(['word', { f: 'x' }], { f: 'x' })).toBe(true)
    expect(matches(['word', { f: 'x' }], { g: 'a word' })).toBe(true)
  })

  it('reads a date as it is written, without its offset, and a number as UTC', () => {
    expect(matches({ 'f|hour': 23 }, { f: '2026-08-05T23:00:00-07:00' })).toBe(true)
    expect(matches({ 'f|hour': 0 }, { f: 1_785_888_000_000 })).toBe(true)
  })

  it('compares a text that is a decimal number, and no other text', () => {
    expect(matches({ 'f|gt': 5 }, { f: '1e1' })).toBe(true)
    expect(matches({ 'f|gt': 5 }, { f: '0x10' })).toBe(false)
    expect(matches({ 'f|gt': 5 }, { f: '' })).toBe(false)
    expect(matches({ 'f|lt': 5 }, { f: '' })).toBe(false)
  })

  it('takes an IPv4 address in IPv6 form for the IPv4 address, and one with leading zeros for none', () => {
    expect(matches({ 'f|cidr': '10.0.0.0/8' }, { f: '::ffff:10.0.0.1' })).toBe(true)
    expect(matches({ 'f|cidr': '10.0.0.0/8' }, { f: '10.0.0.01' })).toBe(false)
  })

  it('searches an expression in the first 32,768 characters of a field', () => {
    const long = 'x'.repeat(REGEX_INPUT_LIMIT)
    expect(matches({ 'f|re': 'needle' }, { f: `${long.slice(6)}needle` })).toBe(true)
    expect(matches({ 'f|re': 'needle' }, { f: `${long}needle` })).toBe(false)
    expect(matches({ 'f|contains': 'needle' }, { f: `${long}needle` })).toBe(true)
  })

  it('refuses null in a list, an empty list, an empty selection and a map under a field', () => {
    expect(reasonOf({ sel: { f: ['a', null] }, condition: 'sel' })).toContain('null cannot stand in a list')
    expect(reasonOf({ sel: { f: [] }, condition: 'sel' })).toContain('empty list')
    expect(reasonOf({ sel: {}, condition: 'sel' })).toContain('empty selection')
    expect(reasonOf({ sel: [], condition: 'sel' })).toContain('empty')
    expect(reasonOf({ sel: { f: { g: 1 } }, condition: 'sel' })).toContain('outer.inner')
  })

  it('refuses a pattern that names no selection', () => {
    expect(reasonOf({ sel: { f: 1 }, condition: 'sel or 1 of other_*' })).toContain('names no selection')
  })

  it('resolves patterns over selections whose names no condition could write', () => {
    expect(matchRule(ruleOf({ 'filter_a.conf': { f: 1 }, condition: '1 of filter_*' }), { f: 1 })).toBeDefined()
  })

  it('binds an expression to the beginning with startswith, to the end with endswith, and to neither with contains', () => {
    expect(matches({ 'f|re|startswith': 'b' }, { f: 'bc' })).toBe(true)
    expect(matches({ 'f|re|startswith': 'b' }, { f: 'abc' })).toBe(false)
    expect(matches({ 'f|re|endswith': 'b|c' }, { f: 'abc' })).toBe(true)
    expect(matches({ 'f|re|endswith': 'b|c' }, { f: 'abcd' })).toBe(false)
    expect(matches({ 'f|re|m|startswith': '^b' }, { f: 'a\nb' })).toBe(false)
    expect(matches({ 'f|re|startswith|i': '(b|c)' }, { f: 'Cd' })).toBe(true)
    expect(matches({ 'f|re|startswith|endswith': 'a+' }, { f: 'aaa' })).toBe(true)
    expect(matches({ 'f|re|startswith|endswith': 'a+' }, { f: 'aab' })).toBe(false)
    expect(matches({ 'f|re|contains': 'b' }, { f: 'abc' })).toBe(true)
    expect(reasonOf({ sel: { 'f|re|startswith': 'a)|(b' }, condition: 'sel' })).toContain('not valid in RE2 syntax')
    expect(matches({ 'f|re': '' }, { f: 'x' })).toBe(true)
  })

  it('links what one value became by a modifier with or, under |all too', () => {
    expect(matches({ 'f|base64offset|contains|all': ['foo', 'bar'] }, { f: btoa('foo bar') })).toBe(true)
    expect(matches({ 'f|base64offset|contains|all': ['foo', 'bar'] }, { f: btoa('foo') })).toBe(false)
    expect(matches({ 'f|contains|all|expand': ['%a%', 'z'] }, { f: 'yz' }, { placeholders: { a: ['x', 'y'] } })).toBe(true)
  })

  it('negates the whole item with neq: none of a list, not all with |all', () => {
    expect(matches({ 'f|neq': ['a', 'b'] }, { f: 'b' })).toBe(false)
    expect(matches({ 'f|contains|all|neq': ['a', 'b'] }, { f: 'a' })).toBe(true)
    expect(matches({ 'f|gt|neq': 5 }, { f: 'x' })).toBe(true)
  })

  it('takes letters, digits and _ for the name of a placeholder, and refuses expand without one', () => {
    const placeholders = { one_1: ['x'] }
    expect(matches({ 'f|expand': '%one_1%' }, { f: 'x' }, { placeholders })).toBe(true)
    expect(matches({ 'f|expand': ['%one_1%', '50%', '50\\% of 100%'] }, { f: '50% of 100%' }, { placeholders })).toBe(true)
    for (const value of ['%domain-controllers%', '%%', '50% of 100%', '%one_1% %two-2%'])
      expect(reasonOf({ sel: { 'f|expand': value }, condition: 'sel' }, { placeholders })).toMatch(
        /names are letters, digits and _/,
      )
    expect(matches({ 'f|expand': '\\%one_1%' }, { f: '%one_1%' }, { placeholders })).toBe(true)
    for (const value of ['abc', '50%', ['a', 'b']])
      expect(reasonOf({ sel: { 'f|expand': value }, condition: 'sel' }, { placeholders })).toMatch(/finds no placeholder/)
  })

  it('refuses a placeholder without values in a selection that no condition names', () => {
    expect(reasonOf({ sel: { f: 1 }, other: { 'f|expand': '%nobody%' }, condition: 'sel' })).toContain('%nobody%')
  })

  it('opens a dash that begins a word, and no other', () => {
    expect(matches({ 'f|windash': '--x -y a-b - c' }, { f: '-/x /y a-b - c' })).toBe(true)
    expect(matches({ 'f|windash': '--x' }, { f: '/-x' })).toBe(false)
    expect(matches({ 'f|windash': 'a-b' }, { f: 'a/b' })).toBe(false)
    expect(matches({ 'f|windash': 'a - b' }, { f: 'a / b' })).toBe(false)
  })

  it('counts weeks as ISO 8601 does, and finds no hour in a date without a time', () => {
    expect(matches({ 'f|week': 1 }, { f: '2025-12-29' })).toBe(true)
    expect(matches({ 'f|week': 53 }, { f: '2026-12-31' })).toBe(true)
    expect(matches({ 'f|hour': 0 }, { f: '2026-08-05' })).toBe(false)
    expect(reasonOf({ sel: { 'f|hour': 24 }, condition: 'sel' })).toContain('from 0 to 23')
  })

  it('takes an address without a prefix length for a network of one, and no host bits', () => {
    expect(matches({ 'f|cidr': '10.0.0.1' }, { f: '10.0.0.1' })).toBe(true)
    expect(matches({ 'f|cidr': '10.0.0.1' }, { f: '10.0.0.2' })).toBe(false)
    expect(reasonOf({ sel: { 'f|cidr': '10.0.0.1/8' }, condition: 'sel' })).toContain('host bits')
  })

  it('finds selections that begin with _ by a pattern that begins with _', () => {
    const detection = { a: { f: 1 }, _b: { f: 2 } }
    expect(matchRule(ruleOf({ ...detection, condition: '1 of _*' }), { f: 2 })).toBeDefined()
    expect(matchRule(ruleOf({ ...detection, condition: '1 of *' }), { f: 2 })).toBeUndefined()
  })
})
