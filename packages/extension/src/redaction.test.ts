import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { body, testRecorder } from './testing/recorder.ts'

const SECRET = 'correct-horse-battery'
const KEY = 'AKIAQ3EGRIXAMPLE4Z7T'

describe('redaction', () => {
  it('knows the secrets of the environment by value, wherever they stand', () => {
    const { recorder, shipped } = testRecorder({ DB_PASSWORD: SECRET, AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2VjEXAMPLE' })
    recorder.begin({ mode: '', schema: '' })
    recorder.take(
      body({ type: 'function', record: `plain ${SECRET}` }, { type: 'function', record: { [SECRET]: [`in ${SECRET}`] } }),
    )
    recorder.take(body({ type: 'platform.fault', record: `token IQoJb3JpZ2luX2VjEXAMPLE` }, { type: 'new', record: SECRET }))
    const all = shipped()
    expect(JSON.stringify(all)).not.toMatch(/correct-horse|IQoJb3/)
    const prints = all.flatMap(({ signal, body: value }) =>
      signal === 'weir.secret'
        ? [(value as { fingerprint: string }).fingerprint]
        : signal === 'weir.environment'
          ? (value as { secrets: { fingerprint: string }[] }).secrets.map(each => each.fingerprint)
          : [],
    )
    expect(new Set(prints).size).toBe(2)
  })

  it('leaves no half of a secret at the edge of a cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 229_000, max: 231_000 }), fc.integer({ min: 32_500, max: 33_500 }), (before, after) => {
        const { recorder } = testRecorder()
        const filler = (length: number) => 'word '.repeat(Math.ceil(length / 5)).slice(0, length)
        const line = `${filler(before)} ${KEY} ${filler(200_000)} ${KEY} ${filler(after)}`
        recorder.take(body({ type: 'function', record: line }))
        const [record] = recorder.cut().flatMap(each => each.records)
        const text = Buffer.from(record?.body ?? []).toString()
        for (let at = 0; at + 8 <= KEY.length; at++)
          if (text.includes(KEY.slice(at, at + 8))) throw new Error(`part of it left: ${before} ${after}`)
      }),
      { numRuns: 50 },
    )
  })
})
