import { describe, expect, it } from 'vitest'
import { testRecorder } from '../testing/recorder.ts'
import { itemsOf, type Kind, LOG, METRIC, place, SPAN } from './records.ts'

const NANOS = '1767225600500000000'
const TIME = 1_767_225_600_500
const ID = '0f6a1c52-7d1e-4b8a-9c3f-2a5b6c7d8e9f'
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

/** The items of one scope of one resource. */
function items(kind: Kind, given: unknown[], resource: object = {}, scope: object = {}) {
  const [resources, scopes, list] = kind.lists
  return [...itemsOf({ [resources]: [{ resource, [scopes]: [{ scope, [list]: given }] }] }, kind)]
}
const bodyOf = (kind: Kind, item: object) => items(kind, [item])[0]?.body
const logged = (value: object) => bodyOf(LOG, { body: value })

describe('the items of a request', () => {
  it('are one for each, in order, with its own resource and scope', () => {
    const request = {
      resourceLogs: [
        {
          resource: { attributes: [text('service.name', 'a')] },
          scopeLogs: [{ scope: { name: 's' }, logRecords: [{}, {}] }, { logRecords: [{}] }],
        },
        { scopeLogs: [{ logRecords: [{}] }] },
        {},
      ],
    }
    const resource = { 'service.name': 'a' }
    const scope = { name: 's' }
    expect([...itemsOf(request, LOG)].map(({ body }) => body)).toEqual([
      { body: null, scope, resource },
      { body: null, scope, resource },
      { body: null, resource },
      { body: null },
    ])
  })

  it.each([[{}], [{ resourceLogs: 'x' }], [{ resourceLogs: [null, 7, { scopeLogs: [null] }] }]])('are none in %j', request => {
    expect([...itemsOf(request, LOG)]).toEqual([])
  })

  it('name their invocation by a request id, else by that of their resource', () => {
    const resource = { attributes: [text('faas.execution', ID)] }
    const other = ID.replace('0', '1')
    const named = (...attributes: object[]) => items(LOG, [{ attributes }], resource)[0]?.invocation
    expect(named()).toBe(ID)
    expect(named(text('aws.lambda.request_id', other))).toBe(other)
    expect(named(text('faas.invocation_id', 'mine'))).toBe(ID)
    expect(items(LOG, [{ attributes: [text('aws.request_id', ID)] }])[0]?.invocation).toBe('')
  })
})

describe('a log record', () => {
  it.each([
    [1, 'trace'],
    [4, 'trace'],
    [5, 'debug'],
    [9, 'info'],
    [16, 'warn'],
    [17, 'error'],
    [24, 'fatal'],
    [25, undefined],
  ])('of severity %d has the level %s', (severityNumber, level) => {
    expect(bodyOf(LOG, { severityNumber })?.['level']).toBe(level)
  })

  it('has the time at which it was observed, where it has none of its own, and none that cannot be', () => {
    const timeOf = (item: object) => items(LOG, [item])[0]?.time
    expect(timeOf({ timeUnixNano: '0', observedTimeUnixNano: NANOS })).toBe(TIME)
    expect(timeOf({ timeUnixNano: '99999999000000000' })).toBeUndefined()
    expect(timeOf({ timeUnixNano: '4000000000000000000' })).toBeUndefined()
  })

  it('has its message as text, and any other body as the value that it is', () => {
    expect(logged({ stringValue: 'said' })).toEqual({ message: 'said' })
    expect(logged({ boolValue: false })).toEqual({ body: false })
    expect(logged({ intValue: '9007199254740993' })).toEqual({ message: '9007199254740993' })
    expect(logged({ arrayValue: { values: [{ intValue: '7' }, {}, { bytesValue: 'AQI=' }] } })).toEqual({
      body: [7, null, 'AQI='],
    })
    const values = [text('__proto__', 'x'), text('a', '1'), text('a', '2')]
    expect(JSON.stringify(logged({ kvlistValue: { values } }))).toBe('{"body":{"__proto__":"x","a":"2"}}')
  })
})

describe('a span', () => {
  it('has its duration to the microsecond, and none where a time is missing', () => {
    const span = (startTimeUnixNano: string, endTimeUnixNano: string) => bodyOf(SPAN, { startTimeUnixNano, endTimeUnixNano })
    expect(span(NANOS, '1767225600500001999')?.['durationMs']).toBe(0.001)
    expect(span(NANOS, '0')).toEqual({})
    expect(items(SPAN, [{ endTimeUnixNano: NANOS }])[0]?.time).toBe(TIME)
  })

  it.each([
    [
      { kind: 3, status: { code: 1 } },
      { kind: 'client', status: 'ok' },
    ],
    [{ kind: 0, status: { code: 0 } }, {}],
    [{ kind: 99, status: { code: 99, message: 'm' } }, { statusMessage: 'm' }],
  ])('of %j is %j', (span, body) => {
    expect(bodyOf(SPAN, span)).toEqual(body)
  })
})

describe('a metric', () => {
  const points = (count: number) => Array.from({ length: count }, (_, at) => ({ timeUnixNano: NANOS, asInt: String(at) }))

  it('weighs as much as its points, is of the time of its newest, and tells how many it leaves out', () => {
    const newest = { timeUnixNano: '1767225600900000000', asDouble: 1.5 }
    const [item] = items(METRIC, [{ name: 'm', gauge: { dataPoints: [newest, ...points(500)] } }])
    expect(item).toMatchObject({
      weight: 501,
      time: TIME + 400,
      body: { type: 'gauge', pointsLeftOut: 1, points: { length: 500 } },
    })
    expect(items(METRIC, [{ sum: { dataPoints: points(500) } }])[0]?.body).not.toHaveProperty('pointsLeftOut')
  })

  it('without points weighs nothing, and is of no time', () => {
    expect(items(METRIC, [{ name: 'm' }])[0]).toMatchObject({ weight: 0, time: undefined, body: { name: 'm' } })
  })
})

it('an item without an invocation belongs to the one that ran at its time, and without a time to now', () => {
  const { recorder, host } = testRecorder()
  recorder.sandbox.invoked('', 'a', host.now())
  const item = { body: {}, weight: 1 }
  expect(place({ ...item, time: undefined, invocation: '' }, recorder)).toEqual({ time: host.now(), invocation: 'a' })
  expect(place({ ...item, time: 5, invocation: ID }, recorder)).toEqual({ time: 5, invocation: ID })
})
