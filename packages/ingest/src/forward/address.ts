import { BlockList, isIP } from 'node:net'

/** What an address is to a client that must not be led astray by a URL (server-side request forgery). */
export type AddressKind = 'loopback' | 'forbidden' | 'private' | 'public'

/** Never a destination: link-local (which holds the cloud metadata and Lambda runtime services), unspecified, multicast, reserved. */
const forbidden = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8], // "this network" (RFC 1122); Linux connects 0.0.0.0 to itself
  ['169.254.0.0', 16], // link-local (RFC 3927): 169.254.169.254 metadata, 169.254.170.2 container credentials, 169.254.100.1 Lambda
  ['224.0.0.0', 4], // multicast (RFC 5771)
  ['240.0.0.0', 4], // reserved and broadcast (RFC 1112)
] as const) {
  forbidden.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::', 128], // unspecified
  ['fe80::', 10], // link-local (RFC 4291)
  ['fd00:ec2::', 32], // EC2's services over IPv6: fd00:ec2::254 metadata, ::253 DNS, ::23 container credentials
  ['ff00::', 8], // multicast
] as const) {
  forbidden.addSubnet(net, prefix, 'ipv6')
}

/** Networks behind the perimeter: reachable only where the user says so. */
const inside = new BlockList()
for (const [net, prefix] of [
  ['10.0.0.0', 8], // RFC 1918
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10], // carrier-grade NAT (RFC 6598), also used inside VPCs
] as const) {
  inside.addSubnet(net, prefix, 'ipv4')
}
inside.addSubnet('fc00::', 7, 'ipv6') // unique local (RFC 4193)

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** IPv6 prefixes that carry an IPv4 address: the IPv4 address decides. Offset of its first 16-bit group. */
const EMBEDDING: readonly (readonly [subnet: string, prefix: number, group: number])[] = [
  ['::ffff:0:0', 96, 6], // IPv4-mapped (RFC 4291)
  ['64:ff9b::', 96, 6], // NAT64 (RFC 6052)
  ['2002::', 16, 1], // 6to4 (RFC 3056)
]
const embedding = EMBEDDING.map(([subnet, prefix, group]) => {
  const list = new BlockList()
  list.addSubnet(subnet, prefix, 'ipv6')
  return { list, group }
})

/** Says what an IP literal is. Anything that is not an IP address is 'forbidden'. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address)
  if (version === 0) return 'forbidden'
  if (version === 6) {
    const plain = address.split('%')[0] ?? ''
    for (const { list, group } of embedding) {
      if (list.check(plain, 'ipv6')) return addressKind(embedded(plain, group))
    }
    return kindOf(plain, 'ipv6')
  }
  return kindOf(address, 'ipv4')
}

function kindOf(address: string, family: 'ipv4' | 'ipv6'): AddressKind {
  if (loopback.check(address, family)) return 'loopback'
  if (forbidden.check(address, family)) return 'forbidden'
  return inside.check(address, family) ? 'private' : 'public'
}

/** The IPv4 address that begins at a 16-bit group of an IPv6 address. */
function embedded(address: string, group: number): string {
  // The URL parser writes any IPv6 address in its canonical form, without a dotted tail.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right].map(part =>
    Number.parseInt(part, 16),
  )
  const high = groups[group] ?? 0
  const low = groups[group + 1] ?? 0
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Whether a URL's host means this machine by its own words: `localhost`, a name under it, or a loopback address. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && addressKind(host) === 'loopback')
}
