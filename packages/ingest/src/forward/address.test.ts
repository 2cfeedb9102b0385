import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressKind, addressKind, isLoopbackHost } from './address.ts'

const ROWS: readonly (readonly [address: string, kind: AddressKind])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.0.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['0.0.0.0', 'forbidden'],
  ['::', 'forbidden'],
  ['::ffff:0.0.0.0', 'forbidden'],
  ['169.254.169.254', 'forbidden'],
  ['169.254.170.2', 'forbidden'],
  ['169.254.100.1', 'forbidden'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['::ffff:a9fe:a9fe', 'forbidden'],
  ['64:ff9b::169.254.169.254', 'forbidden'],
  ['64:ff9b::a9fe:a9fe', 'forbidden'],
  ['2002:a9fe:a9fe::1', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['fe80::1%eth0', 'forbidden'],
  ['febf::1', 'forbidden'],
  ['fd00:ec2::254', 'forbidden'],
  ['fd00:ec2::23', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['ff02::1', 'forbidden'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12:3456::1', 'private'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.0.2.1', 'public'],
  ['2001:db8::1', 'public'],
  ['64:ff9b::192.0.2.1', 'public'],
  ['::ffff:192.0.2.1', 'public'],
  ['siem.example', 'forbidden'],
  ['', 'forbidden'],
]

describe('addressKind', () => {
  it.each(ROWS)('takes %s for %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind)
  })

  it('judges an IPv4 address the same when it is dressed as IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), address => {
        expect(addressKind(`::ffff:${address}`)).toBe(addressKind(address))
        expect(addressKind(`64:ff9b::${address}`)).toBe(addressKind(address))
      }),
    )
  })
})

describe('isLoopbackHost', () => {
  it.each(['localhost', 'siem.localhost', '127.0.0.1', '[::1]'])('takes %s for this machine', host => {
    expect(isLoopbackHost(host)).toBe(true)
  })
  it.each(['localhost.example', 'notlocalhost', '10.0.0.1', '[fd00::1]', 'sandbox.example'])('takes %s for another', host => {
    expect(isLoopbackHost(host)).toBe(false)
  })
})
