import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'
import { parseXml } from '../../testing/xml.ts'

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'weir-backtest-'))
  await writeFile(join(cwd, 'rules.yml'), RULES)
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const RULES = `title: Deletion
name: deletion
id: 0a1b2c3d-0000-4000-8000-00000000000a
level: medium
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName|startswith: Delete }, condition: selection }
---
title: Nothing
id: 0a1b2c3d-0000-4000-8000-00000000000b
level: high
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: Nothing }, condition: selection }
`
const BURST = `${RULES}---
title: Burst of deletions
id: 0a1b2c3d-0000-4000-8000-0000000000c1
level: critical
correlation:
  type: event_count
  rules: [deletion]
  group-by: [userIdentity.userName]
  timespan: 5m
  condition: { gte: 3 }
  generate: true
---
title: Hardly any
id: 0a1b2c3d-0000-4000-8000-0000000000c2
level: low
correlation:
  type: event_count
  rules: [deletion]
  group-by: [userIdentity.userName]
  timespan: 5m
  condition: { lt: 2 }
  generate: true
`
let ids = 0
const trail = (eventName: string, eventTime: string, more: object = {}): object => ({
  eventID: `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
  eventVersion: '1.09',
  eventSource: 's3.amazonaws.com',
  eventName,
  eventTime,
  awsRegion: 'eu-west-1',
  recipientAccountId: '111122223333',
  userIdentity: { type: 'IAMUser', userName: 'alice' },
  ...more,
})
const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 9, minute)).toISOString()
async function file(name: string, records: readonly object[]): Promise<void> {
  const text = JSON.stringify({ Records: records })
  await writeFile(join(cwd, name), name.endsWith('.gz') ? gzipSync(text) : text)
}
const backtest = (...argv: string[]): ReturnType<typeof weir> => weir(['rules', 'backtest', ...argv], { cwd })
const json = (out: string): { title: string; hits: number; samples: { time: string; uids: string[]; about: string }[] }[] =>
  out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('weir rules backtest', () => {
  it('counts hits with their times, groups and samples, and says which rules never hit', async () => {
    await file('one.json.gz', [trail('DeleteBucket', at(5)), trail('CreateBucket', at(6)), trail('DeleteObject', at(1))])
    await writeFile(
      join(cwd, 'two.jsonl'),
      `${JSON.stringify(trail('DeleteBucket', at(9), { recipientAccountId: '444455556666' }))}\n${JSON.stringify(trail('X', at(9)))}\n`,
    )
    const { code, out, err } = await backtest('rules.yml', 'one.json.gz', 'two.jsonl', '--samples', '2')
    expect(out).toBe(`medium  3 hits  2 groups  2026-03-01T09:01:00Z – 2026-03-01T09:09:00Z  Deletion
  2026-03-01T09:05:00Z 111122223333 one.json.gz eventName=DeleteBucket
  2026-03-01T09:09:00Z 444455556666 two.jsonl eventName=DeleteBucket
1 rule of 2 never hit
  Nothing (rules.yml)
`)
    expect(err).toMatch(/^5 events, 2 rules, 3 hits in \d+\.\d s: \d+ events\/s\n$/)
    expect(code).toBe(0)
  })

  it('prints one JSON object a rule, those without hits too', async () => {
    await file('one.json', [trail('DeleteBucket', at(5))])
    const { out } = await backtest('rules.yml', 'one.json', '--json')
    expect(json(out)).toMatchObject([
      { kind: 'rule', title: 'Nothing', level: 'high', hits: 0, groups: 0, samples: [] },
      {
        title: 'Deletion',
        file: 'rules.yml',
        hits: 1,
        first: '2026-03-01T09:05:00Z',
        last: '2026-03-01T09:05:00Z',
        groups: 1,
        samples: [{ about: '111122223333', file: 'one.json', evidence: { eventName: 'DeleteBucket' } }],
      },
    ])
  })

  it('runs correlations in the order of time over all files, and closes windows at the end', async () => {
    await writeFile(join(cwd, 'burst.yml'), BURST)
    const bob = { userIdentity: { type: 'IAMUser', userName: 'bob' } }
    await file('later.json', [trail('DeleteBucket', at(4)), trail('DeleteBucket', at(3)), trail('DeleteBucket', at(2), bob)])
    await file('earlier.json', [trail('DeleteBucket', at(1))])
    const all = json((await backtest('burst.yml', 'later.json', 'earlier.json', '--json')).out)
    expect(all.map(({ title, hits }) => [title, hits])).toEqual([
      ['Burst of deletions', 1],
      ['Nothing', 0],
      ['Deletion', 4],
      ['Hardly any', 1],
    ])
    expect(all[0]?.samples).toMatchObject([{ about: 'userIdentity.userName=alice', time: '2026-03-01T09:04:00Z' }])
    expect(all[0]?.samples[0]?.uids).toHaveLength(3)
    expect(all[3]?.samples).toMatchObject([{ about: 'userIdentity.userName=bob' }])
  })

  it('does not answer for a correlation that only feeds another', async () => {
    const feeding = BURST.split('---\n')
      .slice(0, 3)
      .join('---\n')
      .replace('level: critical', 'name: burst')
      .replace('  generate: true\n', '')
    const above = `title: Bursts
id: 0a1b2c3d-0000-4000-8000-0000000000c3
correlation: { type: event_count, rules: [burst], group-by: [userIdentity.userName], timespan: 1h, condition: { gte: 1 } }
`
    await writeFile(join(cwd, 'chain.yml'), `${feeding}---\n${above}`)
    await file('three.json', [trail('DeleteA', at(1)), trail('DeleteB', at(2)), trail('DeleteC', at(3))])
    const all = json((await backtest('chain.yml', 'three.json', '--json')).out)
    expect(all.map(({ title, hits }) => [title, hits])).toEqual([
      ['Nothing', 0],
      ['Deletion', 3],
      ['Bursts', 1],
    ])
  })

  it('fails above --max-hits, and writes a JUnit case for each rule', async () => {
    await file('three.json', [trail('DeleteA', at(1)), trail('DeleteB', at(2)), trail('DeleteC', at(3))])
    const { code, err } = await backtest('rules.yml', 'three.json', '--max-hits', '2', '--junit', 'report.xml')
    expect(err).toContain('weir: "Deletion" hits 3 times, more than --max-hits 2\n')
    expect(code).toBe(3)
    expect(parseXml(await readFile(join(cwd, 'report.xml'), 'utf8'))).toMatchObject({
      attributes: { tests: '2', failures: '1' },
      children: [
        {
          children: [
            { attributes: { name: 'Nothing', file: 'rules.yml' }, children: [{ name: 'system-out', children: ['0 hits'] }] },
            { attributes: { name: 'Deletion' }, children: [{ name: 'failure', attributes: { message: '3 hits, more than 2' } }] },
          ],
        },
      ],
    })
    expect((await backtest('rules.yml', 'three.json', '--max-hits', '3')).code).toBe(0)
  })

  it('says what cannot be read and counts the rest', async () => {
    await writeFile(join(cwd, 'bad.jsonl'), `${JSON.stringify(trail('DeleteBucket', at(1)))}\n{"a":\n`)
    const { code, out, err } = await backtest('rules.yml', 'bad.jsonl')
    expect(out).toContain('1 hit ')
    expect(err).toMatch(/quarantined 1 record: invalid-json\n {2}bad\.jsonl: /)
    expect(code).toBe(4)
  })

  it('takes events of no known source for what they are said to be', async () => {
    await writeFile(join(cwd, 'unknown.jsonl'), '{"eventName":"DeleteBucket","@timestamp":"2026-03-01T09:00:00Z"}\n')
    const without = await backtest('rules.yml', 'unknown.jsonl')
    expect(without.err).toContain('1 event is of no source that ingest knows')
    expect(without.out).toContain('2 rules of 2 never hit')
    const said = await backtest('rules.yml', 'unknown.jsonl', '--logsource', 'aws/cloudtrail')
    expect(said.out).toMatch(/^medium  1 hit  1 group  2026-03-01T09:00:00Z/)
  })

  it('reads standard input, and shows no event as it would like to be shown', async () => {
    const stdin = JSON.stringify(trail('Delete\u001b[2J', at(1)))
    const { out } = await weir(['rules', 'backtest', 'rules.yml', '-'], { cwd, stdin })
    expect(out).toContain('stdin eventName=Delete')
    expect(out).not.toContain('\u001b')
  })

  it('shows no title as it would like to be shown', async () => {
    const nasty = '"\\e[2J\\u202e\\n::error::x"'
    await writeFile(
      join(cwd, 'nasty.yml'),
      RULES.replace('title: Deletion', `title: ${nasty}`).replace('title: Nothing', `title: ${nasty}`),
    )
    await file('one.json', [trail('DeleteBucket', at(5))])
    const { out, err } = await backtest('nasty.yml', 'one.json', '--max-hits', '0')
    expect(out).toMatch(/^medium  1 hit .*error::x\n/)
    expect(out).toMatch(/1 rule of 2 never hit\n .*error::x \(nasty\.yml\)\n/)
    expect(err).toMatch(/hits 1 time, more than --max-hits 0/)
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(out + err).not.toMatch(/^\s*::/m)
  })

  it('colours samples where standard output is a terminal', async () => {
    await file('one.json', [trail('DeleteBucket', at(5))])
    const run = (colours: 'out' | 'err'): ReturnType<typeof weir> =>
      weir(['rules', 'backtest', 'rules.yml', 'one.json'], { cwd, colours })
    expect((await run('out')).out).toContain('\n  <gray>2026')
    expect((await run('err')).out).not.toContain('<')
  })

  it('stops on a signal, and prints what it has', async () => {
    const stop = new AbortController()
    stop.abort()
    await file('one.json', [trail('DeleteBucket', at(5))])
    const { code, err } = await weir(['rules', 'backtest', 'rules.yml', 'one.json'], { cwd, signal: stop.signal })
    expect([code, err]).toEqual([130, expect.stringContaining('0 events')])
  })

  it('says which rules are refused, and runs the others', async () => {
    await writeFile(join(cwd, 'broken.yml'), `${RULES}---\ntitle: Broken\n`)
    await file('one.json', [trail('DeleteBucket', at(5))])
    const { code, out, err } = await backtest('broken.yml', 'one.json', '--junit', 'broken.xml')
    expect(err).toMatch(/refused broken\.yml:\d+:\d+ "Broken"/)
    expect(out).toContain('Deletion')
    expect(code).toBe(3)
    expect(parseXml(await readFile(join(cwd, 'broken.xml'), 'utf8'))).toMatchObject({
      attributes: { tests: '3', failures: '1' },
      children: [{}, { children: [{ attributes: { name: 'loads', classname: 'Broken', file: 'broken.yml' } }] }],
    })
  })

  it.each([
    [['rules.yml'], /name the rules, then the log files/],
    [['rules.yml', 'missing.json'], /missing\.json: there is no such file/],
    [['missing.yml', 'rules.yml'], /RULES missing\.yml: there is no such file or folder/],
    [['rules.yml', 'rules.yml', '--samples', 'x'], /--samples: expected a whole number/],
    [
      ['rules.yml', 'rules.yml', '--max-hits', '-1'],
      /^weir: rules backtest: --max-hits: a value that begins with - is written --max-hits=VALUE; /,
    ],
    [['rules.yml', 'rules.yml', '--max-hits=-1'], /--max-hits: expected a whole number/],
    [['rules.yml', 'rules.yml', '--source', 'clowdtrail'], /did you mean "cloudtrail"/],
  ])('says what is wrong with %j', async (argv, message) => {
    const { code, err } = await backtest(...argv)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })
})
