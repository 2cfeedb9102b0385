import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DATA, noData } from '../../test/testing.ts'
import { parseRules } from '../parse/yaml.ts'
import { lint, lintEach, LINTS, readLintDocuments, type Report } from './index.ts'

const HEAD = `title: Test
id: 3f4c1b0e-52a9-4c6e-9d0b-1f2e3d4c5b6a
status: test
description: Finds a test.
author: A
date: 2026-01-02
references: [https://example.com]
falsepositives: [Unlikely]
level: medium
tags: [attack.execution, attack.t1648]
logsource: {product: test}
`
const reports = (...texts: readonly string[]): Report[] => lint(texts.flatMap((text, i) => readLintDocuments(text, `${i}.yml`)))
const codes = (...texts: readonly string[]): string[] => reports(...texts).map(({ code }) => code)
const detection = (text: string): string => `${HEAD}detection:\n${text.replace(/^(?=.)/gm, '  ')}\n`
const correlation = (text: string): string =>
  `${HEAD.replace(/^logsource.*\n/m, '')}correlation:\n${text.replace(/^(?=.)/gm, '  ')}\n`
const changed = (key: string, value: string | undefined): string =>
  detection('sel: {eventName: a}\ncondition: sel').replace(
    new RegExp(`^${key}:.*\n`, 'm'),
    value === undefined ? '' : `${key}: ${value}\n`,
  )

const counting = 'type: event_count\nrules: [a]\ntimespan: 5m\ngroup-by: [u]\ncondition: {gte: 9}'

/** Rules that have the mistake, and rules that look like it and have not. */
const CASES: Readonly<Record<string, { readonly bad: readonly string[]; readonly good?: readonly string[] }>> = {
  refused: { bad: [detection('sel: {a|contians: b}\ncondition: sel')] },
  'selection-unused': { bad: [detection('sel: {a: b}\nother: {a: c}\ncondition: sel')] },
  'filter-not-negated': {
    bad: [detection('sel: {a: b}\nfilter: {c: d}\ncondition: sel and filter')],
    good: [
      detection('sel: {a: b}\nfilter: {c: d}\ncondition: sel and not filter'),
      detection('sel: {a: b}\nfilter_1: {c: d}\ncondition: sel and not 1 of filter_*'),
    ],
  },
  'meta-filter-not-negated': {
    bad: [`${HEAD}filter:\n  rules: any\n  sel: {user: admin}\n  condition: sel\n`],
    good: [
      `${HEAD}filter:\n  rules: any\n  sel: {user: admin}\n  condition: not sel\n`,
      `${HEAD}filter:\n  rules: any\n  sel: {user|neq: admin}\n  condition: sel\n`,
    ],
  },
  'condition-never': {
    bad: [
      detection('a: {x: y}\ncondition: a and not a'),
      detection('sel: {eventName: login}\nall: {eventName|startswith: log}\ncondition: sel and not all'),
    ],
    good: [detection('sel: {eventName|startswith: log}\none: {eventName: login}\ncondition: sel and not one')],
  },
  'condition-always': { bad: [detection('a: {x: y}\ncondition: a or not a')] },
  'selection-idle': {
    bad: [
      detection('a: {x: y}\nb: {z: w}\ncondition: a or (a and b)'),
      detection('a: {x|contains: foobar}\nb: {x|contains: foo}\ncondition: a or b'),
      detection('sel_1: {x: y}\nsel_2: {z: w}\ncondition: 1 of sel_* and sel_1'),
    ],
    good: [detection('a: {x|contains: foo}\nb: {x|contains: bar}\ncondition: a or b')],
  },
  'values-exclusive': {
    bad: [
      detection('a: {id: 1}\nb: {id: 2}\ncondition: a and b'),
      detection("a: {name: 'foo.exe'}\nb: {name|endswith: .dll}\ncondition: a and b"),
    ],
    good: [
      detection('a: {id: [1, 2]}\nb: {id: 2}\ncondition: a and b'),
      detection('a: {id: 1}\nb: {id: 2}\ncondition: a or b'),
      detection('a: {id: 1}\nb: {id: 2}\ncondition: a and not b'),
      detection("a: {id: 1}\nb: {id: '1'}\ncondition: a and b"),
      detection('a: {f: Foo}\nb: {f|cased: Foo}\ncondition: a and b'),
      detection('a: {f|cased: Foo}\nb: {f: foo}\ncondition: a and b'),
      detection('a: {f: a}\nb: {f|wide: b}\ncondition: a and b'),
      detection("a: {id: 1}\nb: {id|contains|all: ['1', '2']}\ncondition: a and b"),
      // Only an array meets `all`, so an array is meant.
      detection('a: {tags|all: [env, owner]}\nb: {tags: prod}\ncondition: a and b'),
    ],
  },
  'rule-unindexed': {
    bad: [
      detection('a: {x: abcd}\ncondition: not a'),
      detection('a: {x: null}\ncondition: a'),
      detection('a: {x|gt: 5}\ncondition: a'),
      detection("a: {x|re: '\\d+'}\ncondition: a"),
      detection("a: {x|contains: ''}\ncondition: a"),
      detection("a: {'|re': '\\d+'}\ncondition: a"),
    ],
    good: [
      detection('a: {x: z}\ncondition: a'),
      detection('a: {x|contains: zz}\ncondition: a'),
      detection('a: {x|contains: z}\ncondition: a'),
      detection('a: [foobar]\ncondition: a'),
      detection('a: {x|gt: 5}\nb: {y: z}\ncondition: a and b'),
      detection("a: {x|re: '(abc|def)\\d'}\ncondition: a"),
      detection('a: {x|contains: [abc, def]}\ncondition: a'),
    ],
  },
  'value-twice': {
    bad: [detection('a: {x: [one, two, One]}\ncondition: a')],
    good: [detection('a: {x|cased: [one, One]}\ncondition: a'), detection('a: {x|re: [one, One]}\ncondition: a')],
  },
  'value-shadowed': {
    bad: [
      detection('a: {x|contains: [foobar, foo]}\ncondition: a'),
      detection("a: {x: [foo.exe, '*.exe']}\ncondition: a"),
      detection('a: {x|contains|all: [foobar, foo]}\ncondition: a'),
    ],
    good: [
      detection('a: {x|startswith: [foobar, barfoo]}\ncondition: a'),
      detection("a: {x: ['foo?', 'foo*bar']}\ncondition: a"),
      detection('a: {x|contains|cased: [foobar, FOO]}\ncondition: a'),
    ],
  },
  'wildcards-raw': {
    bad: [detection("a: {x: ['*one*', '*two*']}\ncondition: a"), detection("a: {x: 'one*'}\ncondition: a")],
    good: [
      detection("a: {x: ['*one*', two]}\ncondition: a"),
      detection("a: {x: 'o*e'}\ncondition: a"),
      detection("a: {x: '*'}\ncondition: a"),
    ],
  },
  'wildcards-idle': {
    bad: [detection("a: {x|contains: '*one'}\ncondition: a"), detection("a: {x|startswith: 'one*'}\ncondition: a")],
    good: [detection("a: {x|startswith: 'one\\*'}\ncondition: a"), detection("a: {x|endswith: 'one*'}\ncondition: a")],
  },
  'matches-anything': { bad: [detection("a: {x: '*'}\ncondition: a"), detection("a: {x|contains: ''}\ncondition: a")] },
  'all-alone': { bad: [detection('a: {x|contains|all: one}\ncondition: a')] },
  backslashes: {
    bad: [detection("a: {x|contains: '\\\\server\\share'}\ncondition: a")],
    good: [
      detection("a: {x|contains: '\\\\\\\\server\\share'}\ncondition: a"),
      detection("a: {x|endswith: '\\\\NTDS.dit'}\ncondition: a"),
      detection("a: {x|contains: '\\\\all\\\\doubled'}\ncondition: a"),
    ],
  },
  'field-spelling': { bad: [detection('a: {userName: b}\nc: {username: d}\ncondition: a or c')] },
  'regex-plain': {
    bad: [detection("a: {x|re: '^foo\\.exe'}\ncondition: a"), detection("a: {x|re: '.*foobar.*'}\ncondition: a")],
    good: [
      detection("a: {x|re: 'foo.bar[0-9]'}\ncondition: a"),
      detection("a: {x|re: '^.*foo'}\ncondition: a"),
      detection("a: {x|re|m: '^foo'}\ncondition: a"),
    ],
  },
  'regex-ends': {
    bad: [detection("a: {x|re: '.*Foo[0-9]'}\ncondition: a")],
    good: [detection("a: {x|re: 'Foo.*[0-9]'}\ncondition: a")],
  },
  'regex-inline-flags': { bad: [detection("a: {x|re: '(?i)foo[0-9]'}\ncondition: a")] },
  'regex-case': {
    bad: [detection("a: {x|re: 'foo[0-9]'}\ncondition: a")],
    good: [detection("a: {x|re|i: 'foo[0-9]'}\ncondition: a"), detection("a: {x|re: 'Foo[0-9]'}\ncondition: a")],
  },
  'missing-id': { bad: [changed('id', undefined)] },
  'missing-level': { bad: [changed('level', undefined)] },
  'missing-status': { bad: [changed('status', undefined)] },
  'missing-description': { bad: [changed('description', undefined)] },
  'missing-author': { bad: [changed('author', undefined)] },
  'missing-date': { bad: [changed('date', undefined)] },
  'missing-falsepositives': { bad: [changed('falsepositives', '[]')] },
  'missing-references': { bad: [changed('references', undefined)] },
  'critical-unexplained': {
    bad: [changed('level', 'critical').replace('[Unlikely]', '[Unknown]')],
    good: [changed('level', 'critical')],
  },
  'id-version': { bad: [changed('id', '3f4c1b0e-52a9-1c6e-9d0b-1f2e3d4c5b6a')] },
  'status-unknown': { bad: [changed('status', 'production')] },
  'date-malformed': {
    bad: [changed('date', '2026/01/02'), changed('date', '2026-02-30'), changed('date', '2026-05-01\nmodified: 2026-04-01')],
  },
  'title-long': { bad: [changed('title', 'x'.repeat(121))] },
  'related-malformed': { bad: [changed('author', 'A\nrelated: [{id: 3f4c1b0e-52a9-4c6e-9d0b-1f2e3d4c5b6b, type: twin}]')] },
  'logsource-broad': {
    bad: [changed('logsource', '{service: apache}')],
    good: [changed('logsource', '{category: webserver}')],
  },
  'tag-malformed': { bad: [changed('tags', '[Attack.Execution, attack.execution, attack.t1648]')] },
  'tag-namespace': { bad: [changed('tags', '[attack.execution, attack.t1648, mitre.t1648]')] },
  'tag-twice': { bad: [changed('tags', '[attack.execution, attack.t1648, attack.t1648]')] },
  'attack-unknown': { bad: [changed('tags', '[attack.execution, attack.t1648, attack.t9999]')] },
  'attack-revoked': { bad: [changed('tags', '[attack.defense-impairment, attack.t1562.008]')] },
  'attack-deprecated': { bad: [changed('tags', '[attack.execution, attack.t1064]')] },
  'attack-tactic': {
    bad: [changed('tags', '[attack.defense-evasion]'), changed('tags', '[attack.excecution]')],
    good: [changed('tags', '[attack.g0016, attack.s0002, attack.ds0005]')],
  },
  'attack-tactic-missing': { bad: [changed('tags', '[attack.persistence, attack.t1648]')] },
  'correlation-alone': { bad: [correlation('type: temporal\nrules: [a]\ntimespan: 5m\ngroup-by: [u]')] },
  'correlation-trivial': {
    bad: [
      correlation('type: event_count\nrules: [a]\ntimespan: 5m\ncondition: {gte: 1}'),
      correlation('type: event_count\nrules: [a]\ntimespan: 5m\ngroup-by: [u]\ncondition: {gte: 1}\ngenerate: true'),
    ],
    good: [1, 2].map(bound =>
      correlation(`type: event_count\nrules: [a]\ntimespan: 5m\ngroup-by: [u]\ncondition: {gte: ${bound}}`),
    ),
  },
  'correlation-long': {
    bad: ['30d', '2w', '169h'].map(timespan => correlation(counting.replace('5m', timespan))),
    good: ['7d', '1w'].map(timespan => correlation(counting.replace('5m', timespan))),
  },
  'correlation-ungrouped': { bad: [correlation('type: event_count\nrules: [a]\ntimespan: 5m\ncondition: {gte: 9}')] },
  'correlation-own-group': {
    bad: [correlation('type: value_count\nrules: [a]\ntimespan: 5m\ngroup-by: [u]\ncondition: {gte: 9, field: u}')],
  },
  'alias-unused': {
    bad: [correlation('type: temporal\nrules: [a, b]\ntimespan: 5m\ngroup-by: [u]\naliases: {ip: {a: x, b: y}}')],
    good: [correlation('type: temporal\nrules: [a, b]\ntimespan: 5m\ngroup-by: [ip]\naliases: {ip: {a: x, b: y}}')],
  },
  'id-twice': { bad: [] },
  'name-twice': { bad: [] },
  'title-twice': { bad: [] },
  'rule-twice': { bad: [] },
}

describe('lint', () => {
  it('finds nothing in a rule that is whole', () => {
    expect(reports(detection('sel: {eventName: a}\ncondition: sel'))).toEqual([])
  })

  it.each(LINTS.map(({ code }) => code))('%s: finds the mistake, and not what looks like it', code => {
    const cases = CASES[code]
    if (!cases) throw new Error(`${code} has no cases here`)
    for (const text of cases.bad) expect(codes(text), text).toContain(code)
    for (const text of cases.good ?? []) {
      expect(codes(text), text).not.toContain(code)
      expect(codes(text), text).not.toContain('refused')
    }
  })

  it('has each code once', () => {
    expect(new Set(LINTS.map(({ code }) => code)).size).toBe(LINTS.length)
  })

  it('names what two documents share: id, name, title, detection', () => {
    const one = detection('sel: {eventName: [a, b]}\ncondition: sel')
    const two = one.replace('[a, b]', '[B, A]')
    expect(codes(`name: n\n${one}`, `name: n\n${two}`).toSorted()).toEqual([
      'id-twice',
      'name-twice',
      'rule-twice',
      'title-twice',
    ])
  })

  it('takes rules for the same by what they match', () => {
    const same = (one: string, two: string): boolean => codes(detection(one), detection(two)).includes('rule-twice')
    expect(same('a: {x: one, y: two}\ncondition: a', 'b: {y: TWO, x: One}\ncondition: b')).toBe(true)
    expect(same('a: {x: y}\nb: {x: z}\ncondition: a or b', 'b: {x: y}\na: {x: z}\ncondition: 1 of them')).toBe(true)
    expect(same('a: {x: y}\nb: {x: z}\ncondition: a and not b', 'b: {x: y}\na: {x: z}\ncondition: a and not b')).toBe(false)
    expect(same("a: {x|re: 'abc\\d'}\ncondition: a", "a: {x|re: 'abc\\D'}\ncondition: a")).toBe(false)
    expect(same('a: {x|cased: y}\ncondition: a', 'a: {x|cased: Y}\ncondition: a')).toBe(false)
    expect(same('a: {x: y}\ncondition: a', 'a: {X: y}\ncondition: a')).toBe(false)
    expect(same('a: {x: [y, z]}\ncondition: a', 'a: {x|all: [y, z]}\ncondition: a')).toBe(false)
    expect(same('a: {x: y}\ncondition: a', 'a: {x|neq: y}\ncondition: a')).toBe(false)
    expect(same('a: {x: y}\nb: {z: w}\ncondition: a or b', 'a: {x: y}\nb: {z: w}\ncondition: a and b')).toBe(false)
  })

  it('compares log sources by their names, whatever is said beside them', () => {
    const one = detection('sel: {eventName: a}\ncondition: sel')
    const sources = (two: string): string[] => codes(one, one.replace('{product: test}', two))
    expect(sources('{product: TEST, definition: more must be logged}')).toContain('rule-twice')
    expect(sources('{product: other}')).not.toContain('rule-twice')
  })

  it('says that values of one field may meet in an array', () => {
    const [report] = reports(detection('sel:\n  - tags.Key: env\nother: {tags.Key: owner}\ncondition: sel and other'))
    expect(report).toMatchObject({ code: 'values-exclusive', message: expect.stringContaining('only an array could') })
  })

  it('tells on which events a rule is tried that cannot be looked up', () => {
    const tried = (text: string): string | undefined =>
      reports(detection(text)).find(({ code }) => code === 'rule-unindexed')?.message
    expect(tried("a: {x|re: '\\d+'}\nb: {y|gt: 5}\ncondition: a or b")).toContain('of the log source that has "x" or "y":')
    expect(tried('a: {x: abcd}\ncondition: not a')).toContain('of the log source:')
    expect(tried("a: {'|re': '\\d+'}\ncondition: a")).toContain('that has any text:')
  })

  it('compares each value of a list with each while the list is not too long', () => {
    const list = (length: number): string =>
      detection(
        `a:\n  x|contains:\n    - foo\n    - foobar\n${Array.from({ length }, (_, i) => `    - v${i}x\n`).join('')}condition: a`,
      )
    expect(codes(list(1_000))).toContain('value-shadowed')
    expect(codes(list(4_000))).not.toContain('value-shadowed')
    expect(codes(list(4_000).replace('- foobar', '- FOO'))).toContain('value-twice')
  })

  it('reads no more documents of a text than the check does', () => {
    const text = '---\na: b\n'
    expect(readLintDocuments(text.repeat(1_000), 'f.yml')).toHaveLength(1_000)
    expect(readLintDocuments(text.repeat(1_001), 'f.yml').map(({ refused }) => refused?.reason)).toEqual([
      'more than 1000 documents; split the file',
    ])
  })

  it('passes over what holds nothing beside another document, as the check does', () => {
    const rule = detection('sel: {eventName: a}\ncondition: sel')
    for (const text of [`${rule}---\n`, `---\n---\n${rule}`, `${rule}---\n# the end\n`, `${rule}---\n---\n`]) {
      expect(codes(text), text).toEqual([])
      expect(parseRules(text, 'f.yml'), text).toMatchObject({ rules: [{}], refused: [] })
    }
    expect(readLintDocuments('---\n---\n', 'f.yml')).toEqual([])
    expect(parseRules('---\n---\n', 'f.yml').refused).toEqual([])
  })

  it('tells of one document after the other', () => {
    const documents = [changed('id', undefined), changed('level', undefined)].flatMap(text => readLintDocuments(text, 'f.yml'))
    const each = lintEach(documents)
    expect(each.next().value).toMatchObject([{ code: 'missing-id' }])
    expect(each.next().value).toMatchObject([{ code: 'missing-level' }, { code: 'title-twice' }, { code: 'rule-twice' }])
    expect(each.next().done).toBe(true)
  })

  it('points at the line and column of the value, with the way to mend it', () => {
    const [report] = reports(detection('sel:\n  x|contains:\n    - foobar\n    - foo\ncondition: sel'))
    expect(report).toMatchObject({ code: 'value-shadowed', file: '0.yml', line: 15, column: 9, rule: 'Test' })
    expect(report?.message).toBe('"foobar" adds nothing to "foo"')
    expect(report?.mend).not.toBe('')
  })

  it('points into the condition at the name', () => {
    const [report] = reports(detection('sel: {a: b}\nfilter: {c: d}\ncondition: sel and filter'))
    expect(report).toMatchObject({ code: 'filter-not-negated', line: 15, column: 22 })
  })

  it('says what a revoked technique is now', () => {
    const [report] = reports(changed('tags', '[attack.defense-impairment, attack.t1562.008]'))
    expect(report?.message).toBe('T1562.008 was revoked; it is T1685.002 now')
  })

  it('never throws, whatever the text', () => {
    for (const text of [
      '',
      '---\n',
      '- a\n',
      'a: [',
      '\u0000',
      'title: 5',
      'detection: {condition: a}',
      'filter: {}',
      'correlation: x',
      '['.repeat(100_000),
      `a: ${'{a: '.repeat(50_000)}`,
    ])
      expect([...new Set(codes(text))], text).toEqual(['refused'])
  })
})

describe.skipIf(noData)('over the rules of SigmaHQ', () => {
  it('tells as much as the README says, and of no ATT&CK id', () => {
    const folders = readdirSync(`${DATA}sigma`).filter(name => name.startsWith('rules'))
    const documents = folders.flatMap(folder =>
      readdirSync(`${DATA}sigma/${folder}`, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.yml'))
        .flatMap(name => readLintDocuments(readFileSync(`${DATA}sigma/${folder}/${name}`, 'utf8'), `${folder}/${name}`)),
    )
    const found = lint(documents)
    const counts = new Map<string, number>()
    for (const { code } of found) counts.set(code, (counts.get(code) ?? 0) + 1)
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')
    expect(readme).toContain(
      `Over the ${documents.length.toLocaleString('en')} rules of SigmaHQ there are ${found.length} reports`,
    )
    const paragraph = readme.slice(readme.indexOf('Over the '), readme.indexOf('`weir rules lint --severity info'))
    const said = new Map([...paragraph.matchAll(/(\d+) `([\w-]+)`/g)].map(([, count, code = '']) => [code, Number(count)]))
    expect(said).toEqual(counts)
    expect(found.filter(({ code }) => code.startsWith('attack-'))).toEqual([])
  })
})
