import { describe, expect, it } from 'vitest'
import { PATTERNS, variants } from './rules.ts'
import { SECRETS } from './testing/secrets.ts'

describe('the default pack', () => {
  it('has printable literals before every expression, long enough to be rare', () => {
    for (const { kind, literals, source, any } of PATTERNS) {
      expect(literals.length, kind).toBeGreaterThan(0)
      for (const literal of literals) expect(literal, kind).toMatch(/^[\x20-\x7e]{2,}$/)
      expect(() => new RegExp(source, any ? 'iy' : 'y'), kind).not.toThrow()
    }
  })

  it('bounds every repetition that could begin again inside itself: none is open but the runs of a private key', () => {
    const open = PATTERNS.filter(({ source }) => /[*+](?![^[]*\])|\{\d+,\}/.test(source.replaceAll(/\[(?:\\.|[^\]\\])*\]/g, '_')))
    expect(open.map(({ kind }) => kind)).toEqual(['private-key'])
  })

  it('is tested with a secret of each common kind', () => {
    const rare = [
      'aws-bedrock-api-key',
      'shopify-token',
      'grafana-token',
      'postman-key',
      'linear-key',
      'notion-token',
      'pulumi-token',
      'square-token',
      'facebook-token',
      '1password-token',
      'intra42-secret',
      'mailgun-key',
      'assignment',
    ]
    const tested = new Set(SECRETS.map(({ kind }) => kind))
    const missing = new Set(PATTERNS.map(({ kind }) => kind).filter(kind => !tested.has(kind)))
    expect([...missing]).toEqual(rare)
  })
})

describe('variants', () => {
  it.each([
    ['a[bc]d', ['abd', 'acd']],
    ['a*b', ['ab', 'a_b', 'a-b', 'a b']],
    ['[0-9]Q~', Array.from('0123456789', digit => `${digit}Q~`)],
    ['plain', ['plain']],
  ])('of %s are %s', (word, all) => {
    expect(variants(word)).toEqual(all)
  })
})
