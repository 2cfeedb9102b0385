import { describe, expect, it } from 'vitest'
import { createEngine, type Match } from './engine.ts'
import { parseRules } from './parse/yaml.ts'
import { linkRules, type RuleSet } from './ruleset.ts'

const RULE = `title: Rule
id: 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01
name: the_rule
logsource: { product: test, service: audit }
detection:
  selection: { action: delete }
  condition: selection
`
const OTHER = `title: Other
id: 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a02
logsource: { product: other }
detection:
  selection: { action: delete }
  condition: 1 of sel*
`
const filter = (rules: string, condition = 'not selection', more = '') => `title: Known robots
logsource: { product: test }
filter:
  rules: ${rules}
  selection: { user: robot }
  condition: ${condition}
${more}`

const link = (...texts: string[]): RuleSet => linkRules(texts.map((text, i) => parseRules(text, `${'abcdef'.charAt(i)}.yml`)))
const match = (set: RuleSet, record: Record<string, unknown>, logsource = { product: 'test', service: 'audit' }): Match[] =>
  createEngine(set.rules).match({ logsource, record, ocsf: {} })
const reasons = ({ refused }: RuleSet): string[] => refused.map(({ reason }) => reason)

describe('a filter', () => {
  it.each(['[the_rule]', '[5B0D1C9E-3F6A-4A52-9F0E-0C1F7F1F0A01]', 'any'])('is a condition beside the rule’s: %s', rules => {
    const set = link(RULE, filter(rules))
    expect(set.refused).toEqual([])
    expect(match(set, { action: 'delete', user: 'person' })).toHaveLength(1)
    expect(match(set, { action: 'delete', user: 'robot' })).toHaveLength(0)
    expect(match(set, { action: 'read', user: 'person' })).toHaveLength(0)
  })

  it('negates nothing by itself: without a not it keeps what it names', () => {
    const set = link(RULE, filter('any', 'selection'))
    expect(match(set, { action: 'delete', user: 'person' })).toHaveLength(0)
    const [found] = match(set, { action: 'delete', user: 'robot' })
    expect(found).toMatchObject({
      selections: ['selection', 'Known robots: selection'],
      fields: { action: 'delete', user: 'robot' },
    })
  })

  it('shows no evidence of what it excludes, and the rule says what it carries', () => {
    const set = link(RULE, filter('any'))
    expect(match(set, { action: 'delete', user: 'person' })[0]).toMatchObject({
      selections: ['selection'],
      fields: { action: 'delete' },
    })
    expect(set.rules[0]).toMatchObject({ filters: [{ title: 'Known robots', file: 'b.yml' }], fields: ['action', 'user'] })
  })

  it('and its rule keep their selections apart, whatever they are called', () => {
    const wide = RULE.replace('condition: selection', 'condition: 1 of sel* and not 1 of filter_*').replace(
      '  condition',
      '  filter_a: { user: root }\n  condition',
    )
    const set = link(
      wide,
      filter('any', 'not 1 of filter_* and not selection', '').replace('selection:', 'filter_x: { user: cron }\n  selection:'),
    )
    expect(set.refused).toEqual([])
    expect(match(set, { action: 'read', user: 'robot' })).toHaveLength(0)
    for (const user of ['root', 'cron', 'robot']) expect(match(set, { action: 'delete', user })).toHaveLength(0)
    expect(match(set, { action: 'delete', user: 'person' })).toHaveLength(1)
  })

  it('without an id is told apart from others by all that it says', () => {
    const other = filter('any').replace('user: robot', 'user: service')
    const set = link(RULE, filter('any'), other)
    expect(set.refused).toEqual([])
    for (const user of ['robot', 'service']) expect(match(set, { action: 'delete', user })).toHaveLength(0)
    expect(match(set, { action: 'delete', user: 'person' })).toHaveLength(1)
    const ids = (...texts: string[]): string[] =>
      link(RULE, ...texts).rules.flatMap(({ filters = [] }) => filters.map(({ id }) => id))
    expect(new Set(ids(filter('any'), other)).size).toBe(2)
    expect(ids(filter('any'))).toEqual(ids(filter('any')))
    expect(reasons(link(RULE, filter('any'), filter('any')))).toEqual([expect.stringContaining('is taken by "Known robots"')])
  })

  it('works beside other filters on one rule', () => {
    const set = link(
      RULE,
      filter('any'),
      filter('[the_rule]').replace('Known robots', 'Own network').replace('user: robot', 'ip|cidr: 10.0.0.0/8'),
    )
    expect(match(set, { action: 'delete', user: 'person', ip: '10.1.1.1' })).toHaveLength(0)
    expect(match(set, { action: 'delete', user: 'robot', ip: '192.0.2.1' })).toHaveLength(0)
    expect(match(set, { action: 'delete', user: 'person', ip: '192.0.2.1' })).toHaveLength(1)
    expect(set.rules[0]?.filters?.map(({ title }) => title)).toEqual(['Known robots', 'Own network'])
  })

  it('of any rule leaves the rules of other log sources alone', () => {
    const set = link(OTHER, RULE, filter('any'))
    expect(match(set, { action: 'delete', user: 'robot' }, { product: 'other', service: '' })).toHaveLength(1)
    expect(set.rules.map(rule => rule.filters?.length)).toEqual([undefined, 1])
  })

  it('of another taxonomy is not for the rule', () => {
    const ocsf = `taxonomy: ocsf\n${filter('any')}`
    expect(link(RULE, ocsf).rules[0]?.filters).toBeUndefined()
    expect(reasons(link(RULE, `taxonomy: ocsf\n${filter('[the_rule]')}`))[0]).toContain('taxonomy sigma, the filter in ocsf')
  })

  it('is refused whole when it names what is not there, at its place', () => {
    const set = link(RULE, filter('[the_rule, no_such_rule]'))
    expect(set.refused).toEqual([
      { file: 'b.yml', line: 4, column: 21, rule: 'Known robots', reason: 'no rule has the id or name "no_such_rule"' },
    ])
    expect(match(set, { action: 'delete', user: 'robot' })).toHaveLength(1)
  })

  it('is refused when its log source does not cover the rule it names', () => {
    expect(reasons(link(OTHER, filter('[5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a02]')))).toEqual([
      `the filter's log source (product test) does not cover that of the rule "Other" (product other)`,
    ])
    expect(reasons(link(RULE, filter('[the_rule]').replace('test }', 'test, service: other }')))[0]).toContain('does not cover')
  })

  it.each([
    ['rules: any', 'rules: []', '4:3', 'is empty'],
    ['rules: any', 'rules: the_rule', '4:3', 'must be a list'],
    ['  rules: any\n', '', '3:1', 'filter.rules is missing'],
    ['rules: any', 'rules: [a, a]', '4:14', 'stands twice'],
    ['rules: any', 'rules: [5]', '4:11', 'as a text'],
    ['condition: not selection', 'condition: not other', '6:18', 'unknown selection "other"'],
    ['condition: not selection', 'x: { y: 1 }', '3:1', 'condition is missing'],
    ['user: robot', 'user|bogus: robot', '5:16', 'unknown modifier'],
    ['logsource: { product: test }\n', '', '1:1', 'logsource is missing'],
  ])('is refused with %j as %j', (before, after, place, reason) => {
    const { refused } = link(RULE, filter('any').replace(before, after))
    expect(refused.map(({ line, column }) => `${line}:${column}`)).toEqual([place])
    expect(refused[0]?.reason).toContain(reason)
  })

  it('takes a list of conditions as any of them, as a rule does', () => {
    const set = link(RULE, filter('any', '[selection, other]', '  other: { user: person }\n'))
    expect(match(set, { action: 'delete', user: 'robot' })).toHaveLength(1)
    expect(match(set, { action: 'delete', user: 'someone' })).toHaveLength(0)
  })
})

describe('documents of one set', () => {
  it('have ids and names of their own: the second is refused, and both places are told', () => {
    const same = RULE.replace('title: Rule', 'title: Copy')
    const { rules, refused } = link(RULE, `# a comment\n${same}`, same.replace('0a01', '0a03'))
    expect(rules.map(({ meta }) => meta.title)).toEqual(['Rule'])
    expect(refused.map(({ file, line, column, rule, reason }) => `${file}:${line}:${column} ${rule}: ${reason}`)).toEqual([
      'b.yml:3:1 Copy: its id 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01 is taken by "Rule" in a.yml:2:1',
      'c.yml:2:1 Copy: its name "the_rule" is taken by "Rule" in a.yml:2:1',
    ])
  })
})
