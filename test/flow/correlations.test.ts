import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, memoryLedger, sqliteState, summarize, tick } from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { splunkReceiver } from '../receivers/index.ts'
import { ACCOUNT, type Bench, openBench, stopLogging, titles } from './harness.ts'

const validator = fileURLToPath(new URL('../../../shared/tools/ocsf-validate.mjs', import.meta.url))
const there = existsSync(validator)
if (!there) process.stdout.write('OCSF validity of correlations: skipped, there is no ../shared/tools/ocsf-validate.mjs\n')

const NOON = Date.UTC(2026, 10, 2, 12)
const MINUTE = 60_000
const DENIED = 'Principal changed something after trying what it may do'
const STOPPED = 'CloudTrail stopped and not started again'

let folder = ''
let siem: Awaited<ReturnType<typeof splunkReceiver>>
let workers: Bench[] = []
let ledger = memoryLedger()
const clock = { at: NOON }
const open: { close(): Promise<void> }[] = []

beforeEach(async () => {
  clock.at = NOON
  folder = await mkdtemp(join(tmpdir(), 'weir-correlations-'))
  siem = await splunkReceiver({ token: 'hec' })
  ledger = memoryLedger()
  workers = []
  for (let i = 0; i < 2; i++) {
    const state = sqliteState({ path: join(folder, 'state.db') })
    open.push(state)
    workers.push(
      await openBench({
        config: { sinks: [{ name: 'siem', type: 'splunk', route: 'findings', url: siem.url, token: 'env:HEC' }] },
        env: { HEC: 'hec' },
        stores: { state, ledger },
        now: () => clock.at,
      }),
    )
  }
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  await siem.close()
  await rm(folder, { recursive: true, force: true })
})

const call = (n: number, eventName: string, more: object = {}): { stream: string; data: Buffer; sequence: number } => ({
  stream: 'trail',
  sequence: n,
  data: stopLogging({
    eventSource: 'iam.amazonaws.com',
    eventName,
    requestParameters: null,
    eventTime: new Date(NOON + n * 10_000).toISOString(),
    eventID: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    readOnly: true,
    ...more,
  }),
})
const denied = ['ListUsers', 'ListRoles', 'ListGroups', 'ListPolicies', 'ListAccessKeys', 'GetAccountSummary'].map((name, i) =>
  call(i + 1, name, { errorCode: 'AccessDenied' }),
)

interface Told {
  readonly id: string
  readonly signature: string
  readonly severity: string
  readonly ocsf: OcsfEvent
}

/** What the SIEM has of one detection, by uid. */
const told = (title: string): Map<string, Told> =>
  new Map(
    siem.events
      .map(({ event }) => event as Told)
      .filter(({ signature }) => signature === title)
      .map(event => [event.id, event]),
  )

describe('a correlation', () => {
  it('is one finding in the SIEM, whichever worker gets what, and however often', async () => {
    const [one, two] = workers as [Bench, Bench]
    const made = call(9, 'CreateAccessKey', { readOnly: false })
    // Both at once; every record twice; some to both.
    await Promise.all([one.handle(denied.slice(0, 4)), two.handle(denied.slice(2))])
    await two.handle([made])
    expect(told(DENIED).size).toBe(1)
    await Promise.all([one.handle([...denied, made]), two.handle([...denied, made])])
    const [finding] = [...told(DENIED).values()]
    expect(told(DENIED).size).toBe(1)
    expect(finding).toMatchObject({
      severity: 'high',
      subject: `${DENIED}: arn:aws:iam::${ACCOUNT}:user/mallory`,
      user: 'mallory',
    })
    expect(finding?.ocsf['finding_info']).toMatchObject({ related_events: [{}, { type: 'cloudtrail' }] })
    // What only feeds correlations tells nothing.
    expect(told('API call denied').size).toBe(0)
    expect(check(await summarize(ledger))).toEqual([])
  })

  it('of what did not happen is told by a tick, once, whoever ticks', async () => {
    const [one, two] = workers as [Bench, Bench]
    const stopped = { stream: 'trail', sequence: 1, data: stopLogging({ eventTime: new Date(NOON).toISOString() }) }
    await one.handle([stopped])
    await two.handle([stopped])
    const ticks = (): Promise<{ closed: number }[]> => Promise.all(workers.map(({ weir }) => tick(weir, clock.at + MINUTE)))
    clock.at += 5 * MINUTE
    await ticks()
    expect(told(STOPPED).size).toBe(0)
    clock.at += 40 * MINUTE
    expect((await ticks()).reduce((sum, { closed }) => sum + closed, 0)).toBe(1)
    expect([...told(STOPPED).values()]).toMatchObject([{ severity: 'critical', ocsf: { time: NOON } }])
    clock.at += 40 * MINUTE
    await ticks()
    expect(siem.events.filter(({ event }) => (event as Told).severity === 'critical')).toHaveLength(1)
    const summary = await summarize(ledger)
    expect(check(summary)).toEqual([])
    expect(summary.streams.find(({ stream }) => stream === 'correlations')).toMatchObject({ inputs: 1, records: 0, findings: 1 })
  })

  it.skipIf(!there)('is valid OCSF, made by an event or by a tick', async () => {
    const [one] = workers as [Bench]
    await one.handle([...denied, call(9, 'CreateAccessKey', { readOnly: false })])
    await one.handle([{ stream: 'trail', data: stopLogging({ eventTime: new Date(NOON).toISOString() }), sequence: 50 }])
    clock.at += 60 * MINUTE
    await tick(one.weir, clock.at + MINUTE)
    expect(titles(one.findings)).toEqual(expect.arrayContaining([DENIED, STOPPED]))
    const file = join(folder, 'findings.ndjson')
    await writeFile(file, one.findings.map(finding => JSON.stringify(finding)).join('\n'))
    const { stdout, status } = spawnSync(process.execPath, [validator, file], { encoding: 'utf8' })
    expect(stdout).toMatch(/, 0 invalid/)
    expect(status).toBe(0)
  })
})
