import { accountOf, callOf } from '../accounts.ts'
import type { Detector } from '../detector.ts'
import { amountAt, type Fields, objectAt, textAt } from '../fields.ts'
import { OURS } from '../ours.ts'

/** Ports that let somebody administer a machine: SSH, RDP, WinRM plain and over TLS. */
const ADMIN_PORTS: Readonly<Record<number, string>> = { 22: 'SSH', 3389: 'RDP', 5985: 'WinRM', 5986: 'WinRM' }
/** Names and the number of the protocols that carry them; `-1` is every protocol and with it every port. */
const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', '6', '-1'])
/** A network with a prefix this short is the world, or one of the two halves that make it up. */
const WORLD_BITS = 1
/** AWS takes far fewer permissions and ranges in one call; more are not looked at. */
const MAX_ITEMS = 1000

/** Finds administration ports opened to the world: port and network of one permission are looked at together, which Sigma cannot say. */
export const adminPortOpened: Detector = {
  meta: {
    ...OURS,
    id: '21c619d1-7710-443d-b2b3-ae8e2c19e2e5',
    title: 'Administration port opened to the whole internet',
    level: 'high',
    description:
      'A security group now lets every address in the world reach SSH, RDP or WinRM, by itself or in a range of ports.\nNext: take the rule ' +
      'back (`revoke-security-group-ingress`), see which instances use the group, and read their login records since.',
    falsepositives: ['A bastion that is meant to be reached from anywhere.'],
    references: ['https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-rules-reference.html'],
    tags: [
      'attack.defense-impairment',
      'attack.t1686.001',
      'attack.initial-access',
      'attack.t1190',
      'nist-800-53.sc-7',
      'nist-800-53.ac-17',
      'hipaa.164.312.e.1',
    ],
  },
  logsource: { product: 'aws', service: 'cloudtrail' },
  async detect(events) {
    return events.flatMap(event => {
      const { record } = event
      if (callOf(record) !== 'ec2:AuthorizeSecurityGroupIngress' || textAt(record, 'errorCode') !== undefined) return []
      const parameters = objectAt(record, 'requestParameters')
      const opened = permissionsIn(parameters).filter(isWorld).flatMap(portsOf)
      if (opened.length === 0) return []
      const ports = [...new Set(opened)]
      const group = textAt(parameters, 'groupId') ?? textAt(parameters, 'groupName') ?? 'a security group'
      const account = accountOf(record)
      return [
        {
          group: `${account} ${group}`,
          window: event.uid,
          message: `${group} lets everyone reach ${ports.map(port => `${ADMIN_PORTS[port]} (${port})`).join(', ')}`,
          events: [event],
          evidence: { securityGroup: group, ports, account },
        },
      ]
    })
  },
}

/** The permissions of a call: a list, or in the older form the call's own parameters. */
function permissionsIn(parameters: Fields | undefined): readonly Fields[] {
  return parameters ? [parameters, ...itemsIn(parameters, 'ipPermissions')] : []
}

/** CloudTrail writes EC2's lists as `{ items: [ … ] }`. */
function itemsIn(fields: Fields, key: string): readonly Fields[] {
  const items = objectAt(fields, key)?.['items']
  return Array.isArray(items)
    ? items.slice(0, MAX_ITEMS).filter((each): each is Fields => typeof each === 'object' && each !== null)
    : []
}

function isWorld(permission: Fields): boolean {
  const networks = [
    textAt(permission, 'cidrIp'),
    ...itemsIn(permission, 'ipRanges').map(range => textAt(range, 'cidrIp')),
    ...itemsIn(permission, 'ipv6Ranges').map(range => textAt(range, 'cidrIpv6')),
  ]
  return networks.some(network => {
    const bits = /\/(\d{1,3})$/.exec(network ?? '')?.[1]
    return bits !== undefined && Number(bits) <= WORLD_BITS
  })
}

/** The administration ports within the permission's range; all of them where it names every protocol. */
function portsOf(permission: Fields): readonly number[] {
  const protocol = textAt(permission, 'ipProtocol')?.toLowerCase() ?? ''
  if (!PROTOCOLS.has(protocol)) return []
  const every = protocol === '-1'
  const from = every ? 0 : (amountAt(permission, 'fromPort') ?? Number.POSITIVE_INFINITY)
  const to = every ? 65_535 : (amountAt(permission, 'toPort') ?? -1)
  return Object.keys(ADMIN_PORTS)
    .map(Number)
    .filter(port => port >= from && port <= to)
}
