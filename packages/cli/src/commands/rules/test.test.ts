import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../../testing.ts'
import { parseXml } from '../../testing/xml.ts'

let root = ''
let cwd = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-test-'))
  cwd = await mkdtemp(join(root, 'case-'))
})
afterEach(async () => {
  cwd = await mkdtemp(join(root, 'case-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true })
    await writeFile(join(cwd, name), text)
  }
}
const test = (...argv: string[]): ReturnType<typeof weir> => weir(['rules', 'test', ...argv], { cwd })

const rule = (id: number, detection: string, more = ''): string => `title: Rule ${id}
name: rule_${id}
id: 0a1b2c3d-0000-4000-8000-00000000000${id}
logsource: { product: aws, service: cloudtrail }
detection:
  selection: ${detection}
  condition: selection
${more}`
const GOOD = 'match: [{ name: a call, event: { eventName: A } }]\nignore: [{ name: another, event: { eventName: B } }]\n'

describe('weir rules test', () => {
  it('runs the cases beside the rules of a folder, and says which have none', async () => {
    await write({
      'rules/a.yml': rule(1, '{ eventName: A }'),
      'rules/a.cases.yml': GOOD,
      'rules/deep/b.yaml': rule(2, '{ eventName: A }'),
      'rules/deep/b.cases.yaml': GOOD,
      'rules/c.yml': rule(3, '{ eventName: A }'),
    })
    expect(await test('rules')).toEqual({
      code: 0,
      out: '',
      err: 'no cases rules/c.yml\n4 cases of 2 files: 4 passed, 0 failed; 1 file without cases\n',
    })
    const required = await test('rules', '--require-cases')
    expect(required).toMatchObject({ code: 3, out: 'failed rules/c.yml "has cases"\n       has no cases\n' })
  })

  it('says of a failing case where it stands, what was expected, and why the rule did otherwise', async () => {
    await write({
      'a.yml': rule(1, '{ eventName|endswith: A }'),
      'a.cases.yml': GOOD.replace('{ eventName: A }', '{ EventName: A }'),
    })
    const { code, out } = await test('a.yml')
    expect(out).toBe(`failed a.cases.yml:1 "match: a call"
       "Rule 1" must match, and does not
       ✓ log source: aws/cloudtrail
       ✗ selection
         ✗ eventName ends with "A": the field is missing; the event has EventName
`)
    expect(code).toBe(3)
    await write({ 'a.cases.yml': GOOD.replace('{ eventName: B }', '{ eventName: BA }') })
    const ignored = await test('a.cases.yml')
    expect(ignored.out).toContain('failed a.cases.yml:2 "ignore: another"\n       "Rule 1" must not match, and does\n')
    expect(ignored.out).toContain('✓ eventName ends with "A": "BA"')
  })

  it('tells cases that cannot be read, cases without a rule and rules that are refused', async () => {
    await write({
      'a.yml': rule(1, '{ eventName: A }'),
      'a.cases.yml': `${GOOD}oops: []\n`,
      'alone.cases.yml': GOOD,
      'broken.yml': rule(2, '{ eventName|contians: A }'),
      'broken.cases.yml': GOOD,
    })
    const { code, out, err } = await test('.')
    expect(code).toBe(3)
    expect(out).toContain('failed a.cases.yml:3 "can be read"\n       unknown key "oops"; known here: match, ignore\n')
    expect(out).toContain('failed alone.cases.yml "stands beside a rule"\n       there is no rule alone.yml beside it\n')
    expect(out).toContain('failed broken.cases.yml:1 "match: a call"\n       no rule of the file beside it loads\n')
    expect(err).toContain('refused broken.yml:6:16 "Rule 2": unknown modifier "contians"\n')
    expect(await test('alone.cases.yml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no rule alone.yml beside it') as string,
    })
  })

  it('asks which rule of a file a case is for, and takes its name', async () => {
    await write({ 'two.yml': `${rule(1, '{ eventName: A }')}---\n${rule(2, '{ eventName: B }')}`, 'two.cases.yml': GOOD })
    expect((await test('two.yml')).out).toContain('the file beside it has 2 rules: say which with rule:')
    await write({ 'two.cases.yml': GOOD.replaceAll('name:', 'rule: rule_1, name:') })
    expect((await test('two.yml')).code).toBe(0)
    await write({ 'two.cases.yml': GOOD.replaceAll('name:', 'rule: nobody, name:') })
    expect((await test('two.yml')).out).toContain('no rule with the id, name or title "nobody"')
  })

  it('tries a rule with its filters, on the log source that a case names, on an event whose secrets are masked', async () => {
    await write({
      'a.yml': rule(1, '{ password: hunter2hunter2 }'),
      'a.cases.yml': 'match: [{ name: a secret, event: { password: hunter2hunter2 } }]\n',
      'b.yml': rule(2, '{ eventName: A }'),
      'b.cases.yml': 'ignore: [{ name: other source, logsource: { product: gcp }, event: { eventName: A } }]\n',
      'c.yml': rule(3, '{ eventName: A }'),
      'c.cases.yml': 'ignore: [{ name: filtered, event: { eventName: A, user: bot } }]\n',
      'filters/bots.yml': `title: Bots
id: 0a1b2c3d-0000-4000-8000-0000000000ff
logsource: { product: aws, service: cloudtrail }
filter: { rules: [rule_3], bots: { user: bot }, condition: not bots }
`,
    })
    const masked = await test('a.yml')
    expect(masked.out).toMatch(/password equals "hunter2hunter2": got "\[redacted:/)
    expect(await test('b.yml')).toMatchObject({
      code: 0,
      err: expect.stringContaining(
        'idle b.cases.yml:1 "ignore: other source": no rule of the file is for gcp: any event of it is ignored\n',
      ) as string,
    })
    await write({
      'b.cases.yml': 'ignore: [{ name: own, logsource: { product: AWS, service: cloudtrail }, event: { eventName: B } }]\n',
    })
    expect((await test('b.yml')).err).not.toContain('idle')
    expect((await test('c.yml')).code).toBe(3)
    expect((await test('c.yml', '--rules', 'filters')).code).toBe(0)
    // Named twice, a file is still one.
    expect(await test('c.yml', './c.yml', '--rules', 'filters')).toMatchObject({ code: 0, out: '' })
    expect(await test('c.yml', '--rules', '.')).toMatchObject({ code: 0, out: '' })
  })

  it('runs cases behind links, and whatever the case of an ending', async () => {
    const fails = GOOD.replace('eventName: A', 'eventName: C')
    await write({
      'A.YML': rule(1, '{ eventName: A }'),
      'tree/b.yml': rule(2, '{ eventName: A }'),
      'tree/c.yml': rule(3, '{ eventName: A }'),
      'tree/c.cases.YML': fails,
      'far/b.cases.yml': fails,
      'far/folder/d.yml': rule(4, '{ eventName: A }'),
      'far/folder/d.cases.yaml': fails,
    })
    await symlink('../far/b.cases.yml', join(cwd, 'tree/b.cases.yml'))
    await symlink('../far/folder', join(cwd, 'tree/linked'))
    await symlink('../far/folder/d.yml', join(cwd, 'tree/z.yml'))
    await writeFile(join(cwd, 'tree/z.cases.yml'), GOOD)
    expect(await test('A.YML', '--require-cases')).toMatchObject({
      code: 3,
      out: expect.stringContaining('A.YML "has cases"') as string,
    })
    const { code, out, err } = await test('tree')
    expect(out.match(/^failed .*$/gm)).toEqual([
      'failed tree/b.cases.yml:1 "match: a call"',
      'failed tree/c.cases.YML:1 "match: a call"',
      'failed tree/linked/d.cases.yaml:1 "match: a call"',
    ])
    expect(err).toContain('8 cases of 4 files: 5 passed, 3 failed; 0 files without cases')
    expect(code).toBe(3)
    expect((await test('tree/c.yml')).err).toContain('2 cases of 1 file')
    expect((await test('tree/c.cases.YML')).err).toContain('2 cases of 1 file')
    await writeFile(join(cwd, 'A.cases.yml'), GOOD)
    expect(await test('A.YML', '--require-cases')).toMatchObject({ code: 0, out: '' })
  })

  it('gives cases to the rule with their own ending, and says which cannot be read', async () => {
    await write({ 'a.yml': rule(1, '{ eventName: A }'), 'a.yaml': rule(2, '{ eventName: B }'), 'a.cases.yml': GOOD })
    expect(await test('.')).toMatchObject({ code: 0, err: expect.stringContaining('no cases a.yaml\n') as string })
    await writeFile(join(cwd, 'a.cases.yml'), Buffer.from([0x74, 0xe9, 0x74]))
    expect((await test('.')).out).toBe('failed a.cases.yml "can be read"\n       is not text in UTF-8; save it as UTF-8\n')
  })

  it('prints no text of a rule or a case as it would like to be printed', async () => {
    const nasty = '"\\e]0;t\\a\\e[2J\\u009b1m\\u202e\\n::error::x"'
    await write({
      'a.yml': `${rule(1, `{ ${nasty}: A }`).replace('Rule 1', nasty)}---\n${CORRELATION.replace('Burst', nasty).replace('[user]', `[${nasty}]`)}`,
      'a.cases.yml': `match:
  - { name: ${nasty}, rule: rule_1, event: { a: ${nasty} } }
  - { name: ${nasty}, rule: ${nasty}, event: {} }
  - name: ${nasty}
    events: [{ at: 0, event: { user: ${nasty} } }]
  - name: ${nasty}
    events: [{ at: 0, matches: ${nasty}, event: {} }]
  - name: ${nasty}
    events: [{ at: 0, times: 3, matches: rule_1, event: { ${nasty}: ${nasty} } }]
    groups: [{ ${nasty}: other }]
ignore:
  - name: ${nasty}
    events: [{ at: 0, times: 3, matches: rule_1, event: { ${nasty}: ${nasty} } }]
  - { name: ${nasty}, ${nasty}: 1 }
`,
    })
    const { code, out, err } = await test('a.yml', '--junit', 'out.xml')
    expect(code).toBe(3)
    expect(out.match(/^failed/gm)).toHaveLength(7)
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(out + err).not.toMatch(/^\s*::/m)
    expect(await readFile(join(cwd, 'out.xml'), 'utf8')).not.toMatch(/[\u001b\u009b]/)
  })

  it('colours what a person sees, and never the report', async () => {
    await write({ 'a.yml': rule(1, '{ eventName: A }'), 'a.cases.yml': GOOD.replace('eventName: A', 'eventName: C') })
    const argv = ['rules', 'test', 'a.yml', '--junit', 'out.xml']
    const { out, err } = await weir(argv, { cwd, colours: 'out' })
    expect(out).toContain('<red>failed</red> ')
    expect(out).toContain('\n       <red>✗</red> selection\n')
    expect(err).not.toContain('<')
    expect(await readFile(join(cwd, 'out.xml'), 'utf8')).not.toContain('&lt;red')
    const other = await weir(argv, { cwd, colours: 'err' })
    expect(other.out).not.toContain('<')
  })

  it('maps a record of a known source for a rule that reads OCSF', async () => {
    await write({
      'o.yml': rule(1, '{ api.operation: DeleteBucket }', 'taxonomy: ocsf\n'),
      'o.cases.yml': `match:
  - name: a record
    event: { eventVersion: "1.09", eventSource: s3.amazonaws.com, eventName: DeleteBucket }
  - name: a body
    event: { class_uid: 6003, api: { operation: DeleteBucket } }
ignore:
  - name: neither
    event: { eventName: DeleteBucket }
`,
    })
    const { code, out } = await test('o.yml')
    expect(out).toMatch(/^failed o\.cases\.yml:7 "ignore: neither"\n {7}the rule reads OCSF, and the event is neither/)
    expect(code).toBe(3)
  })

  it('writes JUnit, failures and all', async () => {
    await write({ 'a.yml': rule(1, '{ eventName: A }'), 'a.cases.yml': GOOD.replace('eventName: B', 'eventName: a') })
    expect((await test('a.yml', '--junit', 'out.xml')).code).toBe(3)
    expect(parseXml(await readFile(join(cwd, 'out.xml'), 'utf8'))).toMatchObject({
      attributes: { tests: '2', failures: '1' },
      children: [
        {
          attributes: { name: 'a.yml' },
          children: [
            { attributes: { name: 'match: a call', classname: 'Rule 1', file: 'a.cases.yml', line: '1' }, children: [] },
            {
              attributes: { name: 'ignore: another' },
              children: [{ attributes: { message: '"Rule 1" must not match, and does' } }],
            },
          ],
        },
      ],
    })
    await write({ 'a.cases.yml': GOOD, 'broken.yml': 'title: Broken\n' })
    expect((await test('.', '--junit', 'out.xml')).code).toBe(3)
    expect(parseXml(await readFile(join(cwd, 'out.xml'), 'utf8'))).toMatchObject({
      attributes: { tests: '3', failures: '1' },
      children: [
        {},
        {
          attributes: { name: 'refused' },
          children: [
            {
              attributes: { name: 'loads', classname: 'Broken', file: 'broken.yml', line: '1' },
              children: [{ name: 'failure' }],
            },
          ],
        },
      ],
    })
    expect(await test('a.yml', '--junit', 'none/out.xml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--junit none/out.xml') as string,
    })
  })

  it('asks for what to test', async () => {
    expect(await test()).toMatchObject({ code: 2, err: expect.stringContaining('name the files or folders') as string })
    expect((await test('nothing')).code).toBe(2)
  })
})

const CORRELATION = `title: Burst
id: 0a1b2c3d-0000-4000-8000-0000000000c1
correlation:
  type: event_count
  rules: [rule_1]
  group-by: [user]
  timespan: 1m
  condition: { gte: 3 }
level: high
`
const FEW = `title: Few
id: 0a1b2c3d-0000-4000-8000-0000000000c2
correlation:
  type: event_count
  rules: [rule_1]
  group-by: [user]
  timespan: 1m
  condition: { lt: 2 }
`
const ORDERED = `title: A then B
id: 0a1b2c3d-0000-4000-8000-0000000000c3
correlation:
  type: temporal_ordered
  rules: [rule_1, rule_2]
  group-by: [user]
  timespan: 5m
`

describe('weir rules test, on correlations', () => {
  it('lets the events arrive one by one, and finds windows and groups', async () => {
    await write({
      'c.yml': `${rule(1, '{ eventName: A }')}---\n${CORRELATION}`,
      'c.cases.yml': `match:
  - name: three of one user within a minute
    events:
      - { at: 0s, times: 3, every: 20s, event: { eventName: A, user: alice } }
      - { at: 0s, times: 2, event: { eventName: A, user: bob } }
    windows: 1
    groups: [{ user: alice }]
  - name: named matches need no fields but the group's
    events: [{ at: 0, times: 3, matches: rule_1, event: { user: carol } }]
  - name: a single event of the base rule
    rule: rule_1
    event: { eventName: A }
ignore:
  - name: too slow
    events: [{ at: 0s, times: 3, every: 40s, event: { eventName: A, user: alice } }]
`,
    })
    expect(await test('c.yml')).toMatchObject({ code: 0, out: '' })
  })

  it('says what was found in place of what was expected, and why events match no base rule', async () => {
    await write({
      'c.yml': `${rule(1, '{ eventName: A }')}---\n${CORRELATION}`,
      'c.cases.yml': `match:
  - name: none
    events: [{ at: 0, times: 3, event: { eventName: B, user: alice } }]
  - name: wrong group
    events: [{ at: 0, times: 3, event: { eventName: A, user: alice } }]
    groups: [{ user: bob }]
  - name: another group too
    events:
      - { at: 0, times: 3, event: { eventName: A, user: alice } }
      - { at: 1s, times: 3, event: { eventName: A, user: bob } }
    groups: [{ user: bob }]
  - name: wrong count
    events: [{ at: 0, times: 3, event: { eventName: A, user: alice } }]
    windows: 2
  - name: nobody
    events: [{ at: 0, matches: nobody, event: {} }]
ignore:
  - name: holds
    events: [{ at: 0, times: 3, event: { eventName: A, user: alice } }]
`,
    })
    const { code, out } = await test('c.yml')
    expect(code).toBe(3)
    expect(out).toContain(`failed c.cases.yml:2 "match: none"
       "Burst" must hold, and does in no window
       "Rule 1" matches 0 of 3 events
       event 1 and "Rule 1":
         ✓ log source: aws/cloudtrail
         ✗ selection
           ✗ eventName equals "A": got "B"
`)
    expect(out).toContain('"Burst" must hold for user "bob", and does not\n')
    expect(out).toContain('"Burst" must hold for the given groups only, and does for user "alice" too\n')
    expect(out).toContain('"Burst" must hold in 2 windows, and does in 1\n')
    expect(out).toContain('matches: "Burst" does not look at a rule "nobody"\n')
    expect(out).toMatch(/"Burst" must not hold, and does in 1 window\n {7}window \d+s to \d+s, user "alice", 3 events\n/)
  })

  it('closes windows that no event closes, and keeps order', async () => {
    await write({
      'few.yml': `${rule(1, '{ eventName: A }')}---\n${FEW}`,
      'few.cases.yml': `match:
  - name: one alone
    events: [{ at: 0, event: { eventName: A, user: alice } }]
ignore:
  - name: two
    events: [{ at: 0, times: 2, every: 10s, event: { eventName: A, user: alice } }]
`,
      'ordered.yml': `${rule(3, '{ eventName: A }').replace('rule_3', 'rule_a')}---\n${rule(4, '{ eventName: B }').replace('rule_4', 'rule_b')}---\n${ORDERED.replace('rule_1, rule_2', 'rule_a, rule_b')}`,
      'ordered.cases.yml': `match:
  - name: in order
    events:
      - { at: 0s, event: { eventName: A, user: alice } }
      - { at: 10s, event: { eventName: B, user: alice } }
ignore:
  - name: the other way round
    events:
      - { at: 0s, event: { eventName: B, user: alice } }
      - { at: 10s, event: { eventName: A, user: alice } }
`,
    })
    expect(await test('.')).toMatchObject({ code: 0, out: '' })
  })
})
