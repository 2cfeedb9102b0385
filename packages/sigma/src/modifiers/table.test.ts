import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { matches, reasonOf } from '../../test/testing.ts'
import { MODIFIERS } from './table.ts'

type Row = readonly [key: string, value: unknown, matching: readonly unknown[], other: readonly unknown[]]

const utf16 = (text: string): string => Buffer.from(text, 'utf16le').toString('latin1')
const inBase64 = (...shifted: string[]): string[] => shifted.map(text => Buffer.from(text, 'latin1').toString('base64'))

/** Values of the field `f` that an item matches and that it does not. Every modifier has a row. */
const rows: readonly Row[] = [
  ['f', 'Abc', ['Abc', 'aBC'], ['Abcd', ' Abc', '']],
  ['f|contains', 'b?d', ['abcd', 'B-D!'], ['bd', 'bccd']],
  ['f|contains', '*', ['', 'x', 0, false, {}], [null, []]],
  ['f|startswith', 'adm', ['admin', 'ADM'], ['sadm']],
  ['f|endswith', '\\cmd.exe', ['c:\\CMD.exe'], ['cmd.exe']],
  ['f|contains|all', ['a', 'b'], ['b-a', 'AB'], ['a', 'b']],
  ['f|neq', 'x', ['y', '', null, []], ['x', 'X', ['y', 'x']]],
  ['f|neq', ['x', 'y'], ['z'], ['x', 'y']],
  ['f|neq|all', ['x', 'y'], ['x', 'z'], [['x', 'y']]],
  ['f|contains|neq', 'x', ['abc'], ['axc']],
  ['f|cased', 'Abc', ['Abc'], ['abc']],
  ['f|contains|cased', 'Abc', ['-Abc-'], ['-abc-']],
  ['f|exists', true, ['', null, 0, []], []],
  ['f|exists', false, [], ['', null]],
  ['f|re', 'a.c$', ['xabc', 'aac'], ['ABC', 'abcd', 'a\nc']],
  ['f|re|i', 'a.c', ['ABC'], ['ab']],
  ['f|re|m', '^b$', ['a\nb\nc'], ['abc']],
  ['f|re|s', 'a.c', ['a\nc'], ['ac']],
  ['f|re|ignorecase|multiline|dotall', '^B.c$', ['a\nb\nc'], ['abxc']],
  ['f|re', '(?i)abc', ['ABC'], ['ab']],
  ['f|re|contains', 'b', ['abc'], ['ac']],
  ['f|re|startswith', 'b', ['bc'], ['ac']],
  ['f|re|neq', '^a', ['b'], ['a']],
  ['f|cidr', '10.0.0.0/8', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.1', '10.1.2', 'AWS Internal', '', '10.0.0.010']],
  ['f|cidr', ['fe80::/10', '192.168.1.1'], ['FEBF::1', '192.168.1.1'], ['fec0::1', '192.168.1.2']],
  ['f|lt', 5, [4.9, '4', -1], [5, 'four', '', null]],
  ['f|lte', 5, [5, ' 5 '], [5.1]],
  ['f|gt', 5, [6, '6', '6e0', [1, 6]], [5, '0x10', {}, true]],
  ['f|gte', 5, [5], [4]],
  ['f|gt|neq', 5, [5, 'x'], [6]],
  ['f|base64', 'foo', ['Zm9v'], ['foo', 'Zm9v!']],
  ['f|base64|contains', 'héllo', ['xx aMOpbGxv'], ['hello']],
  ['f|base64offset|contains', 'http://', inBase64('http://a', 'xhttp://a', 'xxhttp://a', 'xxxhttp://a'), inBase64('https//a')],
  ['f|wide|base64offset|contains', 'ping', inBase64(utf16('ping'), utf16('-ping'), `x${utf16('a ping b')}`), inBase64('ping')],
  ['f|utf16le|base64', 'cmd', inBase64(utf16('cmd')), inBase64('cmd')],
  ['f|utf16|base64', 'cmd', inBase64(`\u00ff\u00fe${utf16('cmd')}`), inBase64(utf16('cmd'))],
  ['f|utf16be|base64', 'cmd', inBase64('\0c\0m\0d'), inBase64(utf16('cmd'))],
  ['f|utf16le', 'c*d', ['c\0m\0d\0'], ['cmd']],
  [
    'f|windash|contains',
    ' -s ',
    ['x -s y', 'x /s y', 'x \u2013S y', 'x \u2014s y', 'x \u2015s y'],
    ['x s y', 'x --s y', 'x +s y'],
  ],
  ['f|contains|windash', ' /all', ['x -ALL'], ['x all']],
  ['f|windash', 'a-b', ['a-b'], ['a/b']],
  ['f|windash|contains', '-a /b -c /d -e', ['/a -b /c -d \u2013e'], ['a b c d e']],
  ['f|windash|base64offset|contains', ' -x', inBase64('a -x', 'a /x'), inBase64('a +x')],
  ['f|fieldref', 'other', ['Same'], ['different', null]],
  ['f|fieldref|startswith', 'other', ['same and more'], ['not the same']],
  ['f|fieldref|endswith', 'other', ['the same'], ['same thing']],
  ['f|fieldref|contains', 'other', ['the same thing'], ['thing']],
  ['f|fieldref|neq', 'other', ['different', null], ['SAME']],
  ['f|expand', '%admins%', ['root', 'adm-7'], ['adm', '%admins%']],
  ['f|contains|expand', '\\%%admins%', ['a%root'], ['root']],
  ['f|expand|neq', '%admins%', ['guest'], ['root']],
  ['f|minute', 10, ['2026-08-05T23:10:59+02:00'], ['2026-08-05', '23:10']],
  ['f|hour', 23, ['2026-08-05T23:10:00+02:00', '2026-08-05 23:10'], ['2026-08-05T21:10:00Z']],
  ['f|hour|gte', 22, ['2026-08-05T23:10:00Z'], ['2026-08-05T21:10:00Z']],
  ['f|day', 5, ['2026-08-05', 1_785_888_000_000, 1_785_888_000], ['2026-08-15', '2026-02-31', 'x']],
  ['f|week', 53, ['2026-12-31', '2027-01-03'], ['2027-01-04', '2026-12-27']],
  ['f|week', 1, ['2025-12-29', '2024-01-01'], ['2025-12-28']],
  ['f|month', 8, ['2026-08-05'], ['2026-07-31']],
  ['f|year', 2026, ['2026-08-05'], ['2025-08-05', 5]],
  ['f|i', 'x', [], []],
  ['f|m', 'x', [], []],
  ['f|s', 'x', [], []],
]

const placeholders = { admins: ['root', 'adm-*'] }

describe('a modifier', () => {
  it.each(rows.filter(([, , matching, other]) => matching.length + other.length > 0))(
    '%s with %j',
    (key, value, matching, other) => {
      const record = (f: unknown): Record<string, unknown> => ({ f, other: 'same' })
      expect(matching.filter(f => !matches({ [key]: value }, record(f), { placeholders }))).toEqual([])
      expect(other.filter(f => matches({ [key]: value }, record(f), { placeholders }))).toEqual([])
    },
  )

  it('has a row above, each of them', () => {
    const used = new Set(rows.flatMap(([key]) => key.split('|').slice(1)))
    expect([...MODIFIERS.keys()].filter(name => !used.has(name))).toEqual([])
  })

  it('has every name of the 2.1.0 appendix', () => {
    const names =
      'all startswith endswith contains exists cased neq windash re i m s base64 base64offset utf16le utf16be utf16 wide lt lte gt gte minute hour day week month year cidr expand fieldref'
    expect(names.split(' ').filter(name => !MODIFIERS.has(name))).toEqual([])
  })

  it('has its row in the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    for (const [name, { takes, about }] of MODIFIERS) {
      expect(readme).toContain(`| \`${name}\` | ${takes} | ${about.replaceAll('|', '\\|')} |`)
    }
  })

  it.each([
    [{ 'f|contians': 'x' }, 'unknown modifier "contians"'],
    [{ 'f|': 'x' }, 'unknown modifier ""'],
    [{ 'f|constructor': 'x' }, 'unknown modifier "constructor"'],
    [{ 'f|contains|re': 'x' }, 'put it first'],
    [{ 'f|contains|exists': true }, 'not a boolean'],
    [{ 'f|base64|fieldref': 'x' }, 'put it first'],
    [{ 'f|exists': 'yes' }, 'takes boolean, not a string'],
    [{ 'f|contains': 5 }, 'takes string, re, fieldref, not a number'],
    [{ 'f|contains': null }, 'not null'],
    [{ 'f|gte': '5' }, 'takes number, date part, not a string'],
    [{ 'f|gt': true }, 'not a boolean'],
    [{ 'f|gt|lt': 5 }, 'not a comparison'],
    [{ 'f|hour': 24 }, 'from 0 to 23'],
    [{ 'f|hour': 1.5 }, 'a whole number'],
    [{ 'f|i': 'x' }, 'takes re'],
    [{ 'f|re': 'a(' }, 'regular expression is not valid'],
    [{ 'f|re': '(?=a)' }, 'no look-around'],
    [{ 'f|re': '(a)\\1' }, 'no look-around'],
    [{ 'f|re': 'a'.repeat(5_000) }, 'longer than'],
    [{ 'f|re': '((a{100}){100}){100}' }, 'regular expression'],
    [{ 'f|re': 'x{1000}'.repeat(100) }, 'regular expression'],
    [{ 'f|cidr': '10.0.0.1/8' }, 'host bits'],
    [{ 'f|cidr': '10.0.0.0/33' }, 'from 0 to 32'],
    [{ 'f|cidr': 'bogus' }, 'not an IPv4 or IPv6 network'],
    [{ 'f|cidr|contains': '10.0.0.0/8' }, 'not a network'],
    [{ 'f|base64': 'a*' }, 'no place for wildcards'],
    [{ 'f|windash|base64': '-a -b -c -d' }, 'at most three dashes'],
    [{ 'f|fieldref': 'a*' }, 'without wildcards'],
    [{ 'f|expand': '%unknown%' }, '%unknown%'],
    [{ 'f|expand': '%constructor%' }, '%constructor%'],
    [{ f: 'a?'.repeat(257) }, 'more than 256 wildcards'],
    [{ [`f${'|all'.repeat(17)}`]: 'x' }, 'more than 16 modifiers'],
    [{ '|exists': true }, 'needs a field'],
    [{ '|fieldref': 'a' }, 'needs a field'],
    [{ '|startswith': 'a' }, 'needs a field'],
    [{ '|gt': 5 }, 'needs a field'],
  ])('is refused in %j', (selection, reason) => {
    expect(reasonOf({ sel: selection, condition: 'sel' })).toContain(reason)
  })

  it('is refused when its placeholders multiply beyond what memory should hold', () => {
    const many = Array.from({ length: 200 }, (_, i) => `v${i}`)
    expect(reasonOf({ sel: { 'f|expand': '%a%%a%%a%' }, condition: 'sel' }, { placeholders: { a: many } })).toContain(
      'more than 10000',
    )
  })
})
