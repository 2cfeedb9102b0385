import { createHash } from 'node:crypto'
import { linkRules, parseRules, runRules } from '@weir/sigma'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { KinesisStreamEvent } from 'aws-lambda'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assemble } from '../assemble.ts'
import { validateConfig } from '../config.ts'
import { createHandler } from '../handler.ts'
import { memoryLedger } from '../ledger/memory.ts'
import { createLog } from '../observe.ts'
import { memoryQuarantine } from '../quarantine/memory.ts'
import type { LoadedRules } from '../rules.ts'
import { type FakeS3, fakeS3 } from '../spool/testing.ts'
import { memorySpool } from '../spool/memory.ts'
import { memoryState } from '../state/memory.ts'
import { tick } from '../tick.ts'
import { buildPack } from './build.ts'
import { LOOK_EVERY_MS } from './follow.ts'
import { type PackPlace, packPlace } from './places.ts'
import { publishPack } from './publish.ts'

const NOON = Date.UTC(2026, 10, 2, 12)
const STREAM = 'arn:aws:kinesis:us-east-1:111122223333:stream/trail'
const rule = (n: number, name: string, level = 'high') => `title: ${name}
id: 00000000-0000-4000-8000-00000000000${n}
name: ${name.toLowerCase()}
level: ${level}
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: ${name} }, condition: selection }
`
const often = (of: string, correlation: string) => `title: ${of} often
id: 00000000-0000-4000-8000-00000000000a
correlation: { type: ${correlation}, rules: [${of.toLowerCase()}], group-by: [awsRegion], timespan: 1h }
`
const rulesOf = (pack: string, ...documents: readonly string[]): LoadedRules => {
  const set = linkRules([parseRules(documents.join('---\n'), 'rules.yml')])
  expect(set.refused).toEqual([])
  return { ...set, pack, builtin: new Set() }
}
const A = 'a'.repeat(16)
const B = 'b'.repeat(16)
const COUNT = 'event_count, condition: { gte: 3 }'

let s3: FakeS3
beforeEach(async () => {
  s3 = await fakeS3()
})
afterEach(() => s3.close())

/** A function over the fake bucket; its time moves when told to. */
async function open(first: LoadedRules, rules: object = {}, place = packPlace('s3://packs', s3.client)) {
  const clock = { at: NOON }
  const found: (readonly [string, string])[] = []
  const lines: string[] = []
  /** Between two inputs of one batch, another stream's invocation may look: on a laptop both are in one process. */
  const within: { between?: () => void } = {}
  const weir = await assemble(
    validateConfig({ streams: { trail: { sources: ['cloudtrail'] } }, rules: { builtin: false, ...rules } }),
    {
      pack: runRules(first, first.pack),
      follow: { place },
      env: {},
      now: () => clock.at,
      log: createLog('info', { write: line => void lines.push(line) }),
      stores: { state: memoryState(), ledger: memoryLedger(), spool: memorySpool(), quarantine: memoryQuarantine() },
      tap: {
        finding: ({ finding_info: info }: OcsfEvent & { finding_info?: unknown }) => {
          const { title, analytic } = info as { title: string; analytic: { version: string } }
          found.push([title, analytic.version])
        },
        events: () => within.between?.(),
      },
    },
  )
  const handler = createHandler(weir)
  let next = 1
  return {
    clock,
    lines,
    within,
    weir,
    tick: () => tick(weir, clock.at + 30_000),
    publish: (loaded: LoadedRules) => publishPack(place, buildPack(loaded)),
    /** What an invocation with these events found: titles, and the pack that each finding names. */
    async send(...names: readonly string[]) {
      found.length = 0
      const Records = names.map(eventName => ({
        eventID: `shardId-0:${next}`,
        eventSourceARN: STREAM,
        kinesis: {
          sequenceNumber: String(next),
          approximateArrivalTimestamp: clock.at / 1000,
          data: Buffer.from(
            JSON.stringify({
              eventVersion: '1.11',
              eventTime: new Date(clock.at - 1_000 + next).toISOString(),
              eventSource: 'test.amazonaws.com',
              eventName,
              awsRegion: 'us-east-1',
              eventID: `00000000-0000-4000-8000-0000000001${String(next++).padStart(2, '0')}`,
              eventType: 'AwsApiCall',
              recipientAccountId: '111122223333',
            }),
          ).toString('base64'),
        },
      }))
      const event = { Records } as unknown as KinesisStreamEvent
      expect(await handler(event, { getRemainingTimeInMillis: () => 60_000 })).toEqual({ batchItemFailures: [] })
      return [...found]
    },
  }
}

describe('a function that follows packs', () => {
  it('looks before its first batch, and takes over what is published since, without a deploy', async () => {
    const made = await open(rulesOf(A, rule(1, 'One')))
    expect(await made.send('One', 'Two')).toEqual([['One', A]])
    await made.publish(rulesOf(B, rule(2, 'Two')))
    expect(await made.send('One', 'Two')).toEqual([['One', A]]) // it looks once a minute
    made.clock.at += LOOK_EVERY_MS
    expect(await made.send('One', 'Two')).toEqual([['Two', B]])
    const other = await open(rulesOf(A, rule(1, 'One')))
    expect(await other.send('One', 'Two')).toEqual([['Two', B]])
  })

  it('keeps the pack that a batch began with to its end', async () => {
    // In memory, so that the pack comes while the batch is at work.
    const files = new Map<string, string>()
    const memory: PackPlace = {
      name: 'memory',
      read: async file => (files.has(file) ? Buffer.from(files.get(file) ?? '') : undefined),
      write: async (file, text) => void files.set(file, text),
    }
    const made = await open(rulesOf(A, rule(1, 'One')), {}, memory)
    await made.send('Nothing')
    await made.publish(rulesOf(B, rule(1, 'One')))
    made.clock.at += LOOK_EVERY_MS - 1
    made.within.between = () => {
      made.clock.at += 1
      void made.weir.look()
      running.push(made.weir.parts.detections.pack)
    }
    const running: string[] = []
    const names = Array.from({ length: 50 }, () => 'One')
    expect(await made.send(...names)).toEqual(names.map(name => [name, A]))
    expect(new Set(running)).toEqual(new Set([A, B]))
    expect(await made.send('One')).toEqual([['One', B]])
  })

  it('leaves out of a pack what the config leaves out', async () => {
    const disable = ['00000000-0000-4000-8000-000000000002']
    const made = await open(rulesOf(A, rule(1, 'One')), { disable })
    await made.publish(rulesOf(B, rule(1, 'One'), rule(2, 'Two')))
    expect(await made.send('One', 'Two')).toEqual([['One', B]])
  })

  it('keeps the last good pack when one does not load', async () => {
    const made = await open(rulesOf(A, rule(1, 'One')))
    const { json } = buildPack(rulesOf(B, rule(1, 'One')))
    const bytes = Buffer.from(json.replace('"version":1', '"version":2'))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    s3.put(`${sha256}.json`, bytes)
    s3.put('current.json', Buffer.from(JSON.stringify({ format: 'weir-pack-pointer/1', pack: sha256 })))
    expect(await made.send('One')).toEqual([['One', A]])
    expect(made.lines.join()).toMatch(/a rule pack is refused; the last good one goes on/)
    expect(made.lines.join()).toMatch(/build the pack again with this version of Weir/)
  })

  it('goes on counting for a correlation that is the same, and begins anew for one that is changed', async () => {
    const made = await open(rulesOf(A, rule(1, 'One'), often('One', COUNT)))
    expect(await made.send('One', 'One')).toEqual([])
    await made.publish(rulesOf(B, rule(1, 'One'), rule(2, 'Two'), often('One', COUNT)))
    made.clock.at += LOOK_EVERY_MS
    expect(await made.send('One')).toEqual([['One often', B]])
    await made.publish(rulesOf(A, rule(1, 'One'), often('One', 'event_count, condition: { gte: 2 }')))
    made.clock.at += LOOK_EVERY_MS
    expect(await made.send('One')).toEqual([])
    expect(await made.send('One')).toEqual([['One often', A]])
  })

  it('forgets in a tick the windows of a correlation that is gone', async () => {
    const made = await open(rulesOf(A, rule(1, 'One'), often('One', 'event_count, condition: { lt: 3 }')))
    await made.send('One')
    await made.publish(rulesOf(B, rule(1, 'One')))
    made.clock.at += 3 * 3_600_000
    expect(await made.tick()).toMatchObject({ closed: 0 })
    expect(made.weir.parts.detections.pack).toBe(B)
  })
})
