import { describe, expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const time = '2026-01-01T00:00:01.000Z'
const REQUEST_ID = '0f6a1c52-7d1e-4b8a-9c3f-2a5b6c7d8e9f'
const report = { requestId: REQUEST_ID, status: 'success', metrics: { durationMs: 1.5, billedDurationMs: 2, memorySizeMB: 128 } }

describe('platform telemetry', () => {
  it('is kept whole, whatever its type, with the invocation it names', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ time, type: 'platform.report', record: report }))
    recorder.take(body({ time, type: 'platform.report', record: { ...report, newField: 1 } }))
    recorder.take(body({ time, type: 'platform.fault', record: 'RequestId: x Error: Runtime exited' }))
    const at = { time: Date.parse(time), invocation: REQUEST_ID, contentType: 'application/vnd.weir.platform' }
    expect(shipped()).toEqual([
      { signal: 'platform.report', ...at, body: report },
      { signal: 'platform.report', ...at, body: { ...report, newField: 1 } },
      { signal: 'platform.fault', ...at, invocation: '', body: 'RequestId: x Error: Runtime exited' },
    ])
  })

  it('belongs to the invocation that ran where what it names is no request id', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ time, type: 'platform.start', record: { requestId: REQUEST_ID } }))
    recorder.take(body({ time, type: 'platform.fault', record: { requestId: 'forged' } }))
    expect(shipped().map(({ invocation }) => invocation)).toEqual([REQUEST_ID, REQUEST_ID])
  })

  it('adds what the platform dropped to what was lost, and takes no nonsense for a number', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ type: 'platform.logsDropped', record: { droppedRecords: 3, droppedBytes: 30, reason: 'slow' } }))
    recorder.take(body({ type: 'platform.logsDropped', record: { droppedRecords: -1, droppedBytes: 'many' } }))
    expect(shipped().filter(each => each.signal === 'platform.logsDropped')).toHaveLength(2)
    expect(recorder.counters.totals()).toEqual([{ reason: 'logs-dropped', records: 3, bytes: 30 }])
  })
})
