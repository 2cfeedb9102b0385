import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { event, hostile, samples } from '../testing/events.ts'
import { toAsim } from './asim.ts'
import { toCim } from './cim.ts'
import { toEcs } from './ecs.ts'
import { compile, functionOf, get, int, ip, iso, type Row, traceOf } from './map.ts'
import { writeAttributes } from './otel.ts'

const rows: readonly Row[] = [
  { to: 'a', from: ['actor.user.name', 'actor.user.uid'] },
  { to: 'a', from: 'message' },
  { to: 'when', from: 'time', as: iso },
  { to: 'first', from: 'resources.0.name' },
]

describe('a mapping table', () => {
  it('takes the first path that gives a value, and the first row of a field', () => {
    const map = compile(rows)
    expect(map(event(0, 0, { actor: { user: { uid: 'u' } }, message: 'm' })).fields['a']).toBe('u')
    expect(map(event(0, 0, { actor: { user: { name: '' } }, message: 'm' })).fields['a']).toBe('m')
  })

  it('leaves over what it did not carry unchanged: other attributes, converted values, lists', () => {
    const { leftovers } = compile(rows)(
      event(0, 0, { actor: { user: { name: 'n', uid: 'u' } }, message: 'm', resources: [{ name: 'r' }] }),
    )
    expect(leftovers).toMatchObject({
      actor: { user: { uid: 'u' } },
      message: 'm',
      time: expect.any(Number),
      resources: [{ name: 'r' }],
    })
    expect(leftovers).not.toHaveProperty('actor.user.name')
    expect(compile(rows)(event(0, 0, { actor: { user: { name: 'n' } } })).leftovers).not.toHaveProperty('actor')
  })

  it('never changes the event, and loses nothing of it', () => {
    const before = structuredClone(samples)
    for (const sample of Object.values(samples)) compile(rows)(sample)
    expect(samples).toEqual(before)
  })

  it('takes nothing from prototypes, and sets none', () => {
    const map = compile([{ to: 'x', from: ['constructor.name', 'unmapped.__proto__.polluted', 'toString'] }])
    for (const each of hostile) expect(map(each).fields).not.toHaveProperty('x', 'Object')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('gives a scalar or nothing for any value', () => {
    fc.assert(
      fc.property(fc.anything(), value => {
        const { fields } = compile([{ to: 'x', from: 'message' }])(event(0, 0, { message: value }))
        expect(['string', 'number', 'boolean', 'undefined']).toContain(typeof fields['x'])
        for (const convert of [int, ip, iso]) expect(['string', 'number', 'undefined']).toContain(typeof convert(value))
      }),
    )
  })
})

describe('functionOf', () => {
  it('finds the function among resources, app, device and actor', () => {
    expect(functionOf(samples['finding']!)).toMatchObject({
      name: 'orders',
      version: '7',
      account: '111122223333',
      region: 'eu-west-1',
    })
    expect(functionOf(samples['lifecycle']!)?.name).toBe('orders')
    expect(functionOf(samples['process']!)?.name).toBe('orders')
    expect(functionOf(samples['network']!)).toBeUndefined()
  })

  it('takes only a whole ARN', () => {
    const of = (uid: unknown) => functionOf(event(0, 0, { resources: [{ uid }] }))
    expect(of('arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:a')?.name).toBe('a')
    expect(of('arn:aws:lambda:eu-west-1:111122223333:function:a:$LATEST')?.version).toBe('$LATEST')
    expect(of('arn:aws:lambda:eu-west-1:111122223333:function:a\nb')).toBeUndefined()
    expect(of('arn:aws:s3:::bucket')).toBeUndefined()
    expect(of(7)).toBeUndefined()
  })
})

describe('traceOf', () => {
  const ids = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }
  const log = (record: unknown, code = 'otlp.log') =>
    traceOf(event(0, 99, { metadata: { ...event(0, 0).metadata, event_code: code }, unmapped: { record } }))

  it('finds the trace of a span, and of a log record that OCSF has no place for', () => {
    const span = event(6003, 99, { trace: { uid: ids.traceId, span: { uid: ids.spanId } } })
    expect(traceOf(span)).toEqual({ trace: ids.traceId, span: ids.spanId })
    expect(log(ids)).toEqual({ trace: ids.traceId, span: ids.spanId })
  })

  it('takes no other signal’s word for it, and no id that is none', () => {
    const none = { trace: undefined, span: undefined }
    expect(log(ids, 'function')).toEqual(none)
    for (const record of [{ traceId: '0'.repeat(32), spanId: 'x' }, { traceId: 7, spanId: {} }, 'text', undefined])
      expect(log(record)).toEqual(none)
  })
})

describe('get', () => {
  it('walks names and indexes', () => {
    expect(get(samples['finding']!, 'resources.0.name')).toBe('orders')
    expect(get(samples['finding']!, 'resources.7.name')).toBeUndefined()
  })
})

describe('the source of a finding', () => {
  const finding = event(2004, 1, {
    evidences: [{ src_endpoint: { ip: '203.0.113.9', port: 50_123, hostname: 'kiosk.example' } }],
  })

  it('reaches each destination from its evidences', () => {
    expect(toCim(finding)).toMatchObject({ src: '203.0.113.9' })
    expect(toEcs(finding)).toMatchObject({
      source: { ip: '203.0.113.9', address: '203.0.113.9', port: 50_123, domain: 'kiosk.example' },
      related: { ip: ['203.0.113.9'], hosts: ['kiosk.example'] },
    })
    expect(toAsim(finding)).toMatchObject({ SrcIpAddr: '203.0.113.9', SrcPortNumber: 50_123, SrcHostname: 'kiosk.example' })
    const attributes: string[] = []
    writeAttributes(attributes, finding)
    expect(JSON.parse(attributes.join(''))).toContainEqual({ key: 'source.address', value: { stringValue: '203.0.113.9' } })
  })

  it('yields to the event’s own', () => {
    expect(toCim({ ...finding, src_endpoint: { ip: '198.51.100.7' } })).toMatchObject({ src: '198.51.100.7' })
  })
})
