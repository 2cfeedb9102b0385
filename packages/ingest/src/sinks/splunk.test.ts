import { describe, expect, it } from 'vitest'
import { splunk } from './splunk.ts'
import { keepsTheSinkContract, response, some, verdicts } from './testing/contract.ts'
import { samples } from './testing/events.ts'

const options = {
  ...splunk.options.parse({ url: 'https://hec.example.com:8088/', token: 'env:HEC', index: 'main', findingsIndex: 'alerts' }),
  token: 'S3CRET-canary',
}
keepsTheSinkContract(splunk, options)

const judge = (status: number, body: unknown, count = 3, headers = {}) =>
  verdicts(splunk.judge(response(status, body, headers), some(count), options), some(count))

describe('splunk', () => {
  it('writes one JSON envelope a line, with the time in seconds and flat indexed fields', () => {
    const request = splunk.encode([samples['finding']!, samples['api']!], options)
    expect(request.url).toBe('https://hec.example.com:8088/services/collector/event')
    expect(request.headers).toMatchObject({ authorization: 'Splunk S3CRET-canary' })
    expect(request.headers['x-splunk-request-channel']).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const [finding, api] = String(request.body)
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, Record<string, unknown>>)
    expect(finding).toMatchObject({
      time: 1795321815.25,
      host: 'orders',
      source: 'weir:Weir',
      sourcetype: 'weir:finding',
      index: 'alerts',
      fields: { weir_uid: 'finding-1' },
      event: {
        type: 'alert',
        app: 'weir',
        id: 'finding-1',
        severity: 'critical',
        signature: 'Public invoke permission',
        mitre_technique_id: ['T1098', 'T1098.001'],
        dest: 'arn:aws:lambda:eu-west-1:111122223333:function:orders:7',
        user: 'mallory',
        src: '203.0.113.9',
        vendor_account: '111122223333',
        vendor_product: 'Weir',
      },
    })
    expect(api).toMatchObject({ index: 'main', sourcetype: 'weir:api:change', event: { action: 'modified', status: 'failure' } })
  })

  it('keeps what CIM has no field for under ocsf, and only that', () => {
    const { event } = JSON.parse(String(splunk.encode([samples['finding']!], options).body)) as { event: Record<string, unknown> }
    expect(event['ocsf']).toMatchObject({ evidences: [{ data: { principal: '*' } }], unmapped: { hipaa: ['164.312.a.1'] } })
    expect(event['ocsf']).not.toHaveProperty('finding_info.title')
    expect(samples['finding']).toHaveProperty('finding_info.title')
  })

  it('keeps indexes apart, and nothing else', () => {
    const key = (name: string) => splunk.partition?.(samples[name]!, options)
    expect(key('finding')).not.toBe(key('api'))
    expect(key('http')).toBe(key('api'))
  })

  it.each([
    [200, 0, 'delivered'],
    [200, 24, 'delivered'],
    [200, 25, 'delivered'],
    [503, 0, 'retry'],
    [400, 5, 'split'],
    [403, 1, 'hold'],
    [401, 2, 'hold'],
    [401, 3, 'hold'],
    [403, 4, 'hold'],
    [400, 7, 'hold'],
    [500, 8, 'retry'],
    [503, 9, 'retry'],
    [400, 10, 'hold'],
    [400, 11, 'hold'],
    [400, 14, 'hold'],
    [400, 16, 'hold'],
    [200, 17, 'retry'],
    [503, 18, 'retry'],
    [503, 19, 'retry'],
    [503, 20, 'retry'],
    [400, 21, 'hold'],
    [400, 22, 'hold'],
    [503, 23, 'retry'],
    [429, 26, 'retry'],
    [429, 27, 'retry'],
    [413, 0, 'split'],
    [200, 4711, 'retry'],
  ])('reads HTTP %i with code %i as %s', (status, code, verdict) => {
    expect(judge(status, { text: 'x', code })).toEqual([verdict, verdict, verdict])
  })

  it.each([6, 12, 13, 15])('reads code %i as: before the named event in, it refused, after it again', code => {
    const body = { text: 'Invalid data format', code, 'invalid-event-number': 1 }
    expect(judge(400, body)).toEqual(['delivered', 'rejected', 'retry'])
    expect(judge(400, { ...body, 'invalid-event-number': 3 })).toEqual(['split', 'split', 'split'])
    expect(judge(400, { text: 'x', code }, 1)).toEqual(['rejected'])
  })

  it('reads a body that is not its own as anything but delivered', () => {
    expect(judge(200, '<html>')).toEqual(['retry', 'retry', 'retry'])
    expect(judge(200, { text: 'Success' })).toEqual(['retry', 'retry', 'retry'])
    expect(judge(400, '<html>')).toEqual(['hold', 'hold', 'hold'])
    expect(judge(404, '')).toEqual(['hold', 'hold', 'hold'])
    expect(judge(302, '')).toEqual(['hold', 'hold', 'hold'])
    expect(judge(413, '<html>', 1)).toEqual(['rejected'])
  })

  it('honours Retry-After in seconds and as a date, up to five minutes', () => {
    const after = (headers: Record<string, string>) => splunk.judge(response(503, { code: 9 }, headers), some(1), options)
    expect(after({ 'retry-after': '7' })).toMatchObject({ afterMs: 7000 })
    expect(after({ 'retry-after': '86400' })).toMatchObject({ afterMs: 300_000 })
    const date = 'Sun, 22 Nov 2026 04:00:00 GMT'
    expect(after({ date, 'retry-after': 'Sun, 22 Nov 2026 04:00:30 GMT' })).toMatchObject({ afterMs: 30_000 })
    expect(after({ 'retry-after': 'soon' })).not.toHaveProperty('afterMs')
  })

  it('refuses an address in the clear, with credentials, or with a query, and never repeats credentials', () => {
    const fault = (url: string) => splunk.options.safeParse({ url, token: 'env:HEC' }).error?.issues[0]?.message
    expect(fault('hec')).toBe('expected a URL, got "hec"; add https://')
    expect(fault('http://hec.example.com')).toContain('https://')
    expect(fault('http://127.0.0.1:8088')).toBeUndefined()
    expect(fault('https://u:hunter2@hec.example.com')).toMatch(/^(?!.*hunter2).*user/)
    expect(fault('https://hec.example.com/?token=hunter2')).toMatch(/^(?!.*hunter2).*query/)
    expect(splunk.options.safeParse({ url: 'https://hec', token: 'plain' }).success).toBe(false)
  })

  it('reads the health endpoint', () => {
    const probe = (status: number, body: unknown) => splunk.judgeProbe(response(status, body), options).verdict
    expect(probe(200, { text: 'HEC is healthy', code: 17 })).toBe('delivered')
    expect(probe(400, { code: 21 })).toBe('hold')
    expect(probe(503, { code: 18 })).toBe('retry')
    expect(splunk.probe(options).url).toBe('https://hec.example.com:8088/services/collector/health/1.0')
  })
})
