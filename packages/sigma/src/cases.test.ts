import { describe, expect, it } from 'vitest'
import { type Case, parseCases } from './cases.ts'

const HEAD = 'match:\n  - name: one\n'

describe('parseCases', () => {
  it('takes events that must and must not match, with their places', () => {
    const text = `match:
  - name: a call
    event: { eventName: A, account: 012345678901 }
ignore:
  - name: "another"
    rule: call
    logsource: { product: AWS, service: waf }
    event: { eventName: [B] }
`
    expect(parseCases(text, 'a.cases.yml')).toEqual({
      match: [{ name: 'a call', event: { eventName: 'A', account: '012345678901' }, line: 2, column: 5 }],
      ignore: [
        {
          name: 'another',
          rule: 'call',
          logsource: { product: 'aws', service: 'waf' },
          event: { eventName: ['B'] },
          line: 5,
          column: 5,
        },
      ],
      refused: [],
    })
  })

  it('reads JSON, which is YAML', () => {
    expect(parseCases('{"match":[{"name":"it","event":{"a":"\\u0041"}}],"ignore":[]}', 'a').match).toMatchObject([
      { name: 'it', event: { a: 'A' } },
    ])
  })

  it('writes out the repetitions of a sequence', () => {
    const { match, refused } = parseCases(
      `match:
  - name: a burst, then another rule
    events:
      - { at: 0s, times: 3, every: 1m30s, event: { user: a } }
      - { at: 1h, matches: other, logsource: { product: aws }, event: {} }
    groups: [{ user: a, port: 22 }]
    windows: 1
`,
      'a',
    )
    expect(refused).toEqual([])
    expect(match).toMatchObject([
      {
        events: [
          { at: 0, event: { user: 'a' } },
          { at: 90_000, event: { user: 'a' } },
          { at: 180_000, event: { user: 'a' } },
          { at: 3_600_000, matches: ['other'], logsource: { product: 'aws' }, event: {} },
        ],
        groups: [{ user: 'a', port: '22' }],
        windows: 1,
      } satisfies Partial<Case>,
    ])
  })

  it.each([
    ['', 1, 1, /holds not one document/],
    ['match: []\n---\nmatch: []\n', 2, 1, /not one document/],
    ['- a', 1, 1, /a map of match/],
    ['match: {}', 1, 1, /match: expected a list/],
    ['match: []\nignore: ~\n', 1, 1, /holds no case/],
    ['macth: []', 1, 1, /unknown key "macth"; known here: match, ignore/],
    ['match:\n  - x\n', 2, 5, /expected \{name, event\}/],
    ['match:\n  - event: {}\n', 2, 5, /name is missing/],
    [HEAD, 2, 5, /event is missing/],
    [`${HEAD}    event: 5\n`, 3, 5, /event: expected a map of fields/],
    [`${HEAD}    event: {}\n    evnet: {}\n`, 4, 5, /unknown key "evnet"/],
    [`${HEAD}    event: {}\n    windows: 1\n`, 4, 5, /unknown key "windows"/],
    [`${HEAD}    event: { a: 1, a: 2 }\n`, 3, 20, /the key "a" stands twice/],
    [`${HEAD}    event: {}\n    logsource: {}\n`, 4, 5, /names no product/],
    [`${HEAD}    events: []\n`, 3, 5, /expected a list of \{at, event\}/],
    [`${HEAD}    events: [{ event: {} }]\n`, 3, 14, /at is missing/],
    [`${HEAD}    events: [{ at: 10, event: {} }]\n`, 3, 16, /a time with its unit/],
    [`${HEAD}    events: [{ at: 0, times: 0, event: {} }]\n`, 3, 23, /a whole number from 1 on/],
    [`${HEAD}    events: [{ at: 0, times: 99999, event: {} }]\n`, 3, 14, /more than 10000 events/],
    [`${HEAD}    events: [{ at: 0, matches: 5, event: {} }]\n`, 3, 23, /the id or name of a rule/],
    [`${HEAD}    events: [{ at: 0, event: {} }]\n    groups: {}\n`, 4, 5, /the group of each window/],
    [
      `${HEAD}    events: [{ at: 0, event: {} }]\n    groups: [{ user: { a: 1 } }]\n`,
      4,
      16,
      /expected a text, a number, true or false under "user"/,
    ],
    [`${HEAD}    events: [{ at: 0, event: {} }]\n    groups: [{ user: [a] }]\n`, 4, 16, /expected a text/],
    [`${HEAD}    events: [{ at: 0, event: {} }]\n    groups: [{ user: ~ }]\n`, 4, 16, /expected a text/],
    [`${HEAD}    event: ${'['.repeat(5_000)}${']'.repeat(5_000)}\n`, 3, 42, /^nested more than 32 deep$/],
    [`match: [${'x, '.repeat(1_001)}]`, 1, 1, /more than 1000 cases/],
    ['match: [', 1, 9, /not valid YAML/],
    [`${HEAD}    event: !!binary aGk=\n`, 3, 21, /the tag tag:yaml.org,2002:binary is not taken/],
  ])('says where %j is wrong', (text, line, column, reason) => {
    const { match, ignore, refused } = parseCases(text, 'a.cases.yml')
    expect([match, ignore]).toEqual([[], []])
    expect(refused).toMatchObject([{ file: 'a.cases.yml', line, column, reason: expect.stringMatching(reason) as string }])
  })

  it('takes no text beyond the limit', () => {
    expect(parseCases('x'.repeat(1_048_577), 'a').refused).toMatchObject([{ line: 1, column: 1 }])
  })

  it('takes the other cases of a file with a bad one, and names the bad one', () => {
    const { match, ignore, refused } = parseCases(
      `${HEAD}  - { name: two, event: {} }\nignore: [{ name: three, event: {} }]\n`,
      'a',
    )
    expect([...match, ...ignore].map(({ name }) => name)).toEqual(['two', 'three'])
    expect(refused).toMatchObject([{ rule: 'one' }])
  })

  it('refuses what would be expected of an ignored sequence', () => {
    expect(
      parseCases('ignore:\n  - name: x\n    events: [{ at: 0, event: {} }]\n    windows: 1\n', 'a').refused[0]?.reason,
    ).toMatch(/unknown key "windows"/)
  })
})
