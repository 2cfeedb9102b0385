import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IDENTIFIERS, isCard, isIdentifier, shapeOf } from './checks.ts'
import { SECRETS } from './testing/secrets.ts'

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

/** Numbers from the issuers' own documents and forms, made up by them. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  'be-nrn': ['85.07.30-033.28', '85073003328'],
  'br-cnpj': ['11.222.333/0001-81', '11222333000181'],
  'br-cpf': ['529.982.247-25', '11144477735'],
  'ch-ahv': ['756.9217.0769.85'],
  'de-tax-id': ['86095742719', '47036892816'],
  'es-nif': ['12345678Z', 'X1234567L', '12.345.678-Z'],
  'fi-hetu': ['131052-308T'],
  'fr-nir': ['1 84 12 76 451 089 46'],
  'gb-nhs': ['943 476 5919', '4010232137'],
  iban: [
    'DE89370400440532013000',
    'GB29NWBK60161331926819',
    'FR1420041010050500013M02606',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
  ],
  'in-aadhaar': ['2341 2341 2346'],
  'it-cf': ['RSSMRA85T10A562S'],
  'nl-bsn': ['111222333', '123456782'],
  'pl-pesel': ['44051401359', '02070803628'],
  'se-pnr': ['811228-9874', '19811228-9874', '670919-9530'],
}

describe.each(Object.keys(IDENTIFIERS))('%s', kind => {
  it('takes numbers that are right', () => {
    const samples = SAMPLES[kind] ?? []
    expect(samples.length).toBeGreaterThan(0)
    for (const each of samples) {
      expect(isIdentifier(kind, each), each).toBe(true)
      expect(each).toMatch(new RegExp(`^(?:${shapeOf(IDENTIFIERS[kind]?.[1] ?? '')})$`))
    }
  })

  it('takes no number with one digit changed', () => {
    for (const each of SAMPLES[kind] ?? []) {
      // Of a Swedish number with its century, the century is not under the checksum.
      const from = each.startsWith('19811') ? 2 : 0
      for (let at = from; at < each.length; at++) {
        const digit = Number(each[at])
        if (!/\d/.test(each[at] ?? '')) continue
        for (let other = 0; other < 10; other++) {
          const changed = `${each.slice(0, at)}${other}${each.slice(at + 1)}`
          if (other !== digit && isIdentifier(kind, changed)) throw new Error(`${changed} is taken`)
        }
      }
    }
  })

  it('takes few numbers at random: one in nine at most', () => {
    const sample = SAMPLES[kind]?.[0] ?? ''
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: sample.length, maxLength: sample.length })
    const random = fc
      .sample(digits, { numRuns: 2000, seed: 1 })
      .map(each => sample.replace(/\d/g, (_, at: number) => String(each[at])))
    expect(random.filter(each => isIdentifier(kind, each)).length).toBeLessThan(2000 / 9)
  })
})

it('has a sample of each kind in the made-up secrets', () => {
  const made = new Set(SECRETS.map(({ kind }) => kind))
  expect(Object.keys(IDENTIFIERS).filter(kind => !made.has(kind))).toEqual([])
})
