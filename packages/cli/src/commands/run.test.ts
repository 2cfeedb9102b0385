import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

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
      [['run', '--deliver', 'x'], /--config/],
      [['run', '--source', 'cloudtrial', 'x'], /did you mean "cloudtrail"/],
      [['rnu'], /did you mean "run"/],
    ] as const) {
      const { code, err } = await weir(argv, { cwd: folder })
      expect(code, argv.join(' ')).toBe(2)
      expect(err).toMatch(message)
      expect(err).not.toMatch(/at .*\.ts:\d+/)
    }
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
