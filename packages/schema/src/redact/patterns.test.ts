import { describe, expect, it } from 'vitest'
import { isCard, PATTERNS } from './patterns.ts'
import { SECRETS } from './testing/secrets.ts'

describe('the default pack', () => {
  it('has a literal of four characters or a shape before every expression', () => {
    for (const { kind, literals, shape, expression } of PATTERNS) {
      expect(literals.length > 0 || shape !== undefined, kind).toBe(true)
      expect(
        literals.every(literal => literal.length >= 4 && /^[\x20-\x7e]+$/.test(literal)),
        kind,
      ).toBe(true)
      expect(expression.global, kind).toBe(true)
    }
  })

  it('bounds every repetition that could begin again inside itself: none is open but the runs of a private key', () => {
    const open = PATTERNS.filter(({ expression }) =>
      /[*+](?![^[]*\])|\{\d+,\}/.test(expression.source.replaceAll(/\[(?:\\.|[^\]\\])*\]/g, '_')),
    )
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
    ]
    const tested = new Set(SECRETS.map(({ kind }) => kind))
    const missing = new Set(PATTERNS.map(({ kind }) => kind).filter(kind => !tested.has(kind)))
    expect([...missing]).toEqual([...rare, 'facebook-token', '1password-token', 'assignment'])
  })
})

describe('isCard', () => {
  it.each([
    ['4111111111111111', true],
    ['4111 1111 1111 1111', true],
    ['5500-0055-5555-5559', true],
    ['378282246310005', true],
    ['3782 822463 10005', true],
    ['6011111111111117', true],
    ['4111111111111112', false],
    ['4111 11111111 1111', false],
    ['9111111111111111', false],
    ['0000000000000000', false],
    ['1789387200123456', false],
  ])('%s: %s', (text, card) => {
    expect(isCard(text)).toBe(card)
  })
})
