import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { body, type Shipped, testRecorder } from '../testing/recorder.ts'
import type { Load } from './signal.ts'

const KEY = 'AKIAQ3EGRIXAMPLE4Z7T'
const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
const lines = (records: readonly unknown[]) => body(...records.map((record, ms) => ({ time: at(ms), type: 'function', record })))

function record(load: Load, records: readonly unknown[]) {
  const { recorder, shipped } = testRecorder()
  recorder.load = load
  recorder.take(lines(records))
  const dropped = recorder.counters.totals()
  const all = shipped()
  const of = (signal: string): Shipped[] => all.filter(each => each.signal === signal)
  return { dropped, logs: of('function').map(each => each.body), of }
}

describe('at a reduced load', () => {
  it('one line in ten is recorded, and the others are counted', () => {
    const { dropped, logs } = record(
      'sample',
      Array.from({ length: 95 }, (_, index) => `line ${String(index).padStart(2, '0')}\n`),
    )
    expect(logs).toEqual(Array.from({ length: 10 }, (_, index) => `line ${index}0`))
    expect(dropped).toEqual([{ reason: 'over-budget', records: 85, bytes: 85 * 7 }])
  })

  it('a summary of each invocation stands for its lines', () => {
    const { dropped, of, logs } = record('summaries', [
      { requestId: '11111111-2222-4333-8444-555555555555', level: 'info', message: 'x' },
      '2026-01-01T00:00:00Z\tid\tINFO\tfine\n',
      '[WARNING] careful\n',
      'plain\n',
    ])
    expect(logs).toEqual([])
    expect(of('weir.summary')).toMatchObject([
      { invocation: '11111111-2222-4333-8444-555555555555', body: { lines: 1, levels: { INFO: 1 } } },
      {
        invocation: '',
        time: Date.parse(at(3)),
        body: { lines: 3, bytes: 55, levels: { INFO: 1, WARN: 1, other: 1 }, first: Date.parse(at(1)), last: Date.parse(at(3)) },
      },
    ])
    expect(dropped).toMatchObject([{ reason: 'over-budget', records: 4 }])
  })

  it.each<Load>(['sample', 'summaries'])('%s: errors and lines with a secret are recorded all the same', load => {
    const { logs, of } = record(load, [
      'first\n',
      '2026-01-01\tid\tERROR\tboom\n',
      { level: 'fatal', message: 'over' },
      `key ${KEY}\n`,
      { key: [KEY] },
      'last\n',
    ])
    const kept = logs.map(each => JSON.stringify(each))
    expect(kept.filter(each => /boom|over/.test(each))).toHaveLength(2)
    expect(kept.filter(each => each.includes('redacted:'))).toHaveLength(2)
    expect(kept.join()).not.toContain(KEY)
    expect(kept.join()).not.toContain('last')
    expect(of('weir.secret').length).toBeGreaterThan(0)
  })

  it('counts: nothing of a line is read, not even for a secret', () => {
    const { dropped, logs, of } = record('counts', ['ERROR\n', `key ${KEY}\n`, { a: 1 }])
    expect(logs).toEqual([])
    expect(of('weir.secret')).toEqual([])
    expect(dropped).toEqual([{ reason: 'over-budget', records: 3, bytes: 5 + 24 + 7 }])
  })

  it('platform telemetry is recorded whole', () => {
    const { recorder, shipped } = testRecorder()
    recorder.load = 'counts'
    recorder.take(body({ type: 'platform.start', record: { requestId: 'a' } }))
    expect(shipped()).toMatchObject([{ signal: 'platform.start' }])
  })

  it('a flood of errors, or of invocations that lines make up, is bounded', () => {
    const { logs } = record(
      'summaries',
      Array.from({ length: 500 }, () => 'ERROR\n'),
    )
    expect(logs).toHaveLength(100)
    const requestId = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
    const { of } = record(
      'summaries',
      Array.from({ length: 1000 }, (_, index) => ({ requestId: requestId(index) })),
    )
    expect(of('weir.summary')).toHaveLength(257)
  })

  it('every line is either recorded or counted', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json().map(each => JSON.parse(each) as unknown),
      fc.constant(`ERROR ${KEY}`),
    )
    const loads = fc.constantFrom<Load>('all', 'sample', 'summaries', 'counts')
    fc.assert(
      fc.property(fc.array(fc.tuple(loads, line), { maxLength: 50 }), steps => {
        const { recorder, shipped } = testRecorder()
        for (const [load, each] of steps) {
          recorder.load = load
          recorder.take(lines([each]))
        }
        const left = recorder.counters.totals().find(each => each.reason === 'over-budget')?.records ?? 0
        expect(shipped().filter(each => each.signal === 'function').length + left).toBe(steps.length)
      }),
    )
  })
})
