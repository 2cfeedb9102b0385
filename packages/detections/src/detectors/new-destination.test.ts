import { describe, expect, it } from 'vitest'
import { ARN, memoryState, one, run, telemetry } from '../../test/support.ts'
import type { DetectorEvent } from '../detector.ts'
import { newDestination } from './new-destination.ts'

const to = (ip: unknown, port: unknown = 4433, signal = 'weir.connections'): DetectorEvent => telemetry(signal, { ip, port })

describe('a new destination', () => {
  it('is told once of a function, with all that are new in the batch', async () => {
    const state = memoryState()
    const batches = {
      a: [to('203.0.113.9'), to('203.0.113.9'), to('2001:db8:0:0:0:0:0:1', 22)],
      b: [to('203.0.113.9')],
      c: [to('203.0.113.9', 4434), to('203.0.113.9')],
    }
    const found = await run(newDestination, batches, { state })
    expect(found).toMatchObject([
      {
        group: ARN,
        window: '203.0.113.9 port 4433',
        message: `${ARN} connects to 203.0.113.9 port 4433, 2001:db8:0:0:0:0:0:1 port 22 for the first time`,
        events: { length: 3 },
      },
      { window: '203.0.113.9 port 4434', events: { length: 1 }, evidence: { destinations: ['203.0.113.9 port 4434'] } },
    ])
    expect(await run(newDestination, batches, { state })).toEqual(found)
  })

  it.each([
    ['the web', to('203.0.113.9', 443)],
    ['a private address', to('10.1.2.3', 5432)],
    ['a private address, at the edge', to('172.31.255.1', 5432)],
    ['a private address of IPv6', to('fd00:ec2:0:0:0:0:0:254', 5432)],
    ['loopback of IPv6', to('0:0:0:0:0:0:0:1', 5432)],
    ['no address', to('db.internal', 5432)],
    ['no port', to('203.0.113.9', '22')],
    ['an impossible port', to('203.0.113.9', 70_000)],
    ['another signal', to('203.0.113.9', 22, 'function')],
  ])('is not %s', async (_, event) => {
    expect(await one(newDestination, event)).toEqual([])
  })

  it.each(['172.32.0.1', '100.128.0.1', '11.0.0.1', '169.253.0.1'])('is %s, which is on the internet', async ip => {
    expect(await one(newDestination, to(ip))).toHaveLength(1)
  })

  it('is told no more when a function knows 256', async () => {
    const state = memoryState()
    const many = [...Array(300)].map((_, each) => to(`203.0.113.${each % 256}`, 5_000 + each))
    const found = await run(newDestination, { a: many, b: [to('198.51.100.1')] }, { state })
    expect(found).toHaveLength(1)
    expect(found[0]?.message).toContain('and 253 more')
    expect(state.size()).toBeLessThan(10_000)
  })
})
