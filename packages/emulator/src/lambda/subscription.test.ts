import { describe, expect, it } from 'vitest'
import { parseSubscription } from './subscription.ts'

const HOSTS = ['sandbox.localdomain', '127.0.0.1']
const valid = {
  schemaVersion: '2025-01-29',
  types: ['platform', 'function'],
  buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 },
  destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:4243/x' },
}

describe('parseSubscription', () => {
  it('reads a subscription', () => {
    expect(parseSubscription(valid, HOSTS)).toEqual({
      ...valid,
      destination: { protocol: 'HTTP', port: 4243, path: '/x', method: 'POST' },
    })
  })

  it('fills in the documented defaults', () => {
    const { types, destination } = valid
    expect(parseSubscription({ types, destination }, HOSTS)).toMatchObject({
      schemaVersion: '2022-07-01',
      buffering: { maxItems: 10_000, maxBytes: 262_144, timeoutMs: 1000 },
    })
  })

  it('takes a TCP port', () => {
    expect(parseSubscription({ ...valid, destination: { protocol: 'TCP', port: 4243 } }, HOSTS)).toMatchObject({
      destination: { protocol: 'TCP', port: 4243 },
    })
  })

  it.each([
    ['no object', [], 'the body should be a JSON object'],
    [
      'an unknown schema',
      { ...valid, schemaVersion: '2021-01-01' },
      'schemaVersion should be one of 2022-07-01, 2022-12-13, 2025-01-29',
    ],
    ['no types', { ...valid, types: [] }, 'types should not be empty'],
    ['an unknown type', { ...valid, types: ['audit'] }, 'types should be among platform, function, extension'],
    ['a type twice', { ...valid, types: ['platform', 'platform'] }, 'types should be unique'],
    ['too few items', { ...valid, buffering: { maxItems: 999 } }, 'buffering.maxItems should be an integer from 1000 to 10000'],
    [
      'too many bytes',
      { ...valid, buffering: { maxBytes: 1_048_577 } },
      'buffering.maxBytes should be an integer from 262144 to 1048576',
    ],
    ['too short a wait', { ...valid, buffering: { timeoutMs: 24 } }, 'buffering.timeoutMs should be an integer from 25 to 30000'],
    ['a fraction', { ...valid, buffering: { timeoutMs: 25.5 } }, 'buffering.timeoutMs should be an integer from 25 to 30000'],
    ['no destination', { ...valid, destination: undefined }, 'destination is not provided'],
    ['no port', { ...valid, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain' } }, 'URI port is not provided'],
    [
      'the reserved port',
      { ...valid, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:9001' } },
      'port 9001 is reserved',
    ],
    [
      'a host elsewhere',
      { ...valid, destination: { protocol: 'HTTP', URI: 'http://example.com:4243' } },
      'URI host should be one of sandbox.localdomain, 127.0.0.1',
    ],
    [
      'another protocol',
      { ...valid, destination: { protocol: 'UDP', URI: 'udp://sandbox.localdomain:1' } },
      'destination.protocol should be HTTP or TCP',
    ],
    [
      'several faults',
      { ...valid, types: [], destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain' } },
      'types should not be empty; URI port is not provided',
    ],
  ])('refuses %s', (_, body, faults) => {
    expect(parseSubscription(body, HOSTS)).toEqual({ faults })
  })
})
