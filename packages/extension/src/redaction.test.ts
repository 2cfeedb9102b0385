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

  it.each<[string, (value: string) => unknown]>([
    ['JSON with slashes escaped', value => `{"v":"${value.replaceAll('/', '\\/')}"}`],
    ['a line of JSON', value => JSON.stringify({ v: value })],
    ['JSON that is cut off', value => JSON.stringify({ v: value }).slice(0, -1)],
    ['a URL', value => `GET /?v=${encodeURIComponent(value)}`],
    ['base64', value => `v ${Buffer.from(`:${value}`).toString('base64')}`],
    ['hexadecimal', value => Buffer.from(value).toString('hex')],
    ['a key', value => ({ [value]: 1 })],
  ])("masks the environment's own secrets in %s, under one fingerprint", (_, write) => {
    const env = {
      AWS_SECRET_ACCESS_KEY: ['wJalrXUtnFEMI/K7MDENG/', 'bPxRfiCYzKE9abcdef'].join(''),
      DB_PASSWORD: 'corr3ct"horse\\batt',
    }
    for (const value of Object.values(env)) {
      const { recorder } = testRecorder(env)
      const at = { signal: 'function', time: 0, invocation: '' }
      recorder.redaction.text(`plain ${value}`, at)
      const written = write(value)
      const text = JSON.stringify(
        typeof written === 'string' ? recorder.redaction.text(written, at) : recorder.redaction.json(written, at),
      )
      expect(text).not.toContain(JSON.stringify(written).slice(3, -3))
      const prints = recorder.redaction.takeSightings().map(each => each.fingerprint)
      expect(prints.length).toBeGreaterThan(0)
      expect(new Set(prints).size).toBe(1)
    }
  })

  it('masks a secret that poses as the name of something', () => {
    const uuid = '11111111-2222-4333-8444-555555555555'
    const { recorder } = testRecorder({ AWS_CONTAINER_AUTHORIZATION_TOKEN: uuid })
    recorder.take(
      body(
        { type: 'function', record: { requestId: uuid } },
        { type: 'platform.initStart', record: { runtimeVersion: KEY } },
        { type: 'platform.start', record: { requestId: KEY } },
        { type: 'function', record: `line with ${KEY}` },
        { type: 'platform.new', record: { requestId: KEY } },
        { type: KEY, record: KEY },
      ),
    )
    const batches = recorder.cut()
    expect(batches.flatMap(each => each.records).length).toBeGreaterThan(6)
    const said = batches.flatMap(({ records, ...header }) => [
      JSON.stringify(header),
      ...records.map(each => `${each.signal} ${each.invocation} ${Buffer.from(each.body).toString('latin1')}`),
    ])
    for (const each of said) {
      expect(each).not.toContain(KEY)
      expect(each).not.toContain(uuid)
    }
  })

  it("knows the function's own keys, however many secrets stand beside them", () => {
    const secrets = Object.fromEntries(
      Array.from({ length: 80 }, (_, index) => [`DB_${index}_PASSWORD`, `correct-horse-${index}`]),
    )
    const { recorder, shipped } = testRecorder({ ...secrets, AWS_SECRET_ACCESS_KEY: 'not like any key at all' })
    recorder.take(body({ type: 'function', record: 'it is not like any key at all' }))
    expect(shipped()[0]?.body).toMatch(/^it is \[redacted:aws-secret-access-key:[0-9a-f]{16}\]$/)
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

  it.each([
    ['a card', '4539 1488 0343 6467'],
    ['a bank account', 'DE89 3704 0044 0532 0130 00'],
    ['a password in a URL', 'postgres://orders:correct-horse-battery@db.example.com/orders'],
    ['a number that a word announces', 'BSN 111222333'],
  ])('leaves no half of %s at the edge of a cut, in base64 neither', (_, secret) => {
    const kept = /correct-horse|111222333|\d{4} \d{4}/
    fc.assert(
      fc.property(fc.integer({ min: 229_200, max: 229_500 }), fc.boolean(), (before, isEncoded) => {
        const { recorder } = testRecorder()
        const filler = 'word '.repeat(60_000)
        const plain = `${filler.slice(0, before)} ${secret} ${filler.slice(0, 200_000)} ${secret} ${filler.slice(0, 32_600)}`
        // Three quarters of it, so that the secret stands at the edge again.
        const at = Math.floor(before * 0.75)
        const bytes = Buffer.from(
          `${filler.slice(0, at)} ${secret} ${filler.slice(0, 150_000)} ${secret} ${filler.slice(0, 24_500)}`,
        )
        recorder.take(body({ type: 'function', record: isEncoded ? bytes.toString('base64') : plain }))
        const [record] = recorder.cut().flatMap(each => each.records)
        const [head = '', tail = ''] = Buffer.from(record?.body ?? [])
          .toString()
          .split(/\n\[weir: .*\]\n/)
        // Where the tail begins in the groups of base64 nobody says: one of four ways reads it.
        const texts = isEncoded
          ? [head, ...[0, 1, 2, 3].map(phase => tail.slice(phase))].map(each => Buffer.from(each, 'base64').toString('latin1'))
          : [head, tail]
        for (const text of texts) expect(text).not.toMatch(kept)
      }),
      { numRuns: 30 },
    )
  })
})
