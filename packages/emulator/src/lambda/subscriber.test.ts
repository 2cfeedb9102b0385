import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manualClock, type ManualClock } from '../manual-clock.ts'
import { field } from './bench.ts'
import type { TelemetryEvent } from './events.ts'
import { Subscriber } from './subscriber.ts'
import type { Subscription } from './subscription.ts'

const SUBSCRIPTION: Subscription = {
  schemaVersion: '2025-01-29',
  types: ['platform', 'function'],
  buffering: { maxItems: 3, maxBytes: 10_000, timeoutMs: 100 },
  destination: { protocol: 'HTTP', port: 1, path: '/', method: 'POST' },
}

const event = (record: unknown, type = 'function'): TelemetryEvent => ({ time: '2026-01-01T00:00:00.000Z', type, record })

/** A subscriber whose listener answers when the test says so. */
function start(subscription: Partial<Subscription> = {}, auto = true) {
  const clock: ManualClock = manualClock()
  const batches: TelemetryEvent[][] = []
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = []
  const subscriber = new Subscriber(
    'x',
    { ...SUBSCRIPTION, ...subscription },
    body =>
      new Promise((resolve, reject) => {
        batches.push(JSON.parse(body))
        if (auto) resolve()
        else answers.push({ resolve, reject })
      }),
    clock,
  )
  return { subscriber, clock, batches, answers, records: () => batches.map(batch => batch.map(({ record }) => record)) }
}

describe('a subscriber', () => {
  it('gets a batch when it is timeoutMs old', async () => {
    const { subscriber, clock, records } = start()
    subscriber.offer(event('a'))
    await clock.advance(99)
    expect(records()).toEqual([])
    await clock.advance(1)
    expect(records()).toEqual([['a']])
  })

  it('gets a batch when it has maxItems', async () => {
    const { subscriber, clock, records } = start()
    for (const record of ['a', 'b', 'c', 'd']) subscriber.offer(event(record))
    await clock.advance(0)
    expect(records()).toEqual([['a', 'b', 'c']])
  })

  it('gets a batch once it has reached maxBytes', async () => {
    const { subscriber, clock, records } = start()
    const [half, huge] = ['h'.repeat(6000), 'H'.repeat(20_000)]
    for (const record of [half, half, half, huge]) {
      subscriber.offer(event(record))
      await clock.advance(0)
    }
    expect(records()).toEqual([
      [half, half],
      [half, huge],
    ])
  })

  it('gets only the types that it wants', async () => {
    const { subscriber, clock, records } = start({ types: ['platform'] })
    subscriber.offer(event('a'))
    subscriber.offer(event({ ok: true }, 'platform.start'))
    await clock.advance(100)
    expect(records()).toEqual([[{ ok: true }]])
  })

  it('has one batch in flight; a second that fills meanwhile is dropped and told of', async () => {
    const { subscriber, clock, batches, answers } = start({}, false)
    for (let i = 0; i < 10; i++) subscriber.offer(event(i))
    await clock.advance(100)
    expect(batches).toHaveLength(1)
    answers[0]?.resolve()
    await clock.advance(0)
    expect(batches[1]?.map(({ type }) => type)).toEqual(['platform.logsDropped', 'function'])
    expect(field(batches[1]?.[0]?.record, 'droppedRecords')).toBe(6)
    expect(Number(field(batches[1]?.[0]?.record, 'droppedBytes'))).toBeGreaterThan(100)
    expect(batches[1]?.[1]?.record).toBe(9)
  })

  it('gets the same batch again, ever more slowly, until it takes it', async () => {
    const { subscriber, clock, records, answers } = start({}, false)
    subscriber.offer(event('a'))
    await clock.advance(100)
    for (const wait of [100, 200, 400, 800, 1600, 2000, 2000]) {
      const before = records().length
      answers.at(-1)?.reject(new Error('down'))
      await clock.advance(wait - 1)
      expect(records()).toHaveLength(before)
      await clock.advance(1)
      expect(records()).toHaveLength(before + 1)
    }
    expect(new Set(records().flat())).toEqual(new Set(['a']))
  })

  it('gets nothing while the sandbox is frozen', async () => {
    const { subscriber, clock, records } = start()
    subscriber.pause()
    subscriber.offer(event('a'))
    await clock.advance(10_000)
    expect(records()).toEqual([])
    subscriber.resume()
    await clock.advance(0)
    expect(records()).toEqual([['a']])
  })

  it('gets the rest at a flush, and nothing once closed', async () => {
    const { subscriber, clock, records } = start()
    subscriber.offer(event('a'))
    await subscriber.flush()
    expect(records()).toEqual([['a']])
    subscriber.close()
    subscriber.offer(event('b'))
    await clock.advance(1000)
    expect(records()).toEqual([['a']])
  })

  it('accounts for every event: delivered in order, or counted as dropped', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('offer' as const) },
      { weight: 2, arbitrary: fc.constant('answer' as const) },
      { weight: 1, arbitrary: fc.constant('fail' as const) },
      { weight: 1, arbitrary: fc.constant('wait' as const) },
      { weight: 1, arbitrary: fc.constantFrom('pause' as const, 'resume' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async steps => {
        const { subscriber, clock, batches, answers } = start({}, false)
        const accepted: TelemetryEvent[][] = []
        const accept = () => {
          const answer = answers.pop()
          if (!answer) return
          accepted.push(batches.at(-1) ?? [])
          answer.resolve()
        }
        let offered = 0
        for (const step of steps) {
          if (step === 'offer') subscriber.offer(event(offered++))
          else if (step === 'answer') accept()
          else if (step === 'fail') answers.pop()?.reject(new Error('down'))
          else if (step === 'pause') subscriber.pause()
          else if (step === 'resume') subscriber.resume()
          await clock.advance(step === 'wait' ? 100 : 0)
        }
        subscriber.resume()
        for (let i = 0; i < 12; i++) {
          await clock.advance(2000)
          accept()
        }
        const delivered = accepted.flat()
        const records = delivered.filter(({ type }) => type === 'function').map(({ record }) => Number(record))
        const dropped = delivered.reduce(
          (sum, { type, record }) => sum + (type === 'platform.logsDropped' ? Number(field(record, 'droppedRecords')) : 0),
          0,
        )
        expect(records).toEqual(records.toSorted((a, b) => a - b))
        expect(new Set(records).size + dropped).toBe(offered)
      }),
      { numRuns: 200 },
    )
  })
})
