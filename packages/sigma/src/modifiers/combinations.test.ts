import { describe, expect, it } from 'vitest'
import { matches, matchRule, reasonOf, ruleOf } from '../../test/testing.ts'

/** What a modifier does when others stand beside it: values of `f` that match and that do not; `other` is `same`, `third` is `else`. */
const rows: readonly [key: string, value: unknown, matching: readonly unknown[], other: readonly unknown[]][] = [
  ['f|re|i|all', ['A.c', '^x'], ['xabc', ['ABC', 'xyz']], ['abc', 'yabc']],
  ['f|re|all', ['a', 'b'], ['ab', ['a', 'b']], ['a']],
  ['f|re|neq', ['a', 'b'], ['c'], ['xa', 'b']],
  ['f|re|neq|all', ['a', 'b'], ['a', 'c'], ['ab']],
  ['f|re|i|m|s', '^b.c$', ['a\nB\nC'], ['a\nB']],
  ['f|re|endswith', 'ab+', ['xabb'], ['b']],
  ['f|re', ['^a', 'z$'], ['ab', 'yz'], ['ba']],
  ['f|cidr', ['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32'], ['192.0.2.9', '2001:DB8:1::'], ['192.0.3.1', '2001:db9::']],
  ['f|cidr|neq', ['10.0.0.0/8', '192.0.2.0/24'], ['198.51.100.1', 'not an address'], ['192.0.2.1', '10.0.0.1']],
  ['f|cidr|all', ['10.0.0.0/8', '10.1.0.0/16'], ['10.1.2.3'], ['10.2.0.1']],
  ['f|cidr|neq|all', ['10.0.0.0/8', '10.1.0.0/16'], ['10.2.0.1'], ['10.1.2.3']],
  ['f|contains|all', ['a', 'b'], ['xbya'], ['a']],
  ['f|all|contains', ['a', 'b'], ['xbya'], ['a']],
  ['f|startswith|all', ['a', 'ab'], ['abc'], ['acb']],
  ['f|contains|all|neq', ['a', 'b'], ['a', 'b', null], ['ab']],
  ['f|contains|cased|all', ['A', 'b'], ['xAb'], ['ab']],
  ['f|cased|neq', 'Ab', ['ab', 'aB'], ['Ab']],
  ['f|contains|cased', 'a?C', ['xabC'], ['xabc']],
  ['f|windash|contains|all', [' -a', ' /b'], ['x /a -b', 'x \u2014a \u2013b'], ['x -a', 'x +a -b']],
  ['f|contains|all|windash', [' -a', ' /b'], ['x /a -b'], ['x -a']],
  ['f|windash|endswith|cased', ' -Q', ['x /Q'], ['x /q']],
  ['f|windash|neq', '-a', ['x', 'a'], ['/a', '-A']],
  ['f|base64offset|contains|all', ['foo', 'bar'], [btoa('foobar'), btoa('x bar foo')], [btoa('foo')]],
  ['f|wide|base64offset|contains', ['ab', 'xy'], [btoa('-a\0b\0')], [btoa('ab')]],
  ['f|utf16be|base64offset|contains', 'ab', [btoa('zz\0a\0b')], [btoa('a\0b\0zz').slice(4)]],
  ['f|utf16|base64offset|contains', 'ab', [btoa('\u00ff\u00fea\0b\0')], [btoa('a\0b\0')]],
  ['f|base64|startswith', 'foo', ['Zm9vYmFy'], ['xZm9v']],
  ['f|base64|neq', 'foo', ['foo'], ['Zm9v']],
  ['f|windash|wide|base64offset|contains', ' -e', [btoa(' \0-\0e\0'), btoa(' \0/\0e\0')], [btoa(' -e')]],
  ['f|fieldref|neq', ['other', 'third'], ['x', null], ['SAME', 'else']],
  ['f|fieldref|all', ['other', 'third'], [['same', 'else']], ['same']],
  ['f|fieldref|neq|all', ['other', 'third'], ['same'], [['same', 'else']]],
  ['f|fieldref|contains|neq', 'other', ['x'], ['the same']],
  ['f|exists|neq', true, [], ['x', null, 0]],
  ['f|exists|neq', false, ['x', null], []],
  ['f|exists', [true], ['x', null], []],
  ['f|gt|all', [1, 5], [6], [3]],
  ['f|gt', [1, 5], [3], [1]],
  ['f|lt|neq', [1, 5], [5, 6], [0, 3]],
  ['f|gte|neq|all', [1, 5], [3], [5]],
  ['f|neq', [1, '2'], [3, '12', null], ['1', 2]],
  ['f|neq', '', ['x', null], ['']],
  ['f|neq', true, ['false', 1], ['TRUE', true]],
  ['f|neq|startswith', 'a', ['ba'], ['ab']],
  ['f|hour', [22, 23], ['2026-08-05T22:00:00Z', '2026-08-05T23:59:00Z'], ['2026-08-05T21:00:00Z']],
  ['f|hour|gte|neq', 6, ['2026-08-05T05:59:00Z', 'no date'], ['2026-08-05T06:00:00Z']],
  ['f|hour|neq', [0, 1], ['2026-08-05T02:00:00Z'], ['2026-08-05T00:30:00Z']],
  ['f|minute|lt', [5, 10], ['2026-08-05T22:09:00Z'], ['2026-08-05T22:10:00Z']],
  ['f|week|lte|all', [10, 20], ['2026-01-05'], ['2026-04-05']],
  ['f|day', [1, 31], ['2026-08-31', '2026-08-01'], ['2026-08-30']],
  ['f|expand|contains', '%words%', ['a one b', 'TWO'], ['three']],
  ['f|contains|expand|all', ['%words%', 'x'], ['x one'], ['x', 'one']],
  ['f|expand|cased', '%words%', ['one'], ['ONE']],
  ['f|expand|neq', ['%words%', 'x'], ['y'], ['one', 'x']],
  ['f|base64|expand', '%words%', [], ['one', btoa('one')]],
  ['f|expand|base64', '%words%', [btoa('one'), btoa('two')], ['one']],
  ['f|expand|windash', '%dash%', ['/x', '-x'], ['+x']],
]
const placeholders = { words: ['one', 'two'], dash: ['-x'] }

describe('modifiers together', () => {
  it.each(rows)('%s with %j', (key, value, matching, other) => {
    const record = (f: unknown): Record<string, unknown> => ({ f, other: 'same', third: 'else' })
    expect(matching.filter(f => !matches({ [key]: value }, record(f), { placeholders }))).toEqual([])
    expect(other.filter(f => matches({ [key]: value }, record(f), { placeholders }))).toEqual([])
  })

  it.each([
    [{ 'f|re|cased': 'x' }, 'takes string'],
    [{ 'f|i|re': 'x' }, 'takes re'],
    [{ 'f|cidr|re': '10.0.0.0/8' }, 'put it first'],
    [{ 'f|base64|cidr': '10.0.0.0/8' }, 'put it first'],
    [{ 'f|fieldref|cased': 'g' }, 'takes string'],
    [{ 'f|exists|contains': true }, 'takes string'],
    [{ 'f|exists|all': [true, 'x'] }, 'takes boolean'],
    [{ 'f|hour|minute': 5 }, 'put it first'],
    [{ 'f|gt|hour': 5 }, 'put it first'],
    [{ 'f|hour|contains': 5 }, 'takes string'],
    [{ 'f|windash': 5 }, 'takes string'],
    [{ 'f|windash|wide': ' -a -b -c -d' }, 'at most three dashes'],
    [{ 'f|re': 5 }, 'takes string'],
    [{ 'f|lt': null }, 'not null'],
    [{ 'f|lt': [1, null] }, 'null cannot stand in a list'],
    [{ 'f|base64|contains|wide|base64': 'ab' }, 'no place for wildcards'],
  ])('are refused in %j', (selection, reason) => {
    expect(reasonOf({ sel: selection, condition: 'sel' }, { placeholders })).toContain(reason)
  })
})

describe('keywords', () => {
  const record = { a: { b: ['The quick fox'] }, n: 4625 }

  it.each<[unknown, boolean]>([
    [{ '|all': ['quick', 'fox'] }, true],
    [{ '|all': ['quick', 'dog'] }, false],
    [{ '|contains|all': ['qui', 'fo'] }, true],
    [{ '|cased': 'the' }, false],
    [{ '|re|i': 'QUICK\\s+FOX' }, true],
    [{ '|neq': ['dog', 'cat'] }, true],
    [{ '|neq': ['dog', 'fox'] }, false],
    [{ '|windash': ' -x' }, false],
    [[4625, 'dog'], true],
    [['quick*fox', { n: 1 }], true],
    [{ '|all': ['quick'], n: 4625 }, true],
  ])('take modifiers: %j', (selection, expected) => {
    expect(matches(selection, record)).toBe(expected)
  })
})

describe('a list of conditions', () => {
  const detection = { a: { f: 1 }, b: { g: 1 }, condition: ['a and not b', '1 of b*'] }

  it('holds when any of them does, and shows the selections of those', () => {
    const rule = ruleOf(detection)
    expect(matchRule(rule, { f: 1 })?.selections).toEqual(['a'])
    expect(matchRule(rule, { g: 1 })?.selections).toEqual(['b'])
    expect(matchRule(rule, { f: 2 })).toBeUndefined()
  })

  it('is refused when it is empty, or one of them is', () => {
    expect(reasonOf({ ...detection, condition: [] })).toContain('condition is empty')
    expect(reasonOf({ ...detection, condition: ['a', ''] })).toContain('condition')
    expect(reasonOf({ ...detection, condition: ['a', 5] })).toContain('condition must be a text')
    expect(reasonOf({ ...detection, condition: [['a']] })).toContain('condition must be a text')
  })
})

describe('numbers and texts', () => {
  it.each<[unknown, readonly unknown[], readonly unknown[]]>([
    ['5', [5, '5', [5]], ['05', 5.5, '5.0']],
    [5.5, ['5.5', 5.5], ['5,5', 5]],
    ['1*', [1, 12, '1x'], [21]],
    [-1, ['-1', -1], [1]],
    [1e3, ['1000', 1000], ['1e3']],
    [false, ['False', false], [0, '']],
  ])('%j equals what reads the same', (value, matching, other) => {
    expect(matching.filter(f => !matches({ f: value }, { f }))).toEqual([])
    expect(other.filter(f => matches({ f: value }, { f }))).toEqual([])
  })
})

describe('sigma-version', () => {
  const with3 = (fields: object, version: unknown): string | undefined =>
    reasonOf({ sel: fields, condition: 'sel' }, {}, { 'sigma-version': version })

  it('refuses array selectors of version 3, which mean something else there, and nothing more', () => {
    expect(with3({ 'a[any].b': 1 }, 3)).toContain('chooses members of an array')
    expect(with3({ 'f|fieldref': 'a[0]' }, '3.0.0')).toContain('"a[0]"')
    expect(with3({ 'a[any].b': 1 }, 2)).toBeUndefined()
    expect(with3({ a: 1 }, 3)).toBeUndefined()
    expect(with3({ a: 1 }, 'new')).toContain('must be a number')
  })
})
