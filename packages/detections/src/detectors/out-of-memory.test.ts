import { describe, expect, it } from 'vitest'
import { ARN, memoryState, NOON, one, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { outOfMemory } from './out-of-memory.ts'

const report = (status: string, used: number, time = NOON): DetectorEvent =>
  telemetry(
    'platform.report',
    { requestId: 'a', status, errorType: 'Runtime.ExitError', metrics: { memorySizeMB: 256, maxMemoryUsedMB: used } },
    { time },
  )

describe('out of memory', () => {
  it('tells of a failure with all memory used', async () => {
    expect(await one(outOfMemory, report('error', 256))).toMatchObject([
      {
        group: ARN,
        window: String(NOON),
        message: `${ARN} ran out of memory: 256 of 256 MB used`,
        evidence: { memorySizeMB: 256, maxMemoryUsedMB: 256, invocations: 1 },
      },
    ])
  })

  it('tells of it by the error type alone', async () => {
    const event = telemetry('platform.runtimeDone', { requestId: 'a', status: 'error', errorType: 'Runtime.OutOfMemory' })
    expect((await one(outOfMemory, event)).map(({ message }) => message)).toEqual([`${ARN} ran out of memory`])
  })

  it('ignores a success, and a failure with memory left', async () => {
    expect(await run(outOfMemory, { a: [report('success', 256), report('error', 255)] })).toEqual([])
  })

  it('tells once an hour, and the same of a batch that comes again', async () => {
    const state = memoryState()
    const batches = {
      a: [report('error', 256)],
      b: [report('error', 256, NOON + 3_599_999)],
      c: [report('error', 256, NOON + 3_600_000)],
    }
    const found = await run(outOfMemory, batches, { state })
    expect(found.map(({ window }) => Number(window))).toEqual([NOON, NOON + 3_600_000])
    expect(await run(outOfMemory, batches, { state })).toEqual(found)
  })
})
