import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'
import { OWN_PREFIX } from '../config.ts'

it('keeps what other extensions print and drops what we print', () => {
  const { recorder, shipped } = testRecorder()
  recorder.take(body({ type: 'extension', record: 'other\n' }, { type: 'extension', record: `${OWN_PREFIX}idle\n` }))
  expect(recorder.counters.totals()).toEqual([{ reason: 'own-log', records: 1, bytes: 11 }])
  expect(shipped().filter(each => each.signal === 'extension')).toMatchObject([{ body: 'other' }])
})
