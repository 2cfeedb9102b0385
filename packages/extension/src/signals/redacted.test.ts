import { describe, expect, it } from 'vitest'
import { body, testRecorder } from '../testing/recorder.ts'

const KEY = 'AKIAQ3EGRIXAMPLE4Z7T'
const CARD = '4539 1488 0343 6467'
const line = (record: unknown) => body({ type: 'function', record })

describe('weir.redacted', () => {
  it('says since the beginning how much was masked, when there was more of it', () => {
    const { recorder, shipped } = testRecorder({ DB_PASSWORD: 'correct-horse-battery' })
    const reports = () => shipped().flatMap(each => (each.signal === 'weir.redacted' ? [each.body] : []))
    recorder.take(line('an ordinary line'))
    expect(reports()).toEqual([])
    recorder.take(line(`${KEY} twice ${KEY}, ${CARD}`))
    recorder.take(line({ password: 'it is correct-horse-battery' }))
    expect(reports()).toEqual([
      {
        characters: expect.any(Number),
        records: 2,
        masked: [
          { kind: 'aws-access-key-id', count: 2 },
          { kind: 'payment-card', count: 1 },
          { kind: 'password', count: 1 },
        ],
      },
    ])
    recorder.take(line('another ordinary line'))
    expect(reports()).toEqual([])
    recorder.take(line(CARD))
    expect(reports()).toEqual([
      expect.objectContaining({ records: 3, masked: expect.arrayContaining([{ kind: 'payment-card', count: 2 }]) }),
    ])
  })

  it('comes at SHUTDOWN even where nothing was masked, with what was looked at', () => {
    const { recorder, shipped } = testRecorder()
    recorder.take(line('an ordinary line'))
    recorder.end({ reason: 'spindown', waiting: { kept: 0, log: 0, cut: 0 } })
    const [report] = shipped().filter(each => each.signal === 'weir.redacted')
    expect(report?.body).toEqual({ records: 0, masked: [], characters: expect.any(Number) })
    expect(JSON.stringify(report?.body)).toMatch(/"characters":(?:[2-9]\d|1[6-9]|\d{3})/)
  })

  it('begins anew with a restored sandbox, from what nobody has reported', () => {
    const { recorder } = testRecorder()
    const at = { signal: 'function', time: 0, invocation: '' }
    recorder.redaction.text(KEY, at)
    expect(recorder.redaction.masked('one', false)?.records).toBe(1)
    recorder.redaction.text(KEY, at)
    expect(recorder.redaction.masked('one', false)?.records).toBe(2)
    recorder.redaction.text(KEY, at)
    expect(recorder.redaction.masked('two', false)?.records).toBe(1)
    expect(recorder.redaction.masked('two', false)).toBeUndefined()
  })

  it('masks mail addresses where the function asks for it', () => {
    for (const [env, masked] of [
      [{}, false],
      [{ WEIR_REDACT: 'email' }, true],
    ] as const) {
      const { recorder, shipped } = testRecorder(env)
      recorder.take(line('from ada@example.com'))
      expect(JSON.stringify(shipped()).includes('ada@example.com')).toBe(!masked)
    }
  })
})
