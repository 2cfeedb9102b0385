import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARN, memoryState, NOON, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { failureStorm } from './failure-storm.ts'

const timeout = (requestId: string, time = NOON): DetectorEvent =>
  telemetry('platform.runtimeDone', { requestId, status: 'timeout', metrics: { durationMs: 3000 } }, { time })
const report = (requestId: string, more: object, used = 80): DetectorEvent =>
  telemetry('platform.report', { requestId, ...more, metrics: { memorySizeMB: 256, maxMemoryUsedMB: used } })

describe('failure storm', () => {
  it('tells how many invocations of a function failed, and how', async () => {
    const events = [
      timeout('a'),
      report('b', { status: 'error', errorType: 'Runtime.ExitError' }, 256),
      report('c', { status: 'error', errorType: 'Runtime.ExitError' }),
    ]
    const [found, ...more] = await run(failureStorm, { one: events })
    expect(more).toEqual([])
    expect(found).toMatchObject({
      group: ARN,
      window: String(NOON),
      message: `3 invocations of ${ARN} failed within 5 minutes: 1 timed out, 1 ran out of memory, 1 crashed`,
      evidence: { failures: 3, timeouts: 1, outOfMemory: 1, crashes: 1, threshold: 3 },
    })
  })

  it.each([
    ['a success with all memory used', report('x', { status: 'success' }, 256)],
    ['an error of its own code', report('x', { status: 'error', errorType: 'Function.ValidationError' })],
    ['an error without a type', report('x', { status: 'error' })],
    ['a start', telemetry('platform.start', { requestId: 'x' })],
    ['an ordinary end', telemetry('weir.end', { reason: 'spindown' })],
    ['an end by timeout while nothing ran', telemetry('weir.end', { reason: 'timeout' })],
    ['a line of text', telemetry('platform.report', 'status: timeout')],
  ])('does not count %s', async (_, event) => {
    expect(await run(failureStorm, { one: [timeout('a'), timeout('b'), event] })).toEqual([])
  })

  it.each([
    ['a timeout in the report', report('x', { status: 'timeout' })],
    ['a timeout by its type', report('x', { status: 'error', errorType: 'Sandbox.Timedout' })],
    ['out of memory by its type', report('x', { status: 'error', errorType: 'Runtime.OutOfMemory' })],
    ['a failure', telemetry('platform.runtimeDone', { requestId: 'x', status: 'failure' })],
    ['the end of the sandbox under it', telemetry('weir.end', { reason: 'timeout', requestId: 'x' })],
  ])('counts %s', async (_, event) => {
    expect(await run(failureStorm, { one: [timeout('a'), timeout('b'), event] })).toHaveLength(1)
  })

  it('counts an invocation once, over batches too, and by its most telling record', async () => {
    const exhausted = report('a', { status: 'timeout' }, 256)
    const batches = { one: [timeout('a'), timeout('b')], two: [exhausted, timeout('b')], three: [timeout('c')] }
    const found = await run(failureStorm, batches)
    expect(found.map(({ evidence }) => evidence)).toMatchObject([{ failures: 3, timeouts: 2, outOfMemory: 1 }])
  })

  it('tells once a window, again when the window is another, and the same of a batch that comes again', async () => {
    const state = memoryState()
    const storm = (from: number): DetectorEvent[] => Array.from({ length: 5 }, (_, i) => timeout(`${from}-${i}`, from))
    const batches = { a: storm(NOON), b: storm(NOON + 60_000), c: storm(NOON + 300_000) }
    const found = await run(failureStorm, batches, { state })
    expect(found.map(({ window }) => Number(window))).toEqual([NOON, NOON + 300_000])
    expect(await run(failureStorm, batches, { state })).toEqual(found)
  })

  it('keeps its state small under a flood, before and after it fires', async () => {
    const state = memoryState()
    for (let batch = 0; batch < 20; batch += 1) {
      const flood = Array.from({ length: 500 }, (_, i) => timeout(`${'x'.repeat(30)}-${batch}-${i}-${'y'.repeat(1000)}`))
      await run(failureStorm, { [batch]: flood }, { state, options: { failuresPerWindow: 1e9 } })
      expect(state.size()).toBeLessThan(60_000)
    }
  })

  it('fires exactly when as many different requests failed as it takes, in whatever batches', async () => {
    const ids = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(ids, fc.integer({ min: 1, max: 8 }), async (batches, failuresPerWindow) => {
        const named = Object.fromEntries(batches.map((batch, i) => [`b${i}`, batch.map(id => timeout(`request-${id}`))]))
        const found = await run(failureStorm, named, { options: { failuresPerWindow } })
        expect(found.length).toBe(new Set(batches.flat()).size >= failuresPerWindow ? 1 : 0)
      }),
    )
  })
})
