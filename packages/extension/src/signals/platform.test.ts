import { describe, expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const time = '2026-01-01T00:00:01.000Z'
const report = { requestId: 'r-1', status: 'success', metrics: { durationMs: 1.5, billedDurationMs: 2, memorySizeMB: 128 } }

describe('platform telemetry', () => {
  it('is kept whole, whatever its type, with the invocation it names', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ time, type: 'platform.report', record: report }))
    recorder.take(body({ time, type: 'platform.report', record: { ...report, newField: 1 } }))
    recorder.take(body({ time, type: 'platform.fault', record: 'RequestId: r-1 Error: Runtime exited' }))
    const at = { time: Date.parse(time), invocation: 'r-1', contentType: 'application/vnd.weir.platform' }
    expect(shipped()).toEqual([
      { signal: 'platform.report', ...at, body: report },
      { signal: 'platform.report', ...at, body: { ...report, newField: 1 } },
      { signal: 'platform.fault', ...at, invocation: '', body: 'RequestId: r-1 Error: Runtime exited' },
    ])
  })

  it('adds what the platform dropped to what was lost, and takes no nonsense for a number', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ type: 'platform.logsDropped', record: { droppedRecords: 3, droppedBytes: 30, reason: 'slow' } }))
    recorder.take(body({ type: 'platform.logsDropped', record: { droppedRecords: -1, droppedBytes: 'many' } }))
    expect(shipped().filter(each => each.signal === 'platform.logsDropped')).toHaveLength(2)
    expect(recorder.counters.totals()).toEqual([{ reason: 'logs-dropped', records: 3, bytes: 30 }])
  })
})
