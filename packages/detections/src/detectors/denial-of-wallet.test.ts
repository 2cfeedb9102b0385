import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARN, memoryState, NOON, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { denialOfWallet } from './denial-of-wallet.ts'

/** 1 GB for 100 s: 100 GB-seconds and a request, $0.00166687. */
const report = (time = NOON, billedDurationMs: unknown = 100_000, memorySizeMB: unknown = 1024): DetectorEvent =>
  telemetry('platform.report', { requestId: 'r', status: 'success', metrics: { billedDurationMs, memorySizeMB } }, { time })
const reports = (count: number, time = NOON): DetectorEvent[] => Array.from({ length: count }, () => report(time))
const limit = { billedUsdPerWindow: 0.01 } // the sixth report passes it

describe('denial of wallet', () => {
  it('tells of a function that passes the limit, in dollars, invocations and a day', async () => {
    const [found, ...more] = await run(denialOfWallet, { a: reports(6) }, { options: limit })
    expect(more).toEqual([])
    expect(found).toMatchObject({
      group: ARN,
      window: String(NOON),
      message: `${ARN} was billed about $0.01 within 5 minutes by 6 invocations (limit $0.01); at this rate at least $2.88 a day`,
      evidence: {
        estimatedUsd: 0.01,
        thresholdUsd: 0.01,
        projectedUsdPerDay: 2.88,
        invocations: 6,
        gbSeconds: 600,
        windowMinutes: 5,
        windowStart: '2026-11-02T12:00:00.000Z',
      },
    })
    expect(found?.events).toHaveLength(6)
  })

  it('ignores a function below the limit, other records, and a report without a bill', async () => {
    const others = [
      telemetry('platform.report', { metrics: { durationMs: 1e9 } }),
      telemetry('function', 'billedDurationMs 1000000000'),
    ]
    expect(await run(denialOfWallet, { a: [...reports(5), ...others] }, { options: limit })).toEqual([])
  })

  it('sums batches and sandboxes, and tells once', async () => {
    const state = memoryState()
    const found = await run(denialOfWallet, { a: reports(3), b: reports(3), c: reports(3) }, { options: limit, state })
    expect(found.map(({ evidence }) => evidence['invocations'])).toEqual([6])
  })

  it('answers a batch that is delivered again as it did the first time', async () => {
    const state = memoryState()
    const batches = { a: reports(3), b: reports(3), c: reports(3) }
    const first = await run(denialOfWallet, batches, { options: limit, state })
    expect(await run(denialOfWallet, batches, { options: limit, state })).toEqual(first)
  })

  it('keeps windows and functions apart', async () => {
    const other = report().identity
    const events = [
      ...reports(3, NOON - 1),
      ...reports(3, NOON),
      ...reports(3).map(event => ({ ...event, identity: { ...other, function: `${ARN}-2` } })),
    ]
    expect(await run(denialOfWallet, { a: events }, { options: limit })).toEqual([])
  })

  it('believes no duration, memory or time that Lambda does not have', async () => {
    const forged = [report(NOON, 1e300, 1e300), report(NOON, -1e9), report(NOON, Number.NaN), report(NOON, '1000000000')]
    const [found] = await run(denialOfWallet, { a: forged }, { options: { billedUsdPerWindow: 0.0001 } })
    expect(found?.evidence['gbSeconds']).toBe(9300)
    expect(found?.evidence['invocations']).toBe(1)
    const state = memoryState()
    const spread = Array.from({ length: 1000 }, (_, index) => report(NOON + index * 300_000))
    await run(denialOfWallet, { a: spread }, { state })
    expect(state.folds()).toBe(8)
  })

  it('fires exactly once however reports fall into batches, are ordered or come twice', async () => {
    const batches = fc.array(fc.array(fc.integer({ min: 0, max: 900_000 }), { maxLength: 6 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(batches, fc.infiniteStream(fc.boolean()), async (durations, again) => {
        const state = memoryState()
        const total =
          durations.flat().reduce((sum, ms) => sum + ms / 1000, 0) * 0.0000166667 + durations.flat().length * 0.0000002
        const seen = new Set<string>()
        let fired = 0
        for (const [index, batch] of durations.entries()) {
          const events = batch.map(ms => report(NOON, ms))
          const once = await run(denialOfWallet, { [`b${index}`]: events }, { options: { billedUsdPerWindow: 0.02 }, state })
          fired += once.length
          for (const { group, window } of once) seen.add(`${group} ${window}`)
          if (again.next().value) {
            const twice = await run(denialOfWallet, { [`b${index}`]: events }, { options: { billedUsdPerWindow: 0.02 }, state })
            expect(twice).toEqual(once)
          }
        }
        if (Math.abs(total - 0.02) > 1e-9) expect(fired).toBe(total > 0.02 ? 1 : 0)
        expect(seen.size).toBe(fired)
      }),
      { numRuns: 100 },
    )
  })
})
