import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'weir-explain-'))
  await writeFile(join(cwd, 'rule.yml'), RULE)
  await writeFile(join(cwd, 'some.cases.yml'), 'match: []\n')
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const RULE = `title: Deleted by a person
name: deleted
id: 0a1b2c3d-0000-4000-8000-00000000000a
logsource: { product: aws, service: cloudtrail }
detection:
  selection:
    eventName|startswith: Delete
    userIdentity.userName: alice
  filter:
    - sourceIPAddress: cloudformation.amazonaws.com
    - userAgent|contains: Terraform
  condition: selection and not filter
`
const trail = (eventName: string, more: object = {}): object => ({
  eventVersion: '1.09',
  eventSource: 's3.amazonaws.com',
  eventName,
  userIdentity: { type: 'IAMUser', userName: 'alice' },
  sourceIPAddress: '198.51.100.7',
  ...more,
})
const explain = (...argv: string[]): ReturnType<typeof weir> => weir(['rules', 'explain', ...argv], { cwd })

describe('weir rules explain', () => {
  it('tells of the log source, of each selection and of each field', async () => {
    const { code, out, err } = await explain('rule.yml', JSON.stringify(trail('CreateBucket', { userAgent: 'Terraform/1' })))
    expect(out).toBe(`"Deleted by a person" does not match the event
✓ log source: aws/cloudtrail
✗ all of these
  ✗ selection
    ✗ eventName starts with "Delete": got "CreateBucket"
    ✓ userIdentity.userName equals "alice": "alice"
  ✗ not
    ✓ filter, any of these
      ✗ sourceIPAddress equals "cloudformation.amazonaws.com": got "198.51.100.7"
      ✓ userAgent contains "Terraform": "Terraform/1"
`)
    expect([code, err]).toEqual([0, ''])
  })

  it('takes the first event of a file that matches, or the one that is asked for', async () => {
    const Records = [trail('CreateBucket'), trail('DeleteBucket'), trail('DeleteObject')]
    await writeFile(join(cwd, 'trail.json.gz'), gzipSync(JSON.stringify({ Records })))
    expect((await explain('rule.yml', 'trail.json.gz')).out).toMatch(
      /^"Deleted by a person" matches event 2, the first that it matches\n/,
    )
    expect((await explain('rule.yml', 'trail.json.gz', '--line', '1')).out).toMatch(
      /^"Deleted by a person" does not match event 1\n/,
    )
    expect((await explain('rule.yml', 'trail.json.gz', '--line', '4')).err).toMatch(/--line 4: there are 3 events/)
    await writeFile(join(cwd, 'none.jsonl'), '{"a":1}\n{"a":2}\n')
    expect((await explain('rule.yml', 'none.jsonl')).out).toMatch(/does not match event 1 of 2, none of which it matches\n/)
  })

  it('says nothing of a rule when it is interrupted before it knows', async () => {
    const stop = new AbortController()
    const event = JSON.stringify(trail('CreateBucket'))
    const stdin = Readable.from(
      (async function* () {
        yield `${event}\n`.repeat(600)
        stop.abort()
        yield `${event}\n`
      })(),
    )
    const ran = await weir(['rules', 'explain', 'rule.yml', '-'], { cwd, stdin, signal: stop.signal })
    expect(ran).toMatchObject({
      code: 130,
      out: '',
      err: expect.stringMatching(/interrupted after \d+ events?: whether one matches/) as string,
    })
  })

  it('reads standard input for every rule of a file, and says what is refused', async () => {
    await writeFile(
      join(cwd, 'several.yml'),
      `${RULE}---\n${RULE.replace('00a', '00b').replace('name: deleted', '').replace('alice', 'bob')}---\ntitle: Broken\n`,
    )
    const stdin = JSON.stringify(trail('DeleteBucket'))
    const { code, out, err } = await weir(['rules', 'explain', 'several.yml', '-'], { cwd, stdin })
    expect(out.match(/"Deleted by a person" (matches|does not match) the event/g)).toHaveLength(2)
    expect(out).toContain('✗ userIdentity.userName equals "bob": got "alice"')
    expect(err).toMatch(/refused several\.yml:\d+:\d+ "Broken": .*logsource is missing/)
    expect(code).toBe(3)
  })

  it('finds a loaded rule by its id, its name or its title', async () => {
    const event = '{"eventName":"StopLogging"}'
    expect((await explain('CloudTrail stopped or deleted', event)).out).toContain(
      '"CloudTrail stopped or deleted" does not match',
    )
    expect((await explain('deleted', event, '--rules', 'rule.yml')).out).toContain('"Deleted by a person"')
    expect((await explain('0A1B2C3D-0000-4000-8000-00000000000A', event, '--rules', 'rule.yml')).out).toContain(
      '"Deleted by a person"',
    )
    expect(await explain('nothing', event)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no file nothing, and no loaded rule/) as string,
    })
  })

  it('explains the rules that a correlation counts, wherever they stand', async () => {
    await writeFile(
      join(cwd, 'burst.yml'),
      `title: Burst
correlation: { type: event_count, rules: [deleted], group-by: [userIdentity.userName], timespan: 5m, condition: { gte: 3 } }
`,
    )
    const { out, err } = await explain('burst.yml', JSON.stringify(trail('DeleteBucket')), '--rules', 'rule.yml')
    expect(out).toMatch(/^"Deleted by a person" matches the event\n/)
    expect(err).toBe('"Burst" is a correlation: the rules that it counts are explained.\n')
    expect((await explain('Burst', '{}', '--rules', '.')).out).toContain('"Deleted by a person" does not match')
    expect((await explain('burst.yml', '{}')).code).toBe(3)
  })

  it('says when an event is of another log source, or of one that nobody knows', async () => {
    const telemetry = await explain('telemetry/secret-in-log.yml', JSON.stringify(trail('X')))
    expect(telemetry.code).toBe(2)
    const other = await explain('Function prints a secret in its log', JSON.stringify(trail('X')))
    expect(other.out).toContain('✗ log source: the rule is for weir/telemetry, the event is of aws/cloudtrail')
    const unknown = await explain('rule.yml', '{"eventName":"DeleteX"}')
    expect(unknown.out).toContain('✓ log source: aws/cloudtrail')
    expect(unknown.err).toMatch(/of no source that ingest knows/)
    const said = await explain('rule.yml', '{"eventName":"DeleteX"}', '--logsource', 'windows//process_creation')
    expect(said.out).toContain('the event is of windows/process_creation')
    const known = await explain('rule.yml', JSON.stringify(trail('DeleteX')), '--logsource', 'windows//process_creation')
    expect(known.out).toContain('✓ log source: aws/cloudtrail')
  })

  it('shows an event as the rule sees it: secrets masked, nothing that moves the cursor', async () => {
    const { out } = await explain(
      'rule.yml',
      JSON.stringify(
        trail('\u001b[2J\u001b[31mDelete\u202e', { userAgent: 'aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz' }),
      ),
    )
    expect(out).not.toMatch(/[\u001b\u202e]/)
    expect(out).not.toContain('wJalrXUtnFEMI')
    expect(out).toContain('[redacted:')
  })

  it('reads the OCSF body where the rule does', async () => {
    await writeFile(
      join(cwd, 'ocsf.yml'),
      'title: O\ntaxonomy: ocsf\nlogsource: { product: aws }\ndetection: { sel: { api.operation: DeleteBucket }, condition: sel }\n',
    )
    expect((await explain('ocsf.yml', JSON.stringify(trail('DeleteBucket')))).out).toMatch(/^"O" matches the event\n/)
  })

  it('colours marks where standard output is a terminal', async () => {
    const run = (colours: 'out' | 'err'): ReturnType<typeof weir> =>
      weir(['rules', 'explain', 'rule.yml', JSON.stringify(trail('X'))], { cwd, colours })
    expect((await run('out')).out).toMatch(/ <red>does not match<\/red> the event\n<green>✓<\/green> log source/)
    expect((await run('err')).out).not.toContain('<')
  })

  it('prints one JSON object a rule', async () => {
    const { out } = await explain('rule.yml', JSON.stringify(trail('DeleteBucket')), '--json')
    expect(JSON.parse(out)).toMatchObject({
      rule: { title: 'Deleted by a person', file: 'rule.yml' },
      event: { source: 'cloudtrail', assumed: false },
      matches: true,
      bindings: [{ applies: true, condition: { kind: 'and', holds: true } }],
    })
  })

  it.each([
    [['rule.yml'], /name a rule and an event/],
    [['rule.yml', '{', '}'], /quote inline JSON/],
    [['rule.yml', '{"a":'], /EVENT holds no event that can be read \(invalid-json: /],
    [['rule.yml', 'missing.json'], /missing\.json: there is no such file/],
    [['rule.yml', '{}', '--line', '2'], /--line 2: there is 1 event$/m],
    [['rule.yml', '{}', '--line', 'x'], /--line: expected a number/],
    [['rule.yml', '{}', '--logsource', '//'], /--logsource: expected product/],
    [['.', '{}'], /\.: is a folder; name one of its files/],
    [['rule.yml', ''], /EVENT is empty/],
    [['some.cases.yml', '{}'], /some\.cases\.yml: holds cases; `weir rules test some\.cases\.yml`/],
    [['none.yml', '{}'], /there is no file none\.yml/],
  ])('says what is wrong with %j', async (argv, message) => {
    const { code, err } = await explain(...argv)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })
})
