import { describe, expect, it } from 'vitest'
import { documentId, elastic } from './elastic.ts'
import { keepsTheSinkContract, response, some, verdicts } from './testing/contract.ts'
import { samples } from './testing/events.ts'

const options = {
  ...elastic.options.parse({ url: 'https://es.example.com', apiKey: 'env:ES_KEY', namespace: 'prod' }),
  apiKey: 'S3CRET-canary',
}
keepsTheSinkContract(elastic, options)

const events = some(3)
const item = (i: number, status: number, more: object = {}) => ({ create: { _id: documentId(events[i]!), status, ...more } })
const judge = (items: unknown, errors: unknown = false) =>
  verdicts(elastic.judge(response(200, { errors, items }), events, options), events)
const all = (verdict: string) => [verdict, verdict, verdict]

describe('elastic', () => {
  it('writes create actions with the uid as _id behind its time, and ends with a newline', () => {
    const request = elastic.encode([samples['finding']!], options)
    expect(request.url).toBe('https://es.example.com/logs-weir.findings-prod/_bulk?include_source_on_error=false')
    expect(request.headers).toMatchObject({ 'content-type': 'application/x-ndjson', authorization: 'ApiKey S3CRET-canary' })
    const lines = String(request.body).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toBe('')
    expect(JSON.parse(lines[0]!)).toEqual({
      create: { _id: `${samples['finding']!.time.toString(36).padStart(9, '0')}-finding-1` },
    })
    expect(JSON.parse(lines[1]!)).toMatchObject({
      '@timestamp': '2026-11-22T04:30:15.250Z',
      ecs: { version: '9.5.0' },
      data_stream: { type: 'logs', dataset: 'weir.findings', namespace: 'prod' },
      event: {
        kind: 'alert',
        category: ['intrusion_detection'],
        type: ['info'],
        dataset: 'weir.findings',
        module: 'weir',
        id: 'finding-1',
        severity: 5,
      },
      rule: { name: 'Public invoke permission', uuid: '6f1f7e0e-8d3c-4b5c-9d6c-2f3a1b4c5d6e' },
      threat: {
        framework: 'MITRE ATT&CK',
        tactic: { id: ['TA0003', 'TA0004'] },
        technique: { id: ['T1098'], subtechnique: { id: ['T1098.001'] } },
      },
      source: { ip: '203.0.113.9' },
      related: { ip: ['203.0.113.9'], user: ['mallory'] },
      faas: { name: 'orders', version: '7' },
      weir: { ocsf: { evidences: [{ data: { principal: '*' } }] } },
    })
  })

  it('keeps findings and events in streams of their own', () => {
    expect(elastic.partition?.(samples['api']!, options)).toBe('logs-weir.events-prod')
    expect(elastic.partition?.(samples['finding']!, options)).toBe('logs-weir.findings-prod')
  })

  it('hashes a uid that is too long for an _id', () => {
    const long = { ...events[0]!, metadata: { ...events[0]!.metadata, uid: 'é'.repeat(300) } }
    expect(Buffer.byteLength(documentId(long))).toBeLessThanOrEqual(512)
    expect(documentId(long)).toBe(documentId(structuredClone(long)))
  })

  it('leaves out for OpenSearch what OpenSearch does not know', () => {
    const os = { ...options, flavour: 'opensearch' as const }
    expect(elastic.encode(events, os).url).toBe('https://es.example.com/logs-weir.events-prod/_bulk')
    const refused = response(400, {
      error: { type: 'illegal_argument_exception', reason: 'request [/_bulk] contains unrecognized parameter: [x]' },
    })
    expect(elastic.judge(refused, events, options)).toMatchObject({
      verdict: 'hold',
      reason: expect.stringContaining('opensearch'),
    })
  })

  it('wants an API key, or a user with a password', () => {
    const fault = (auth: object) => elastic.options.safeParse({ url: 'https://es', ...auth }).error?.issues[0]?.message
    expect(fault({})).toBe('give apiKey, or username and password')
    expect(fault({ username: 'weir' })).toBe('give apiKey, or username and password')
    expect(fault({ username: 'weir', password: 'env:P' })).toBeUndefined()
    expect(fault({ apiKey: 'env:K', username: 'weir', password: 'env:P' })).toBe('give apiKey, or username and password')
    const basic = { ...elastic.options.parse({ url: 'https://es', username: 'weir', password: 'env:P' }), password: 'pw' }
    expect(elastic.encode(events, basic).headers['authorization']).toBe(`Basic ${Buffer.from('weir:pw').toString('base64')}`)
  })

  it.each([
    [201, 'delivered'],
    [200, 'delivered'],
    [409, 'duplicate'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [400, 'rejected'],
    [401, 'hold'],
    [403, 'hold'],
    [404, 'hold'],
  ])('reads an item with %i as %s and leaves its neighbours alone', (status, verdict) => {
    expect(judge([item(0, 201), item(1, status), item(2, 201)], true)).toEqual(['delivered', verdict, 'delivered'])
  })

  it('says when a document went to the failure store', () => {
    const reply = response(200, { errors: false, items: [item(0, 201), item(1, 201, { failure_store: 'used' }), item(2, 201)] })
    expect(elastic.judge(reply, events, options)).toMatchObject([
      {},
      { verdict: 'delivered', reason: expect.stringContaining('failure store') },
      {},
    ])
  })

  it('sends all again when items are missing, short, foreign or unreadable', () => {
    expect(judge(undefined)).toEqual(all('retry'))
    expect(judge([item(0, 201)])).toEqual(all('retry'))
    expect(judge([item(0, 201), item(1, 201), item(2, 201), item(2, 201)])).toEqual(all('retry'))
    expect(judge([item(0, 201), item(1, 201), { index: { status: 201 } }])).toEqual(all('retry'))
    expect(judge([item(1, 201), item(0, 201), item(2, 201)])).toEqual(all('retry'))
    expect(judge([item(0, 201), item(1, 201), item(2, 302)])).toEqual(all('retry'))
    expect(judge([item(0, 201), item(1, 201), item(2, 201)], 'no')).toEqual(all('retry'))
  })

  it('names the type and the field of an error, never the value', () => {
    const reason = "failed to parse field [source.ip] of type [ip] in document with id 'x'. Preview of field's value: 'hunter2'"
    const reply = response(200, {
      errors: true,
      items: events.map((_, i) => item(i, 400, { error: { type: 'document_parsing_exception', reason } })),
    })
    expect(elastic.judge(reply, events, options)).toMatchObject(
      events.map(() => ({ verdict: 'rejected', reason: '400 document_parsing_exception in field source.ip' })),
    )
  })

  it.each([
    [413, 'split'],
    [429, 'retry'],
    [503, 'retry'],
    [401, 'hold'],
    [403, 'hold'],
    [404, 'hold'],
    [301, 'hold'],
  ])('reads HTTP %i as %s', (status, verdict) => {
    expect(elastic.judge(response(status, { error: { type: 'x' } }), events, options)).toMatchObject({ verdict })
  })

  it('splits on a 400 of Elasticsearch, and holds on one of something else', () => {
    expect(elastic.judge(response(400, { error: { type: 'parse_exception' } }), events, options)).toMatchObject({
      verdict: 'split',
    })
    expect(elastic.judge(response(400, '<html>'), events, options)).toMatchObject({ verdict: 'hold' })
  })
})
