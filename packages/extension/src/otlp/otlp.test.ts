import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundleProgram } from '../../build/bundle.ts'
import type { Listener } from '../host/host.ts'
import { encodeProtobuf } from '../testing/protobuf.ts'
import { body, testRecorder } from '../testing/recorder.ts'
import { LOGS, METRICS, TRACES } from './messages.ts'
import { listenForOtlp } from './otlp.ts'

const NANOS = '1767225600500000000'
const TIME = 1_767_225_600_500
const REQUEST_ID = '11111111-2222-4333-8444-555555555555'
const JSON_TYPE = { 'Content-Type': 'application/json' }
const PROTOBUF = { 'Content-Type': 'application/x-protobuf' }

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const logs = (...logRecords: unknown[]) => ({
  resourceLogs: [
    {
      resource: { attributes: [text('service.name', 'orders')] },
      scopeLogs: [{ scope: { name: 'app', version: '1' }, logRecords }],
    },
  ],
})
const line = (stringValue: string, more: object = {}) => ({ timeUnixNano: NANOS, body: { stringValue }, ...more })

let test: ReturnType<typeof testRecorder>
let listener: Listener | undefined

async function listen(env: Record<string, string> = {}): Promise<string> {
  test = testRecorder(env)
  listener = await listenForOtlp(test.recorder, 0)
  return `http://127.0.0.1:${listener?.port}`
}
beforeEach(() => {
  listener = undefined
})
afterEach(() => listener?.close())

async function post(url: string, headers: Record<string, string>, sent: Uint8Array | object) {
  const bytes = sent instanceof Uint8Array ? sent : Buffer.from(JSON.stringify(sent))
  const answer = await fetch(url, { method: 'POST', headers: { ...headers, Connection: 'close' }, body: Buffer.from(bytes) })
  const got = Buffer.from(await answer.arrayBuffer())
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    retryAfter: answer.headers.get('retry-after'),
    bytes: got,
    text: got.toString(),
  }
}

const records = () => test.shipped().filter(each => each.signal.startsWith('otlp.'))
const dropped = () => test.recorder.counters.totals()

describe('OTLP', () => {
  it('makes one record of each log record, redacted, with its resource and scope, at its time', async () => {
    const url = await listen()
    const sent = logs(
      line('key AKIAQ3EGRIXAMPLE4Z7T', {
        severityNumber: 13,
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
      }),
      {
        observedTimeUnixNano: NANOS,
        body: { kvlistValue: { values: [{ key: 'n', value: { intValue: '7' } }] } },
        attributes: [text('faas.invocation_id', REQUEST_ID)],
      },
    )
    expect(await post(`${url}/v1/logs`, JSON_TYPE, sent)).toMatchObject({ status: 200, type: 'application/json', text: '{}' })
    const common = { scope: { name: 'app', version: '1' }, resource: { 'service.name': 'orders' } }
    expect(records()).toMatchObject([
      {
        signal: 'otlp.log',
        time: TIME,
        invocation: '',
        body: {
          level: 'warn',
          severityNumber: 13,
          message: expect.stringMatching(/^key \[redacted:aws-access-key-id:/),
          traceId: '5b8efff798038103d269b633813fc60c',
          spanId: 'eee19b7ec3c1b174',
          ...common,
        },
      },
      {
        signal: 'otlp.log',
        time: TIME,
        invocation: REQUEST_ID,
        body: { body: { n: 7 }, attributes: { 'faas.invocation_id': REQUEST_ID }, ...common },
      },
    ])
  })

  it('tells of a span how long it took, how it ended, and in which words', async () => {
    const url = await listen()
    const span = {
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      name: 'GET /orders',
      kind: 2,
      startTimeUnixNano: NANOS,
      endTimeUnixNano: '1767225600501500000',
      status: { code: 2, message: 'no' },
      events: [{ timeUnixNano: NANOS, name: 'retry', attributes: [{ key: 'attempt', value: { doubleValue: 1.5 } }] }],
      links: [{ traceId: '0b8efff798038103d269b633813fc60c', spanId: '0ee19b7ec3c1b174' }],
    }
    const sent = encodeProtobuf({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, TRACES)
    expect(await post(`${url}/v1/traces`, PROTOBUF, sent)).toMatchObject({
      status: 200,
      type: 'application/x-protobuf',
      text: '',
    })
    expect(records()).toMatchObject([
      {
        signal: 'otlp.span',
        time: TIME,
        body: {
          name: 'GET /orders',
          kind: 'server',
          durationMs: 1.5,
          endTime: TIME + 1,
          status: 'error',
          statusMessage: 'no',
          events: [{ name: 'retry', time: TIME, attributes: { attempt: 1.5 } }],
          links: [{ traceId: '0b8efff798038103d269b633813fc60c', spanId: '0ee19b7ec3c1b174' }],
        },
      },
    ])
  })

  it('makes one record of each metric, with its points', async () => {
    const url = await listen()
    const sum = {
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [
        { timeUnixNano: NANOS, asInt: '3', attributes: [text('shop', 'a')] },
        { timeUnixNano: '1767225600900000000', asDouble: 0 },
      ],
    }
    const histogram = {
      aggregationTemporality: 2,
      dataPoints: [{ timeUnixNano: NANOS, count: '2', sum: 3.5, bucketCounts: ['1', '1'], explicitBounds: [2] }],
    }
    const metrics = [
      { name: 'orders', unit: '1', sum },
      { name: 'value', histogram },
      { name: 'many', gauge: { dataPoints: Array.from({ length: 600 }, () => ({ timeUnixNano: NANOS, asInt: '1' })) } },
    ]
    const sent = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }
    await post(`${url}/v1/metrics`, PROTOBUF, encodeProtobuf(sent, METRICS))
    await post(`${url}/v1/metrics`, JSON_TYPE, sent)
    const [first, second, third, ...json] = records()
    expect(first).toMatchObject({
      time: TIME + 400,
      body: {
        name: 'orders',
        type: 'sum',
        temporality: 'delta',
        monotonic: true,
        points: [
          { time: TIME, value: 3, attributes: { shop: 'a' } },
          { time: TIME + 400, value: 0 },
        ],
      },
    })
    expect(second?.body).toMatchObject({
      type: 'histogram',
      temporality: 'cumulative',
      points: [{ count: 2, sum: 3.5, bucketCounts: [1, 1], explicitBounds: [2] }],
    })
    expect(third?.body).toMatchObject({ type: 'gauge', pointsLeftOut: 100 })
    expect(json).toEqual([first, second, third])
  })

  it('goes to the invocation that it names, else the one that ran at its time', async () => {
    const url = await listen()
    const { recorder, host } = test
    const at = (ms: number) => new Date(host.now() + ms).toISOString()
    const nanos = (ms: number) => `${host.now() + ms}000000`
    recorder.take(
      body(
        { time: at(0), type: 'platform.start', record: { requestId: 'a' } },
        { time: at(10), type: 'platform.runtimeDone', record: { requestId: 'a' } },
      ),
    )
    host.advance(20)
    recorder.sandbox.invoked('', 'b', host.now())
    await post(
      `${url}/v1/logs`,
      JSON_TYPE,
      logs(
        { timeUnixNano: nanos(-15) },
        { timeUnixNano: nanos(5) },
        {},
        { attributes: [text('faas.invocation_id', 'mine')] },
        { timeUnixNano: '7' },
      ),
    )
    expect(records().map(({ invocation, time }) => [invocation, time - host.now()])).toEqual([
      ['a', -15],
      ['b', 5],
      ['b', 0],
      ['b', 0],
      ['b', 0],
    ])
  })

  it('goes to the invocation that its resource names, where an item names none', async () => {
    const url = await listen()
    const [scoped] = logs(line('x'), line('y', { attributes: [text('faas.invocation_id', REQUEST_ID)] })).resourceLogs
    const other = REQUEST_ID.replace('1', '2')
    const resource = { attributes: [text('faas.invocation_id', other)] }
    await post(`${url}/v1/logs`, JSON_TYPE, { resourceLogs: [{ ...scoped, resource }] })
    expect(records().map(({ invocation }) => invocation)).toEqual([other, REQUEST_ID])
  })

  it('takes gzip, and refuses what becomes too large', async () => {
    const url = await listen()
    const gzip = { ...JSON_TYPE, 'Content-Encoding': 'gzip' }
    expect(await post(`${url}/v1/logs`, gzip, gzipSync(JSON.stringify(logs(line('zipped')))))).toMatchObject({ status: 200 })
    expect(await post(`${url}/v1/logs`, gzip, gzipSync(JSON.stringify(logs(line('a'.repeat(5_000_000))))))).toMatchObject({
      status: 413,
    })
    expect(await post(`${url}/v1/logs`, gzip, Buffer.from('not zipped'))).toMatchObject({ status: 400 })
    expect(records()).toMatchObject([{ body: { message: 'zipped' } }])
    expect(dropped()).toMatchObject([{ reason: 'otlp-refused', records: 2 }])
  })

  it.each([
    ['another place', '/v1/profiles', JSON_TYPE, Buffer.from('{}'), 404],
    ['another type', '/v1/logs', { 'Content-Type': 'text/plain' }, Buffer.from('{}'), 415],
    ['another content encoding', '/v1/logs', { ...JSON_TYPE, 'Content-Encoding': 'br' }, Buffer.from('{}'), 415],
    ['no JSON', '/v1/logs', JSON_TYPE, Buffer.from('{'), 400],
    ['no protobuf', '/v1/logs', PROTOBUF, Buffer.from([0xff]), 400],
    ['a body that is too large', '/v1/logs', PROTOBUF, Buffer.alloc(3_000_000), 413],
  ])('refuses %s, in the words of google.rpc.Status', async (_, path, headers: Record<string, string>, sent, status) => {
    const answer = await post(`${await listen()}${path}`, headers, sent)
    expect(answer.status).toBe(status)
    if (headers['Content-Type'] === PROTOBUF['Content-Type']) expect([...answer.bytes.subarray(0, 3)]).toEqual([0x08, 3, 0x12])
    else expect(JSON.parse(answer.text)).toMatchObject({ code: 3, message: expect.stringMatching(/./) })
    expect(records()).toEqual([])
  })

  it('refuses another method', async () => {
    const answer = await fetch(`${await listen()}/v1/logs`, { headers: { Connection: 'close' } })
    expect(answer.status).toBe(405)
  })

  it('never asks to come again where the sandbox freezes: it takes what has room and tells how much had none', async () => {
    const url = await listen({ WEIR_BUFFER_BYTES: '65536' })
    const sent = logs(...Array.from({ length: 100 }, (_, at) => line(`${at} ${'x'.repeat(1000)}`)))
    const { status, text: said } = await post(`${url}/v1/logs`, JSON_TYPE, sent)
    const { partialSuccess } = JSON.parse(said) as { partialSuccess: { rejectedLogRecords: string; errorMessage: string } }
    expect(status).toBe(200)
    expect(partialSuccess.errorMessage).toBe('the buffer is full')
    const rejected = Number(partialSuccess.rejectedLogRecords)
    expect(dropped()).toEqual([{ reason: 'buffer-full', records: rejected, bytes: 0 }])
    const again = await post(`${url}/v1/logs`, PROTOBUF, encodeProtobuf(logs(line('x')), LOGS))
    expect([...again.bytes.subarray(0, 6)]).toEqual([0x0a, again.bytes.length - 2, 0x08, 1, 0x12, 18])
    expect(records()).toHaveLength(100 - rejected)
  })

  it('asks to come again on Managed Instances, where nothing freezes', async () => {
    const url = await listen({ WEIR_BUFFER_BYTES: '65536', AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
    await post(`${url}/v1/logs`, JSON_TYPE, logs(line('x'.repeat(60_000))))
    expect(await post(`${url}/v1/logs`, JSON_TYPE, logs(line('y')))).toMatchObject({ status: 503, retryAfter: '10' })
    expect(dropped()).toEqual([])
  })

  it('leaves out what is over the budget, and counts it', async () => {
    const url = await listen()
    test.recorder.load = 'summaries'
    const { text: said } = await post(`${url}/v1/logs`, JSON_TYPE, logs(line('x')))
    expect(JSON.parse(said)).toEqual({ partialSuccess: { rejectedLogRecords: '1', errorMessage: 'over the budget' } })
    expect(dropped()).toEqual([{ reason: 'over-budget', records: 1, bytes: 0 }])
  })

  it('counts a port that is taken, and is not there then', async () => {
    await listen()
    const other = testRecorder()
    expect(await listenForOtlp(other.recorder, listener?.port)).toBeUndefined()
    expect(other.recorder.counters.takeFaults()).toEqual([{ kind: 'otlp:listen', count: 1 }])
  })
})

describe('its server', () => {
  const raw = async (): Promise<{ socket: Socket; got: () => string; closed: Promise<unknown> }> => {
    await listen()
    const socket = connect(listener?.port ?? 0, '127.0.0.1')
    let output = ''
    socket.on('data', bytes => (output += bytes.toString()))
    await once(socket, 'connect')
    return { socket, got: () => output, closed: once(socket, 'close') }
  }
  const request = (sent: string) =>
    `POST /v1/logs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`

  it('answers on one connection again and again, and closes where it is asked to', async () => {
    const { socket, got, closed } = await raw()
    socket.write(request('{}') + request('{'))
    while (got().split('HTTP/1.1').length < 3) await once(socket, 'data')
    socket.end(request('{}').replace('\r\n', '\r\nConnection: close\r\n'))
    await closed
    expect(got().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400', 'HTTP/1.1 200'])
    expect(test.recorder.counters.takeFaults()).toEqual([])
  })

  it('gives up on what is not HTTP, on what does not come, and on the quietest of too many', async () => {
    const { socket, closed } = await raw()
    socket.write('nonsense\r\n\r\n')
    await closed
    const slow = connect(listener?.port ?? 0, '127.0.0.1')
    slow.write('POST /v1/logs HTTP/1.1\r\n')
    await once(slow, 'connect')
    // So that the bytes have been read before the clock moves.
    await post(`http://127.0.0.1:${listener?.port}/v1/logs`, JSON_TYPE, {})
    test.host.advance(10_000)
    await once(slow, 'close')
    const many: Socket[] = []
    for (let each = 0; each < 17; each++) {
      const next = connect(listener?.port ?? 0, '127.0.0.1')
      many.push(next)
      await once(next, 'connect')
    }
    await once(many[0] as Socket, 'close')
    for (const each of many) each.destroy()
    expect(test.recorder.counters.takeFaults()).toEqual(
      ['not-http', 'too-slow', 'crowded'].map(kind => ({ kind: `otlp:${kind}`, count: 1 })),
    )
  })
})

it('works as the file of the layer that it is built into', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-otlp-'))
  try {
    await writeFile(join(folder, 'otlp.cjs'), await bundleProgram('../src/otlp/otlp.ts'))
    const built = createRequire(import.meta.url)(join(folder, 'otlp.cjs')) as { listenForOtlp: typeof listenForOtlp }
    test = testRecorder()
    listener = await built.listenForOtlp(test.recorder, 0)
    const sent = gzipSync(encodeProtobuf(logs(line('built')), LOGS))
    const { status } = await post(`http://127.0.0.1:${listener?.port}/v1/logs`, { ...PROTOBUF, 'Content-Encoding': 'gzip' }, sent)
    expect([status, records()]).toMatchObject([200, [{ body: { message: 'built' } }]])
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** The room of this workspace that has the SDK installed. */
const installed = new URL('../../../ingest/package.json', import.meta.url)
const sdk = new URL('node_modules/@opentelemetry/sdk-node', installed)
if (!existsSync(sdk)) process.stdout.write("OTLP from OpenTelemetry's SDK: skipped, it is not installed\n")

describe.skipIf(!existsSync(sdk))("OpenTelemetry's own SDK", () => {
  const mask = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (name, each: unknown) =>
      /^(?:time|endTime|start|durationMs|traceId|spanId|process\.|host\.|service\.instance\.)/.test(name) ? typeof each : each,
    )
  const exported = async (env: Record<string, string>) => {
    const url = await listen()
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../testing/otlp-sdk.mjs', import.meta.url)), fileURLToPath(installed)],
      {
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: url,
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_LOGS_EXPORTER: 'otlp',
          OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_RESOURCE_ATTRIBUTES: 'service.name=orders',
          ...env,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let errors = ''
    child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
    await once(child, 'close')
    expect(errors).toBe('')
    expect(test.recorder.counters.totals()).toEqual([])
    listener?.close()
    return records().sort((one, other) =>
      one.signal + JSON.stringify(one.body) < other.signal + JSON.stringify(other.body) ? -1 : 1,
    )
  }

  it('is read the same over http/json, http/protobuf, and zipped', { timeout: 60_000 }, async () => {
    const json = await exported({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })
    const protobuf = await exported({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })
    const zipped = await exported({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' })
    expect(mask(protobuf)).toEqual(mask(json))
    expect(mask(zipped)).toEqual(mask(json))
    expect(json.map(each => each.signal)).toEqual(['otlp.log', 'otlp.log', 'otlp.metric', 'otlp.metric', 'otlp.span'])
    const byName = (name: string, value: unknown) => json.find(each => Reflect.get(each.body as object, name) === value)
    expect(byName('event', undefined)).toBeDefined()
    expect(byName('eventName', 'order.failed')).toMatchObject({
      invocation: REQUEST_ID,
      body: {
        level: 'ERROR',
        severityNumber: 17,
        body: { order: 17, lines: [{ sku: 'a-1', price: 2.5 }], large: 2 ** 52 },
        attributes: { key: expect.stringMatching(/^\[redacted:aws-access-key-id/), bytes: 'AQID' },
        resource: { 'service.name': 'orders' },
      },
    })
    expect(byName('name', 'handler')).toMatchObject({
      invocation: REQUEST_ID,
      body: {
        kind: 'server',
        status: 'error',
        statusMessage: 'upstream',
        scope: { name: 'orders', version: '1.2.3' },
        events: [{ name: 'retry', attributes: { attempt: 2 } }],
        attributes: { flags: [true, false], 'http.response.status_code': 502, authorization: expect.stringMatching(/redacted/) },
      },
    })
    expect(byName('name', 'orders.placed')).toMatchObject({
      body: { type: 'sum', unit: '{order}', points: [{ value: 3, attributes: { shop: 'a' } }] },
    })
    expect(byName('name', 'orders.value')).toMatchObject({
      body: { type: 'histogram', points: [{ count: 1, sum: 12.5, min: 12.5 }] },
    })
    expect(JSON.stringify(json)).not.toMatch(/AKIAQ3EGRI|abcdef0123/)
  })
})
