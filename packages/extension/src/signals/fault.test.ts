import { expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'

it('tells what went wrong since the flush before, by kind, and cannot grow for ever', () => {
  const { recorder, shipped } = testRecorder()
  recorder.counters.fault('a')
  recorder.counters.fault('a')
  expect(shipped()).toMatchObject([{ signal: 'weir.fault', body: { kind: 'a', count: 2 } }])
  expect(shipped()).toEqual([])
  for (let each = 0; each < 1000; each++) recorder.counters.fault(`kind-${each}`)
  const bodies = shipped().map(each => each.body as { kind: string; count: number })
  expect(bodies).toHaveLength(65)
  expect(bodies.at(-1)).toEqual({ kind: 'other', count: 936 })
})
