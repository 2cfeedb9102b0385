import { BlockList, isIPv4, isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inNetwork, parseNetwork } from './network.ts'

const contains = (network: string, address: string): boolean => {
  const parsed = parseNetwork(network)
  if ('error' in parsed) throw new Error(parsed.error)
  return inNetwork(parsed, address)
}

describe('parseNetwork', () => {
  it.each([
    '10.0.0.1/8',
    '10.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08x',
    '1.2.3.4/8/8',
    'fe80::1/10',
    '::/129',
    'g::/8',
    '',
    '/8',
    '1::2::3/128',
    '010.0.0.0/8',
  ])('refuses %j', source => {
    expect(parseNetwork(source)).toHaveProperty('error')
  })

  it.each([
    ['0.0.0.0/0', '255.255.255.255', true],
    ['10.1.0.0/17', '10.1.127.255', true],
    ['10.1.0.0/17', '10.1.128.0', false],
    ['1.2.3.4', '1.2.3.4', true],
    ['::/0', '1.2.3.4', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::ffff:10.0.0.0/104', '::ffff:10.9.9.9', true],
    ['64:ff9b::1.2.3.4/128', '64:ff9b::102:304', true],
  ])('%s holds %s: %s', (network, address, expected) => {
    expect(contains(network, address)).toBe(expected)
  })
})

describe('inNetwork', () => {
  it('agrees with the platform on every address and network', () => {
    const v4 = fc.ipV4().map(address => ({ address, family: 'ipv4' as const, bits: 32 }))
    const v6 = fc.ipV6().map(address => ({ address, family: 'ipv6' as const, bits: 128 }))
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(v4, v6), fc.nat(), ({ address: base, family, bits }, { address }, seed) => {
        const length = seed % (bits + 1)
        const list = new BlockList()
        list.addSubnet(base, length, family)
        const expected =
          (isIPv4(address) && family === 'ipv4' && list.check(address, 'ipv4')) ||
          (isIPv6(address) && family === 'ipv6' && list.check(address, 'ipv6'))
        // The platform takes host bits, which Sigma refuses: the network under test is the range's own first address.
        const parsed = parseNetwork(`${base}/${length}`)
        if (!('error' in parsed)) expect(inNetwork(parsed, address)).toBe(expected)
        const single = parseNetwork(base)
        expect(!('error' in single) && inNetwork(single, base)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('holds no text that is not an address', () => {
    for (const text of ['', 'AWS Internal', '10.0.0.1:443', '1.2.3', ':', ':::', '1'.repeat(100_000)])
      expect(contains('0.0.0.0/0', text)).toBe(false)
  })
})
