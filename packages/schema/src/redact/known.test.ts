import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64Of } from './known.ts'
import { createRedactor } from './redactor.ts'

const VALUES = [
  ['a key with slashes', ['wJalrXUtnFEMI/K7MDENG/', 'bPxRfiCYzKE9abcdef'].join('')],
  ['a password with signs', 'corr3ct"horse\\batt'],
  ['a password with lines', 'first line\nsecond\tline'],
  ['a password of 8 letters', 'horseman'],
  ['a password beyond Latin', 'пароль-äöü"x'],
  ['one that is also the name of a kind', 'password'],
  ['digits', '48151623'],
] as const

const of = (value: string) => createRedactor({ key: 'k', known: [{ kind: 'password', value }] })
/** As Python's `json` does. */
const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\x80-\uffff]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
const inner = (text: string): string => JSON.stringify(text).slice(1, -1)
const percent = (text: string): string => Array.from(Buffer.from(text), byte => `%${byte.toString(16).padStart(2, '0')}`).join('')

const WRITTEN: Readonly<Record<string, (value: string) => string>> = {
  plain: value => value,
  'JSON, cut off': value => `{"a":"${inner(value)}","b":`,
  'JSON in JSON, cut off': value => `{"a":"${inner(inner(value))}","b":`,
  'JSON in ASCII': value => `{"a":${ascii(value)}}`,
  'JSON in ASCII, cut off': value => `{"a":${ascii(value)},"b":`,
  'JSON of PHP': value => JSON.stringify({ a: value }).replaceAll('/', '\\/'),
  'JSON of PHP, cut off': value => `{"a":"${inner(value).replaceAll('/', '\\/')}","b":`,
  'a URL': value => `GET /?a=${encodeURIComponent(value)}&b=1`,
  'a form': value => `a=${encodeURIComponent(value).replaceAll('%20', '+')}&b=1`,
  'a URL, each byte': percent,
  'a URL within a URL': value => encodeURIComponent(encodeURIComponent(value)),
  hexadecimal: value => `a=${Buffer.from(value).toString('hex')}`,
  'hexadecimal, upper case': value => `a=${Buffer.from(value).toString('hex').toUpperCase()}`,
  'JSON in base64': value => Buffer.from(JSON.stringify({ a: value })).toString('base64'),
  'base64 in a URL': value => encodeURIComponent(Buffer.from(`<${value}>`).toString('base64')),
}

describe.each(VALUES)('%s', (_, value) => {
  const redactor = of(value)
  const [{ fingerprint } = { fingerprint: '' }] = redactor.text(value).found

  it.each(Object.keys(WRITTEN))('is masked in %s', name => {
    const written = WRITTEN[name]?.(value) ?? ''
    expect(redactor.isClean(written)).toBe(false)
    const { text, found } = redactor.text(`${written} ${name}`.slice(0, written.length))
    expect(found).toEqual([{ kind: 'password', place: expect.any(String), fingerprint }])
    if (value !== 'password') expect(text).not.toContain(written)
    expect(redactor.text(text)).toEqual({ text, found: [] })
  })

  it('is masked in base64 wherever it begins, between any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    fc.assert(
      fc.property(bytes, bytes, fc.constantFrom('base64', 'base64url'), (before, after, form) => {
        const { text } = redactor.text(`blob: ${Buffer.concat([before, Buffer.from(value), after]).toString(form)}`)
        const decoded = Buffer.from(text.slice('blob: '.length), form)
        expect(decoded.includes(Buffer.from(value)) && value !== 'password').toBe(false)
        expect(decoded.toString('latin1')).toContain(`[redacted:password:${fingerprint}]`)
        expect(redactor.text(text).text).toBe(text)
      }),
    )
  })

  it('is masked in JSON values, keys and layers of JSON', () => {
    const deep = JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: JSON.stringify([value]) }) }) })
    const { value: redacted, found } = redactor.json({ [value]: 1, a: [`<${value}>`], deep })
    expect(found).toHaveLength(3)
    expect(new Set(found.map(each => each.fingerprint))).toEqual(new Set([fingerprint]))
    expect(Object.keys(redacted as object)[0]).toBe(`[redacted:password:${fingerprint}]`)
    expect(redactor.json(redacted).value).toBe(redacted)
    expect(redactor.text(deep).found).toHaveLength(1)
  })
})

describe('known values', () => {
  it('are masked as numbers, too', () => {
    const { value } = of('48151623').json({ a: 48151623, b: 48151624, c: ['x', 48151623] })
    expect(value).toEqual({
      a: expect.stringMatching(/^\[redacted:password/),
      b: 48151624,
      c: ['x', expect.stringMatching(/^\[red/)],
    })
  })

  it('keep their fingerprint and name where a pattern finds them as well', () => {
    const token = ['ghp_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('')
    const redactor = createRedactor({ key: 'k', known: [{ kind: 'session-token', value: token }] })
    const [plain] = createRedactor({ key: 'k' }).text(token).found
    expect(plain?.kind).toBe('github-token')
    expect(redactor.text(`token=${token}`).found).toEqual([{ ...plain, kind: 'session-token' }])
  })

  it('are masked where they overlap', () => {
    const known = ['one-two-three', 'two-three-four', 'one-two-three-four-five'].map(value => ({ kind: 'secret', value }))
    const redactor = createRedactor({ key: 'k', known })
    for (const text of ['one-two-three-four', 'one-two-three-four-five', 'xone-two-threetwo-three-four'])
      expect(redactor.text(text).text).toMatch(/^x?(?:\[redacted:secret:\w+\])+$/)
  })

  it('that are shorter than 8 characters are none, and the same goes for what resembles one', () => {
    expect(of('horse').text('a horse').text).toBe('a horse')
    for (const line of ['Horseman', 'horsema n', 'horse%20man', Buffer.from('a HORSEMAN').toString('base64')])
      expect(of('horseman').text(line)).toEqual({ text: line, found: [] })
  })
})

it('base64Of has what is the same in all base64 of bytes around a text', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), fc.uint8Array(), fc.uint8Array(), (text, before, after) => {
      const written = Buffer.concat([before, Buffer.from(text), after]).toString('base64')
      expect(base64Of(text).some(each => written.includes(each))).toBe(true)
      for (const each of base64Of(text)) expect(each.length).toBeGreaterThanOrEqual(8)
    }),
  )
})
