import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ran, weir } from '../testing.ts'

const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
const there = existsSync(join(shared, 'stratus'))
if (!there) process.stdout.write('weir run: skipped on real logs, there is no ../shared/data\n')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-run-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = async (name: string, content: string | Buffer): Promise<string> => {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

const record = (eventName: string, more: object = {}): object => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'IAMUser',
    userName: 'mallory',
    accountId: '111122223333',
    arn: 'arn:aws:iam::111122223333:user/mallory',
  },
  eventTime: '2026-11-01T10:00:00Z',
  eventSource: 'cloudtrail.amazonaws.com',
  eventName,
  awsRegion: 'us-east-1',
  sourceIPAddress: '203.0.113.7',
  userAgent: 'aws-cli/2.31.0',
  requestParameters: { name: 'main' },
  eventID: `00000000-0000-4000-8000-${Buffer.from(eventName).toString('hex').slice(0, 12)}`,
  eventType: 'AwsApiCall',
  recipientAccountId: '111122223333',
  ...more,
})

const entry = fileURLToPath(new URL('../weir.ts', import.meta.url))

/** `weir` in a process of its own, where standard output and signals are real; the shell finds it as "$NODE" "$WEIR". */
async function spawned(shell: string): Promise<Ran> {
  const env = { ...process.env, NODE: process.execPath, WEIR: entry }
  const child = spawn('/bin/sh', ['-c', shell], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (err += chunk))
  const code = await new Promise<number>(resolve => child.on('close', (exit, signal) => resolve(exit ?? (signal ? 999 : 998))))
  return { code, out, err }
}

/** A config that delivers to a file, with its own state; `more` replaces its last lines. */
async function config(name: string, more = ''): Promise<{ file: string; events: string }> {
  const at = join(folder, name)
  await mkdir(at, { recursive: true })
  const lines = {
    sinks: `[{ name: local, type: file, route: all, path: ${at}/events.ndjson }]`,
    state: `{ type: sqlite, path: ${at}/state.db }`,
    spool: `{ type: files, path: ${at}/spool }`,
    quarantine: `{ type: files, path: ${at}/quarantine }`,
    log: 'silent',
  }
  const own = new Set(more.split('\n').map(line => line.split(':')[0]))
  const kept = Object.entries(lines).filter(([key]) => !own.has(key))
  await writeFile(join(at, 'weir.yaml'), `${kept.map(([key, value]) => `${key}: ${value}`).join('\n')}\n${more}\n`)
  return { file: join(at, 'weir.yaml'), events: join(at, 'events.ndjson') }
}

const deliveredIn = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trim().split('\n')

const secretRead = (i: number): string =>
  JSON.stringify(
    record('GetSecretValue', {
      eventSource: 'secretsmanager.amazonaws.com',
      requestParameters: { secretId: `prod/service-${i}` },
      eventID: `00000000-0000-4000-8000-0000000000${10 + i}`,
    }),
  )

describe('weir run', () => {
  it('reads Records, arrays and lines, gzip or not, and finds the same', async () => {
    const records = [record('StopLogging'), record('GetTrail')]
    const forms = [
      await file('records.json', JSON.stringify({ Records: records })),
      await file('array.json', JSON.stringify(records, null, 2)),
      await file('lines.json', records.map(each => JSON.stringify(each)).join('\n')),
      await file('lines.json.gz', gzipSync(records.map(each => JSON.stringify(each)).join('\n'))),
    ]
    for (const form of forms) {
      const { code, out, err } = await weir(['run', '--json', form])
      expect(code, err).toBe(0)
      const findings = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      expect(findings, form).toHaveLength(1)
      expect(findings[0]).toMatchObject({ class_uid: 2004, cloud: { account: { uid: '111122223333' } } })
    }
  })

  it('reads standard input, and keeps it clean: findings on standard output, the rest on standard error', async () => {
    const { code, out, err } = await weir(['run', '--json', '-'], { stdin: JSON.stringify(record('DeleteTrail')) })
    expect(code).toBe(0)
    expect(
      out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toHaveLength(1)
    expect(err).toMatch(/1 findings/)
  })

  it('groups repeats, shows each with --all, and leaves out what is below --min-level', async () => {
    const lines = Array.from({ length: 5 }, (_, i) =>
      JSON.stringify(record('StopLogging', { eventID: `00000000-0000-4000-8000-00000000000${i}` })),
    )
    const path = await file('noisy.json', lines.join('\n'))
    const grouped = await weir(['run', path])
    expect(grouped.out).toMatch(/and 4 more like it/)
    const all = await weir(['run', '--all', path])
    expect(all.out.match(/^(HIGH|CRITICAL|MEDIUM|LOW)/gm)).toHaveLength(5)
    const none = await weir(['run', '--no-builtin', path])
    expect(none.out).toBe('')
  })

  it('adds rules with --rules, and names what it refuses', async () => {
    const good = await file(
      'good.yml',
      'title: Trail read\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  sel: {eventName: GetTrail}\n  condition: sel\n',
    )
    const bad = await file(
      'bad.yml',
      'title: Broken\nlogsource: {product: aws}\ndetection:\n  sel: {a|nonsense: 1}\n  condition: sel and\n',
    )
    const path = await file('get.json', JSON.stringify(record('GetTrail')))
    const { code, out, err } = await weir(['run', '--rules', good, '--rules', bad, path])
    expect(code).toBe(0)
    expect(out).toMatch(/Trail read/)
    expect(err).toMatch(/refused .*bad\.yml:\d+:\d+ "Broken"/)
    expect((await weir(['run', '--rules', good, '--min-level', 'high', path])).out).not.toMatch(/Trail read/)
    expect((await weir(['run', '--fail-on-findings', '--rules', good, path])).code).toBe(3)
  })

  it('tells a broken part from the rest: exit code 4, and nothing else is lost', async () => {
    const good = JSON.stringify(record('StopLogging'))
    const middle = await file('middle.json', `${good}\n{"eventName": "Broken", \n${JSON.stringify(record('DeleteTrail'))}\n`)
    const { code, out, err } = await weir(['run', '--json', middle])
    expect(code, err).toBe(4)
    expect(out.trim().split('\n')).toHaveLength(2)

    const whole = gzipSync(Array.from({ length: 2000 }, () => good).join('\n'))
    const truncated = await file('truncated.json.gz', whole.subarray(0, Math.floor(whole.length * 0.6)))
    expect((await weir(['run', truncated])).code).toBe(4)
  })

  it('says what is wrong with a command line, and exits with 2', async () => {
    for (const [argv, message] of [
      [['run'], /name the files/],
      [['run', 'nowhere.json'], /there is no such file/],
      [['run', '--min-level', 'hihg', 'x'], /did you mean "high"/],
      [['run', '--nonsense', 'x'], /--help/],
      [['run', '--deliver', '-'], /--config/],
      [['run', '--events', '-'], /--events: goes with --json/],
      [['run', '--source', 'cloudtrial', 'x'], /did you mean "cloudtrail"/],
      [['rnu'], /did you mean "run"/],
    ] as const) {
      const { code, err } = await weir(argv, { cwd: folder })
      expect(code, argv.join(' ')).toBe(2)
      expect(err).toMatch(message)
      expect(err).not.toMatch(/at .*\.ts:\d+/)
    }
  })

  it('says which records are neither delivered nor in quarantine, and exits with 1', async () => {
    const good = await file('safe.json', JSON.stringify(record('StopLogging')))
    const down = await config(
      'down',
      `sinks: [{ name: soc, type: splunk, url: "http://127.0.0.1:9", token: "env:T" }]\nspool: { type: files, path: ${folder}/tiny, maxBytes: 10 }`,
    )
    const full = await weir(['run', '--config', down.file, '--deliver', good], { env: { T: 'token' } })
    expect(full.err).toMatch(/safe\.json: .*neither delivered nor in quarantine/)
    expect(full.code).toBe(1)

    const binary = await file('binary.json', Buffer.from([0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
    const tight = await config('tight', `quarantine: { type: files, path: ${folder}/tight/quarantine, maxBytes: 10 }`)
    expect((await weir(['run', '--config', tight.file, '--deliver', binary])).code).toBe(1)
  })

  it('takes a file whose path is longer than the name of a batch may be', async () => {
    const deep = join(folder, ...Array.from({ length: 5 }, (_, i) => `${i}`.repeat(80)))
    await mkdir(deep, { recursive: true })
    const reads = Array.from({ length: 12 }, (_, i) => secretRead(i)).join('\n') // counted in state, under the batch's name
    await writeFile(join(deep, 'trail.json'), reads)
    const { code, out, err } = await weir(['run', '--json', join(deep, 'trail.json')])
    expect(code, err).toBe(0)
    expect(out).toContain('Secrets harvested by one principal')
  })

  it('counts correlations in the order of event time over all files, and closes the windows at the end', async () => {
    const denied = ['ListUsers', 'ListRoles', 'ListGroups', 'ListPolicies', 'ListAccessKeys', 'GetAccountSummary'].map(
      (name, i) =>
        record(name, { errorCode: 'AccessDenied', eventSource: 'iam.amazonaws.com', eventTime: `2026-03-01T10:0${i}:00Z` }),
    )
    const made = record('CreateAccessKey', {
      eventSource: 'iam.amazonaws.com',
      eventTime: '2026-03-01T10:20:00Z',
      readOnly: false,
    })
    const stopped = record('StopLogging', { eventTime: '2026-02-01T10:00:00Z' })
    const later = await file('a.json', JSON.stringify([made, stopped]))
    const earlier = await file('b.json', JSON.stringify(denied))
    const { code, out, err } = await weir(['run', '--json', later, earlier])
    expect(code, err).toBe(0)
    const messages = out
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { message: string }).message)
    expect(messages).toContain('CloudTrail stopped and not started again: 111122223333')
    expect(messages).toContain('Principal changed something after trying what it may do: arn:aws:iam::111122223333:user/mallory')
    expect(messages.filter(message => message.includes('inexact'))).toEqual([])
    expect(err).toMatch(/correlations +2 +0 +0 +0 +2/)
  })

  it('finds in new content under a name that an earlier run used', async () => {
    const { file: at } = await config('again')
    const argv = ['run', '--json', '--config', at, '--deliver', '-']
    expect((await weir(argv, { stdin: secretRead(0) })).out).toBe('')
    const second = await weir(argv, { stdin: Array.from({ length: 25 }, (_, i) => secretRead(i)).join('\n') })
    expect(second.out).toContain('Secrets harvested by one principal')
  })

  it('says why and where a part is in quarantine', async () => {
    const path = await file('why.json', `${JSON.stringify(record('GetTrail'))}\n{"eventName": "Broken", \n{"a":1}\n`)
    expect((await weir(['run', path])).err).toMatch(/quarantined 1 record: invalid-json\n {2}.*why\.json: .*at byte \d+/)
  })

  it('looks at every file before it reads one, and names what it cannot read', async () => {
    const good = await file('first.json', JSON.stringify(record('StopLogging')))
    const { code, out, err } = await weir(['run', '--json', good, 'nowhere.json', folder])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/nowhere\.json: there is no such file\n.*is a folder/)
    expect(err).not.toMatch(/at .*\.ts:\d+/)
  })

  it.skipIf(!existsSync('/proc/self/mem'))('goes on with the next file where one cannot be read to its end', async () => {
    const good = await file('second.json', JSON.stringify(record('StopLogging')))
    const { code, out, err } = await weir(['run', '--json', '/proc/self/mem', good]) // its first page is never there: EIO
    expect(code).toBe(1)
    expect(out).toContain('finding_info')
    expect(err).toMatch(/\/proc\/self\/mem: cannot be read to its end \(EIO\)/)
  })

  it('names the state that is no database, without a stack', async () => {
    const { file: at } = await config('corrupt')
    await writeFile(join(folder, 'corrupt', 'state.db'), 'this is no database, and long enough to be looked at'.repeat(20))
    const good = await file('good.json', JSON.stringify(record('GetTrail')))
    const { code, err } = await weir(['run', '--config', at, '--deliver', good])
    expect(code).toBe(2)
    expect(err).toMatch(/state\.path .*state\.db: .*move that file away/)
    expect(err).not.toMatch(/at .*\.ts:\d+/)
  })

  it('shows nothing of a name that a terminal would obey', async () => {
    const name = '\u001b[2J\u001b]0;pwned\u0007\u202e.json'
    expect((await weir(['run', name], { cwd: folder })).err).not.toMatch(/[\u001b\u0007\u202e]/)
    await writeFile(join(folder, name), '{"broken": ')
    const { code, err } = await weir(['run', name], { cwd: folder })
    expect(code).toBe(4)
    expect(err).not.toMatch(/[\u001b\u0007\u202e]/)
  })

  it('ends on a signal where nothing more comes, with what came before, and exits with 130', async () => {
    const stop = new AbortController()
    let given = false
    const waiting = new Readable({
      highWaterMark: 1,
      read() {
        if (given) setTimeout(() => stop.abort('SIGINT'), 20)
        else this.push(`${JSON.stringify(record('StopLogging'))}\n`)
        given = true
      },
    })
    const { code, out, err } = await weir(['run', '--json', '-'], { stdin: waiting, signal: stop.signal })
    expect(code, err).toBe(130)
    expect(out).toContain('finding_info')
  })

  it.skipIf(!existsSync('/dev/zero'))('ends on a signal in a file without an end', async () => {
    expect((await weir(['run', '/dev/zero'], { signal: AbortSignal.timeout(100) })).code).toBe(130)
  })

  it.skipIf(!existsSync('/dev/full'))(
    'says when its results could not be written, and exits with 1',
    { timeout: 60_000 },
    async () => {
      await file('full.json', JSON.stringify(record('StopLogging')))
      const { code, err } = await spawned('exec "$NODE" "$WEIR" run --json full.json > /dev/full')
      expect(code, err).toBe(1)
      expect(err).toMatch(/standard output could not be written \(ENOSPC\)/)
      expect(err).not.toMatch(/at .*\.ts:\d+/)
    },
  )

  it('delivers all the same when its reader goes away, and ends quietly where it delivers nothing', {
    timeout: 60_000,
  }, async () => {
    const { events } = await config('gone')
    const many = Array.from({ length: 3_000 }, (_, i) =>
      JSON.stringify(record('StopLogging', { eventID: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}` })),
    )
    await file('many.json', many.join('\n'))
    const run = '"$NODE" "$WEIR" run --json'
    const gone = await spawned(`{ ${run} --deliver --config gone/weir.yaml many.json; echo "code $?" >&2; } | head -n 1`)
    expect(gone.err).toMatch(/code 0/)
    expect((await deliveredIn(events)).length).toBe(6_000)
    const quiet = await spawned(`{ ${run} many.json; echo "code $?" >&2; } | head -n 1`)
    expect(quiet.err).toBe('code 0\n')
  })

  it.skipIf(!there)('finds on real attacks what the Sigma rules find, and its own pack more', async () => {
    const files = readdirSync(join(shared, 'stratus'))
      .filter(name => name.endsWith('.json'))
      .map(name => join(shared, 'stratus', name))
    const sigma = await weir(['run', '--json', '--no-builtin', '--rules', join(shared, 'sigma/rules/cloud/aws'), ...files])
    expect(sigma.code, sigma.err.slice(-500)).toBe(0)
    const findings = sigma.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const byRule = new Map<string, number>()
    for (const finding of findings) {
      const title = finding.finding_info.title
      byRule.set(title, (byRule.get(title) ?? 0) + 1)
    }
    process.stdout.write(`Sigma rules on real attacks: ${findings.length} findings from ${byRule.size} rules\n`)
    // A first count by another matcher: 59 findings from 8 rules, 50 of them from one AssumeRole rule.
    expect(findings).toHaveLength(59)
    expect(byRule.size).toBe(8)
    expect(Math.max(...byRule.values())).toBe(50)

    const per = async (argv: string[], path: string): Promise<number> =>
      (await weir(['run', '--json', ...argv, path])).out.trim().split('\n').filter(Boolean).length
    let missed = 0
    let ours = 0
    for (const path of files) {
      if ((await per(['--no-builtin', '--rules', join(shared, 'sigma/rules/cloud/aws')], path)) > 0) continue
      missed++
      if ((await per([], path)) > 0) ours++
    }
    process.stdout.write(`files without a Sigma finding: ${missed}; our own pack finds something in ${ours} of them\n`)
    expect(ours).toBeGreaterThan(0)
  })
})
