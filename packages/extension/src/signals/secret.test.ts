import { expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const KEY = 'AKIAQ3EGRIXAMPLE4Z7T'
const start = (requestId: string) => ({ time: '2026-01-01T00:00:00.000Z', type: 'platform.start', record: { requestId } })

it('tells of each secret once per invocation and flush, with how often it was printed', () => {
  const { recorder, shipped } = testRecorder()
  const line = { time: '2026-01-01T00:00:01.000Z', type: 'function', record: `key ${KEY}\n` }
  recorder.take(body(start('a'), line, line, start('b'), line))
  const secrets = shipped().filter(each => each.signal === 'weir.secret')
  expect(secrets.map(each => [each.invocation, each.body])).toEqual([
    [
      'a',
      {
        signal: 'function',
        kind: 'aws-access-key-id',
        place: 'line',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        count: 2,
      },
    ],
    ['b', expect.objectContaining({ count: 1 })],
  ])
  expect(shipped()).toEqual([])
})

it('keeps 64 different secrets of one line, so that those of other lines have room, and counts the rest', () => {
  const { recorder } = testRecorder()
  const letters = 'QWERTYUIPA'
  const key = (index: number) =>
    `AKIAQ3EGRIXAMPLE${Array.from(String(index).padStart(4, '0'), each => letters[Number(each)]).join('')}`
  const line = Array.from({ length: 3000 }, (_, index) => key(index)).join(' ')
  recorder.take(body({ type: 'function', record: line }, { type: 'function', record: `later ${key(9999)}` }))
  expect(recorder.redaction.takeSightings()).toHaveLength(65)
  expect(recorder.counters.totals()).toEqual([{ reason: 'secret-sightings', records: 2936, bytes: 0 }])
})

it('counts sightings beyond what it keeps', () => {
  const { recorder } = testRecorder()
  const key = (index: number) =>
    `AKIAQ3EGRIXAMPLE${[5, 4, 3, 2].map(base => 'QWERTY'[Math.floor(index / 6 ** (base - 2)) % 6]).join('')}`
  recorder.take(body(...Array.from({ length: 300 }, (_, index) => ({ type: 'function', record: key(index) }))))
  const sightings = recorder.redaction.takeSightings().length
  expect(sightings).toBe(256)
  const dropped = recorder.counters.totals().find(each => each.reason === 'secret-sightings')
  expect(sightings + (dropped?.records ?? 0)).toBe(300)
})
