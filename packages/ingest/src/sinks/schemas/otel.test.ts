import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import { event, samples } from '../testing/events.ts'
import { eventName, writeAttributes, writeResource } from './otel.ts'

const of = (write: typeof writeResource, event: OcsfEvent) => {
  const out: string[] = []
  write(out, event)
  const list = JSON.parse(out.join('')) as { key: string; value: object }[]
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0] as unknown]))
}

describe('OpenTelemetry attributes', () => {
  it('describe the observed system as the resource', () => {
    expect(of(writeResource, samples['error']!)).toEqual({
      'service.name': 'orders',
      'cloud.provider': 'aws',
      'cloud.platform': 'aws_lambda',
      'cloud.account.id': '111122223333',
      'cloud.region': 'eu-west-1',
      'cloud.resource_id': 'arn:aws:lambda:eu-west-1:111122223333:function:orders:7',
      'faas.name': 'orders',
      'faas.version': '7',
    })
    expect(of(writeResource, samples['network']!)).toMatchObject({ 'service.name': 'CloudTrail', 'cloud.provider': 'aws' })
  })

  it('follow the semantic conventions of HTTP, URL, network, process and file', () => {
    expect(of(writeAttributes, samples['http']!)).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': '503',
      'url.full': 'https://api.example/orders?id=1',
      'client.address': '203.0.113.9',
      'user_agent.original': 'curl/8',
    })
    expect(of(writeAttributes, samples['process']!)).toMatchObject({ 'process.pid': '4242', 'process.parent_pid': '17' })
    expect(of(writeAttributes, samples['file']!)).toMatchObject({ 'file.path': '/proc/self/environ', 'file.size': '512' })
    expect(of(writeAttributes, samples['network']!)).toMatchObject({ 'network.transport': 'tcp', 'destination.port': '443' })
  })

  it('name events by class, also one that Weir does not emit', () => {
    expect(eventName(samples['finding']!)).toBe('ocsf.detection_finding')
    expect(eventName(event(5001, 1))).toBe('ocsf.5001')
    for (const uid of Object.values(CLASS)) expect(eventName(event(uid, 1)), String(uid)).toMatch(/^ocsf\.[a-z_]+$/)
  })
})
