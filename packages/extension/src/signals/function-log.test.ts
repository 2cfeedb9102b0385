import { describe, expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const NAMED = '11111111-2222-4333-8444-555555555555'
const NAMED_TOO = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()

describe('function logs', () => {
  it('are attributed to the invocation that was running, or to the one they name', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(
      body(
        { time: at(0), type: 'function', record: 'during init\n' },
        { time: at(10), type: 'platform.start', record: { requestId: 'a' } },
        { time: at(11), type: 'function', record: 'in a\n' },
        { time: at(12), type: 'function', record: { requestId: NAMED, message: 'x' } },
        { time: at(13), type: 'function', record: { AWSRequestId: NAMED_TOO } },
        { time: at(20), type: 'platform.runtimeDone', record: { requestId: 'a' } },
        { time: at(19), type: 'function', record: 'late, of a\n' },
        { time: at(25), type: 'function', record: 'between\n' },
        { time: at(30), type: 'platform.start', record: { requestId: 'b' } },
        { time: at(31), type: 'function', record: 'in b' },
      ),
    )
    const logs = shipped().filter(each => each.signal === 'function')
    expect(logs.map(each => each.invocation)).toEqual(['', 'a', NAMED, NAMED_TOO, 'a', '', 'b'])
    expect(logs[0]?.body).toBe('during init')
  })

  it('name an invocation only by what looks like one', () => {
    const { recorder, shipped } = testRecorder()
    for (const requestId of ['AKIAQ3EGRIXAMPLE4Z7T', 'order-7', '', 7])
      recorder.take(body({ type: 'function', record: { requestId } }))
    expect(shipped().flatMap(each => (each.signal === 'function' ? [each.invocation] : []))).toEqual(['', '', '', ''])
  })

  it('keep what they hold, up to 256 KiB', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(body({ type: 'function', record: 'a \u0001 b' }, { type: 'function', record: `\u0001${'ü'.repeat(200_000)}` }))
    const [short, long] = shipped()
    expect(short).toMatchObject({ body: 'a \u0001 b' })
    expect(Buffer.byteLength(String(long?.body))).toBeLessThan(263_000)
  })

  it('pass whatever JSON they are', () => {
    const { recorder, shipped } = testRecorder()
    for (const record of [null, 7, true, [], {}]) recorder.take(body({ type: 'function', record }))
    expect(shipped().map(each => each.body)).toEqual([null, 7, true, [], {}])
  })
})
