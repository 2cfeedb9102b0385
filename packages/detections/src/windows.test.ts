import { describe, expect, it } from 'vitest'
import { memoryState, NOON, OPTIONS, telemetry } from '../test/support.ts'
import type { DetectorEvent } from './detector.ts'
import { buckets, DAY_MS, firstInWindow, foldWindow } from './windows.ts'

const at = (time: number, claimed = true): DetectorEvent => ({ ...telemetry('x', {}, { identity: { claimed } }), time })
const shape = (events: readonly DetectorEvent[], length = 1000) =>
  buckets(events, length, event => (event.uid === 'none' ? undefined : 'g')).map(({ start, events: held }) => [
    start,
    held.length,
  ])

describe('buckets', () => {
  it('sorts events into windows of their own time, its start included and its end not', () => {
    expect(shape([at(0), at(999), at(1000), at(2500), at(1999)])).toEqual([
      [0, 2],
      [1000, 2],
      [2000, 1],
    ])
  })

  it('leaves out events without a group or a time', () => {
    expect(shape([at(-1), at(Number.NaN), at(Number.POSITIVE_INFINITY), at(1e300), { ...at(0), uid: 'none' }])).toEqual([])
  })

  it('keeps the eight fullest windows of what is only claimed, and all of what is known', () => {
    const times = Array.from({ length: 20 }, (_, index) => index * 1000)
    expect(shape([...times, 15_000].map(time => at(time))).toSorted((a, b) => Number(b[1]) - Number(a[1]))[0]).toEqual([
      15_000, 2,
    ])
    expect(shape(times.map(time => at(time)))).toHaveLength(8)
    expect(shape(times.map(time => at(time, false)))).toHaveLength(20)
  })

  it('cuts a group that no key could hold', () => {
    const [bucket] = buckets([at(0)], 1000, () => 'x'.repeat(100_000))
    expect(bucket?.group).toHaveLength(512)
  })
})

describe('foldWindow', () => {
  it('keeps state two days past the window, or past now where the events are old', async () => {
    const state = memoryState()
    const kept: number[] = []
    const spy: typeof state = { ...state, fold: request => (kept.push(request.expiresAt), state.fold(request)) }
    for (const start of [0, NOON + DAY_MS]) {
      const bucket = { group: 'g', start, length: 1000, events: [] }
      await foldWindow('id', bucket, { batch: 'b', now: NOON, state: spy, options: OPTIONS }, 0, n => ({
        state: n + 1,
        answer: n,
      }))
    }
    expect(kept).toEqual([NOON + 2 * DAY_MS, NOON + DAY_MS + 1000 + 2 * DAY_MS])
  })

  it('knows the first batch of a window, also when it comes again', async () => {
    const state = memoryState()
    const bucket = { group: 'g', start: 0, length: 1000, events: [] }
    const first = (batch: string) => firstInWindow('id', bucket, { batch, now: NOON, state, options: OPTIONS })
    expect([await first('a'), await first('b'), await first('a'), await first('b')]).toEqual([true, false, true, false])
  })
})
