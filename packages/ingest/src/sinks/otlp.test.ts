import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Judgement } from '../sink.ts'
import { otlp } from './otlp.ts'
import { writeValue } from './schemas/otel.ts'
import { keepsTheSinkContract, response, some } from './testing/contract.ts'
import { event, samples } from './testing/events.ts'

const options = {
  ...otlp.options.parse({ url: 'https://otel.example.com:4318', header: 'X-Api-Key', credentials: 'env:OTLP_KEY' }),
  credentials: 'S3CRET-canary',
}
keepsTheSinkContract(otlp, options)

const JSON_TYPE = { 'content-type': 'application/json' }
const judge = (status: number, body: unknown, count = 3, headers = JSON_TYPE) =>
  otlp.judge(response(status, body, headers), some(count), options) as Judgement

interface Sent {
  resourceLogs: { resource: { attributes: unknown[] }; scopeLogs: { scope: object; logRecords: Record<string, unknown>[] }[] }[]
}
const encode = (...names: string[]) =>
  JSON.parse(
    String(
      otlp.encode(
        names.map(name => samples[name]!),
        options,
      ).body,
    ),
  ) as Sent

const written = (value: unknown): unknown => {
  const out: string[] = []
  writeValue(out, value)
  return JSON.parse(out.join(''))
}

describe('otlp', () => {
  it('groups records by the system they are about', () => {
    const sent = encode('finding', 'api', 'authentication', 'error')
    expect(sent.resourceLogs.map(({ scopeLogs }) => scopeLogs[0]!.logRecords.map(record => record['eventName']))).toEqual([
      ['ocsf.detection_finding', 'ocsf.api_activity', 'ocsf.application_error'],
      ['ocsf.authentication'],
    ])
    expect(sent.resourceLogs[0]!.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'faas.name', value: { stringValue: 'orders' } },
        { key: 'faas.version', value: { stringValue: '7' } },
        { key: 'cloud.platform', value: { stringValue: 'aws_lambda' } },
        { key: 'cloud.account.id', value: { stringValue: '111122223333' } },
        { key: 'cloud.provider', value: { stringValue: 'aws' } },
      ]),
    )
  })

  it('writes a finding as a record with its rule, its severity and the whole event', () => {
    const record = encode('finding').resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!
    expect(record).toMatchObject({ timeUnixNano: '1795321815250000000', severityNumber: 18, severityText: 'ERROR2' })
    expect(record['attributes']).toEqual(
      expect.arrayContaining([
        { key: 'security_rule.name', value: { stringValue: 'Public invoke permission' } },
        { key: 'log.record.uid', value: { stringValue: 'finding-1' } },
        { key: 'source.address', value: { stringValue: '203.0.113.9' } },
        {
          key: 'weir.finding.techniques',
          value: { arrayValue: { values: [{ stringValue: 'T1098' }, { stringValue: 'T1098.001' }] } },
        },
      ]),
    )
    expect(JSON.stringify(record['body'])).toContain('{"key":"principal","value":{"stringValue":"*"}}')
    expect(record).not.toHaveProperty('traceId')
  })

  it('writes ids as hex, integers as decimal strings, and null as an empty value', () => {
    const traced = event(6003, 1, { trace: { uid: 'AB'.repeat(16), span: { uid: '01'.repeat(8) } } })
    const sent = JSON.parse(String(otlp.encode([traced], options).body)) as Sent
    expect(sent.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]).toMatchObject({ traceId: 'ab'.repeat(16), spanId: '01'.repeat(8) })
    const logged = JSON.parse(String(otlp.encode([samples['sdkLog']!], options).body)) as Sent
    expect(logged.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]).toMatchObject({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
    })
    expect(written({ a: 1, b: 1.5, c: [true, null], d: undefined, e: 2 ** 60 })).toEqual({
      kvlistValue: {
        values: [
          { key: 'a', value: { intValue: '1' } },
          { key: 'b', value: { doubleValue: 1.5 } },
          { key: 'c', value: { arrayValue: { values: [{ boolValue: true }, {}] } } },
          { key: 'e', value: { doubleValue: 2 ** 60 } },
        ],
      },
    })
  })

  it('writes any text and any number as JSON does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (text, number) => {
        const { values } = (written({ [text]: [text, number] }) as { kvlistValue: { values: [object] } }).kvlistValue
        const of = Number.isSafeInteger(number)
          ? { intValue: String(number) }
          : { doubleValue: Number.isFinite(number) ? number : null }
        expect(values).toEqual([{ key: text, value: { arrayValue: { values: [{ stringValue: text }, of] } } }])
      }),
    )
  })

  it('tells where it stopped in an event that is nested too deeply', () => {
    let deep: unknown = 'bottom'
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(JSON.stringify(written(deep))).toContain('(deeper than 48 levels)')
  })

  it('sends credentials in the header it is told, and appends the path only where it is missing', () => {
    const request = otlp.encode(some(1), options)
    expect(request.headers).toEqual({ 'content-type': 'application/json', 'x-api-key': 'S3CRET-canary' })
    expect(request.url).toBe('https://otel.example.com:4318/v1/logs')
    expect(otlp.encode(some(1), { ...options, header: 'Authorization' }).headers['authorization']).toBe('Bearer S3CRET-canary')
    expect(otlp.encode(some(1), { ...options, header: 'Authorization', scheme: 'Basic' }).headers['authorization']).toMatch(
      /^Basic /,
    )
    expect(otlp.encode(some(1), { ...options, url: 'https://x/otlp/v1/logs' }).url).toBe('https://x/otlp/v1/logs')
  })

  it.each([
    [429, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
    [500, 'rejected'],
    [501, 'rejected'],
    [408, 'rejected'],
    [400, 'rejected'],
    [413, 'split'],
    [401, 'hold'],
    [403, 'hold'],
    [404, 'hold'],
    [405, 'hold'],
    [415, 'hold'],
    [307, 'hold'],
    [202, 'retry'],
  ])('reads HTTP %i as %s', (status, verdict) => expect(judge(status, { code: 3, message: 'no' })).toMatchObject({ verdict }))

  it('takes a 200 for a delivery only with an export response', () => {
    expect(judge(200, {})).toEqual({ verdict: 'delivered' })
    expect(judge(200, { partialSuccess: {} })).toEqual({ verdict: 'delivered' })
    expect(judge(200, '')).toEqual({ verdict: 'delivered' })
    expect(judge(200, '', 3, { 'content-type': 'text/html' })).toMatchObject({ verdict: 'retry' })
    expect(judge(200, '<html>')).toMatchObject({ verdict: 'retry' })
    expect(judge(200, { ok: true })).toMatchObject({ verdict: 'retry' })
    expect(judge(200, { partialSuccess: [] })).toMatchObject({ verdict: 'retry' })
  })

  it('never sends again after a partial success: a warning delivers, a refusal quarantines', () => {
    expect(judge(200, { partialSuccess: { rejectedLogRecords: '0', errorMessage: 'slow down' } })).toEqual({
      verdict: 'delivered',
      reason: 'slow down',
    })
    expect(judge(200, { partialSuccess: { rejectedLogRecords: '2', errorMessage: 'too old' } })).toEqual({
      verdict: 'rejected',
      reason: '2 of 3 refused, not said which, and OTLP forbids to send again: too old',
    })
    expect(judge(200, { partialSuccess: { rejectedLogRecords: 1 } }, 1)).toMatchObject({ verdict: 'rejected' })
    expect(judge(200, { partialSuccess: { rejectedLogRecords: -1 } })).toMatchObject({ verdict: 'retry' })
  })
})
