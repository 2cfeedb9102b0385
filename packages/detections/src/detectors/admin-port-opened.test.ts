import { describe, expect, it } from 'vitest'
import { ACCOUNT, one, trail } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { adminPortOpened } from './admin-port-opened.ts'

const WORLD = '0.0.0.0/0'
const OFFICE = '203.0.113.0/24'
const permission = (fromPort: number, toPort: number, cidrIp = WORLD, ipProtocol = 'tcp') => ({
  ipProtocol,
  fromPort,
  toPort,
  ipRanges: { items: [{ cidrIp: OFFICE }, { cidrIp }] },
})
const opening = (items: unknown, fields = {}): DetectorEvent =>
  trail('ec2:AuthorizeSecurityGroupIngress', { groupId: 'sg-1', ipPermissions: { items } }, fields)
const older = (more: object): DetectorEvent =>
  trail('ec2:AuthorizeSecurityGroupIngress', { groupName: 'web', cidrIp: WORLD, ipProtocol: 'tcp', ...more })

describe('an administration port opened to the world', () => {
  it('is told with its group and ports', async () => {
    const event = opening([permission(443, 443), permission(20, 4000)])
    expect(await one(adminPortOpened, event)).toEqual([
      {
        group: `${ACCOUNT} sg-1`,
        window: event.uid,
        message: 'sg-1 lets everyone reach SSH (22), RDP (3389)',
        events: [event],
        evidence: { securityGroup: 'sg-1', ports: [22, 3389], account: ACCOUNT },
      },
    ])
  })

  it.each([
    ['SSH', opening([permission(22, 22)])],
    ['RDP', opening([permission(3389, 3389)])],
    ['WinRM', opening([permission(5985, 5986)])],
    ['a range around SSH', opening([permission(20, 30)])],
    ['the low ports', opening([permission(0, 1024)])],
    ['TCP by its number', opening([permission(22, 22, WORLD, '6')])],
    ['half the world', opening([permission(22, 22, '128.0.0.0/1')])],
    ['every protocol over IPv6', opening([{ ipProtocol: '-1', ipv6Ranges: { items: [{ cidrIpv6: '::/0' }] } }])],
    ['the older form', older({ fromPort: 22, toPort: 22 })],
  ])('is found: %s', async (_, event) => {
    expect(await one(adminPortOpened, event)).toHaveLength(1)
  })

  it.each([
    ['the web for all and SSH for one network', opening([permission(443, 443), permission(22, 22, OFFICE)])],
    ['a range beside it', opening([permission(23, 3388)])],
    ['high ports', opening([permission(8000, 65_535)])],
    ['UDP', opening([permission(22, 22, WORLD, 'udp')])],
    ['a ping', opening([permission(-1, -1, WORLD, 'icmp')])],
    ['one network in the older form', older({ cidrIp: OFFICE, fromPort: 22, toPort: 22 })],
    ['no ports', older({})],
    ['nonsense', opening('x')],
    ['a list of nonsense', opening([null, 7, { ipRanges: { items: [null] } }])],
    ['a call that failed', opening([permission(22, 22)], { errorCode: 'Client.UnauthorizedOperation' })],
    [
      'the way out',
      trail('ec2:AuthorizeSecurityGroupEgress', { groupId: 'sg-1', ipPermissions: { items: [permission(22, 22)] } }),
    ],
    [
      'another service',
      trail('rds:AuthorizeSecurityGroupIngress', { groupId: 'sg-1', ipPermissions: { items: [permission(22, 22)] } }),
    ],
  ])('is not: %s', async (_, event) => {
    expect(await one(adminPortOpened, event)).toEqual([])
  })
})
