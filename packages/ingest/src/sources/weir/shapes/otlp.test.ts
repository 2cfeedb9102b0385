import { CLASS, checkOcsf } from '@weir/schema/ocsf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasValidator, testOrigin, validate, weirRecord } from '../../testing/records.ts'
import { weir } from '../../weir.ts'

const ocsf = (signal: string, body: unknown) => weir.normalize(weirRecord(body, { record: { signal } }), testOrigin()).ocsf

const IDS = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }
const resource = { 'service.name': 'shop' }
const BODIES: readonly (readonly [signal: string, body: object, expected: object])[] = [
  [
    'otlp.log',
    { level: 'ERROR', severityNumber: 17, message: 'no stock', ...IDS },
    {
      class_uid: CLASS.baseEvent,
      severity_id: 3,
      message: 'no stock',
      metadata: { log_level: 'ERROR', log_provider: 'OpenTelemetry' },
    },
  ],
  [
    'otlp.log',
    { level: 'SEVERE', severityNumber: 21, body: { order: 17 } },
    { severity_id: 4, severity: 'High', message: '{"order":17}' },
  ],
  ['otlp.log', { eventName: 'order.failed', body: { order: 17 } }, { severity_id: 1, message: 'order.failed' }],
  [
    'otlp.span',
    {
      ...IDS,
      parentSpanId: '00f067aa0ba902b7',
      name: 'GET /orders',
      kind: 'server',
      status: 'error',
      statusMessage: 'upstream',
      durationMs: 12.6,
      endTime: 1_767_225_600_013,
      attributes: { 'client.address': '203.0.113.9', 'client.port': 40_000, 'url.scheme': 'https' },
      resource,
    },
    {
      class_uid: CLASS.apiActivity,
      activity_name: 'Span',
      status_id: 2,
      duration: 13,
      api: { operation: 'GET /orders', service: { name: 'https' } },
      actor: { app_name: 'shop' },
      src_endpoint: { ip: '203.0.113.9', port: 40_000 },
      dst_endpoint: { svc_name: 'shop' },
      trace: { uid: IDS.traceId, span: { uid: IDS.spanId, parent_uid: '00f067aa0ba902b7', end_time: 1_767_225_600_013 } },
      metadata: { profiles: ['cloud', 'host', 'trace'] },
    },
  ],
  [
    'otlp.span',
    {
      ...IDS,
      name: 'SELECT',
      kind: 'client',
      status: 'ok',
      attributes: { 'server.address': 'db.internal', 'server.port': 5432, 'db.system.name': 'postgresql' },
    },
    {
      status_id: 1,
      src_endpoint: { svc_name: 'orders' },
      dst_endpoint: { hostname: 'db.internal', port: 5432 },
      api: { service: { name: 'postgresql' } },
    },
  ],
  ['otlp.span', { name: 'bare', endTime: 'never', durationMs: -1 }, { class_uid: CLASS.apiActivity, api: { operation: 'bare' } }],
  ['otlp.span', { ...IDS }, { class_uid: CLASS.baseEvent, activity_name: 'Span' }],
  [
    'otlp.metric',
    { name: 'orders', type: 'sum', points: [{ value: 3 }] },
    { class_uid: CLASS.baseEvent, message: 'otlp.metric: orders, 1 points' },
  ],
]

describe('what the SDK of a function exports', () => {
  it.each(BODIES)('%s %j', (signal, body, expected) => {
    const event = ocsf(signal, body)
    expect(event).toMatchObject(expected)
    expect(checkOcsf(event)).toEqual([])
    expect(event['unmapped']).toMatchObject({ record: body })
  })

  it.skipIf(!hasValidator)('is valid OCSF 1.8.0', () => {
    const events = BODIES.map(([signal, body]) => ocsf(signal, body))
    expect(validate(events)).toBe(`${events.length} events, 0 invalid`)
  })

  it('is a sound event whatever it says', () => {
    const word = fc.constantFrom(
      'name',
      'kind',
      'status',
      'traceId',
      'spanId',
      'endTime',
      'durationMs',
      'attributes',
      'resource',
      'points',
      'body',
      'severityNumber',
      'server.address',
      'client.port',
    )
    const body = fc.dictionary(word, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(word, fc.jsonValue({ maxDepth: 0 }))))
    fc.assert(
      fc.property(fc.constantFrom('otlp.log', 'otlp.span', 'otlp.metric'), body, (signal, value) => {
        expect(checkOcsf(ocsf(signal, value))).toEqual([])
      }),
    )
  })
})
