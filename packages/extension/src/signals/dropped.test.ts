import { expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'

it('tells what was lost since the flush before, while the header keeps the totals', () => {
  const { recorder } = testRecorder()
  const flush = () =>
    recorder
      .cut()
      .map(batch => [batch.dropped, batch.records.map(each => JSON.parse(Buffer.from(each.body).toString()) as unknown)])
  recorder.counters.drop('x', 1, 10)
  recorder.counters.drop('x', 1, 5)
  const first = { reason: 'x', records: 2, bytes: 15 }
  expect(flush()).toEqual([[[first], [first]]])
  expect(flush()).toEqual([])
  recorder.counters.drop('x', 1, 1)
  expect(flush()).toEqual([[[{ reason: 'x', records: 3, bytes: 16 }], [{ reason: 'x', records: 1, bytes: 1 }]]])
})
