import { describe, expect, it } from 'vitest'
import { createRedactor } from './redactor.ts'
import { Work } from './work.ts'

const SECRET = ['Xy12', 'gh!kQ'].join('')
const LENGTH = 256 * 1024
/** What a call may look at: `200` for each character and a million; four times the input more for the look at which it ends. */
const limit = (text: string): number => 1_000_000 + 204 * text.length

function redact(text: string): { text: string; kinds: string[]; spent: number } {
  const work = new Work()
  const { text: redacted, found } = createRedactor({ key: 'k', work: () => work }).text(text)
  return { text: redacted, kinds: found.map(({ kind }) => kind), spent: work.spent }
}

const repeated = (part: string, length = LENGTH): string => part.repeat(length / part.length)
const nested = (text: string, layers: number): string => (layers === 0 ? text : nested(JSON.stringify({ a: text }), layers - 1))

describe('what a call looks at', () => {
  it('is a few times the text when a pattern is rejected again and again', () => {
    for (const name of ['authorization=', '/IQoJb3JpZ2lu']) {
      const { spent, kinds } = redact(repeated(name) + 'a'.repeat(9000))
      expect(spent).toBeLessThan(8 * LENGTH)
      expect(kinds).not.toContain('too-complex')
    }
  })

  it('is a few times the text when one cookie seems to follow another', () => {
    for (const text of [repeated('cookie='), 'cookie='.repeat(20_000) + 'a=1;'.repeat(20_000)]) {
      const { spent, kinds } = redact(text)
      expect(spent).toBeLessThan(80 * text.length)
      expect(kinds).not.toContain('too-complex')
    }
  })

  it('counts what cookies take, in a header and in a field', () => {
    for (const field of [{ cookie: 'a=1;'.repeat(20_000) }, { line: `cookie: ${'a=1;'.repeat(20_000)}` }]) {
      const work = new Work()
      createRedactor({ key: 'k', work: () => work }).json(field)
      expect(work.spent).toBeGreaterThan(20_000 * 100)
    }
  })

  it('has a bound where nearly each character could begin a known value', () => {
    const known = [{ kind: 'secret', value: `${'a'.repeat(4000)}b` }]
    const work = new Work()
    const text = repeated('a')
    const { found } = createRedactor({ key: 'k', known, work: () => work }).text(text)
    expect(found).toEqual([expect.objectContaining({ kind: 'too-complex' })])
    expect(work.spent).toBeLessThan(limit(text))
  })

  const parts = [
    'authorization=',
    'token=',
    '/IQoJb3JpZ2lu',
    '%2541',
    'QUtJQ',
    '4111 ',
    'curl -u ',
    'eyJh',
    'a://b:',
    'token=x@y %20',
    Buffer.from('password=!').toString('base64'),
    Buffer.from('token=x&').toString('hex'),
    'nhs 943 476 5918',
    'cookie: a=b; c=d',
    'cookie=',
    'cookie=a=b;',
    '://u:a@b/c@d',
  ]
  it.each(parts)('has a bound with encodings and layers of JSON around %s, and no secret passes', part => {
    for (const layers of [0, 1, 6, 12]) {
      const start = `%2541 password%253D${SECRET} AKIA password=${SECRET} `
      const { spent, text } = redact(nested(start + repeated(part, LENGTH - 2 ** (layers + 3)), layers))
      expect(text).not.toContain(SECRET)
      expect(spent).toBeLessThan(limit(nested(start, layers) + repeated(part)))
    }
  })

  it('is charged once for a text, not for each of its layers', () => {
    const text = nested(`password=${SECRET} ${repeated('token= token=')}`, 12)
    const { text: redacted, kinds, spent } = redact(text)
    expect(redacted).toMatch(/^\[redacted:too-complex:[0-9a-f]{16}\]$/)
    expect(kinds).toContain('too-complex')
    expect(spent).toBeLessThan(limit(text))
    expect(redact(redacted)).toMatchObject({ text: redacted, kinds: [] })
  })

  it('suffices for ordinary long lines', () => {
    const line =
      'GET /x?a=%20b&token=null user ada@example.com took 12 ms, bearer none, authorization: x, secret rotated, password: invalid, 2026-11-01 eyJh '
    for (const layers of [0, 1, 3]) {
      const { text, kinds } = redact(nested(`password=${SECRET} ${repeated(line)}`, layers))
      expect(kinds).toEqual(['password'])
      expect(text.length).toBeGreaterThan(LENGTH * 0.9)
    }
  })

  it('takes nothing from what stands beside a text that takes too much', () => {
    const work = new Work()
    const redactor = createRedactor({ key: 'k', work: () => work })
    const costly = nested(`password=${SECRET} ${repeated('token= token=')}`, 12)
    const { value } = redactor.json({ before: 'a token', costly, after: `password=${SECRET}`, [`key password=${SECRET}`]: 1 })
    expect(value).toEqual({
      before: 'a token',
      costly: expect.stringMatching(/^\[redacted:too-complex:[0-9a-f]{16}\]$/),
      after: expect.stringMatching(/^password=\[redacted:password:/),
      [Object.keys(value as object)[3] as string]: 1,
    })
  })
})

describe('a second curl', () => {
  it('is looked at by itself', () => {
    const { text } = redact(`curl -s x; curl -o y; curl -u ada:${SECRET} z`)
    expect(text).toMatch(/^curl -s x; curl -o y; curl -u ada:\[redacted:command-password:\w+\] z$/)
  })
})

describe('keys that turn into one mask', () => {
  it('are numbered, thousands of them', () => {
    const key = ['AK', 'IAQ3EGRIXAMPLE4Z7T'].join('')
    const forms = Array.from({ length: 4096 }, (_, bits) =>
      Array.from(key, (each, at) => ((bits >> at) & 1 ? `%${each.charCodeAt(0).toString(16)}` : each)).join(''),
    )
    const { value } = createRedactor({ key: 'k' }).json(Object.fromEntries(forms.map((each, at) => [each, at])))
    expect(Object.values(value as object)).toEqual(forms.map((_, at) => at))
    expect(Object.keys(value as object).at(-1)).toMatch(/\]#4096$/)
  })
})
