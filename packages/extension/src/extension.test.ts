import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Batch, readBody } from '@weir/schema'
import { run } from './extension.ts'
import type { Host } from './host/host.ts'
import { nodeHost } from './host/node.ts'
import { accept, type FakeKinesis, KEYS, partly, refuse, STREAM_ARN, startKinesis } from './testing/kinesis.ts'
import { event, type FakePlatform, startPlatform } from './testing/platform.ts'

let platform: FakePlatform
let kinesis: FakeKinesis
let said: string[]
let exited: Promise<number>
let listeners: { close(): void }[]
/** How often the extension began to wait for the end of an invocation: it watches for silence then. */
let waits: number

beforeEach(async () => {
  platform = await startPlatform()
  kinesis = await startKinesis()
  said = []
  listeners = []
  waits = 0
})
afterEach(async () => {
  for (const each of listeners) each.close()
  await platform.close()
  await kinesis.close()
})

/** Runs the extension in this process. After its `exit` nothing of it goes on. `random`: what the host gives instead of random bytes. */
function start(env: Record<string, string | undefined> = {}, random?: Host['random']): void {
  const real = nodeHost({
    ...KEYS,
    AWS_LAMBDA_RUNTIME_API: platform.api,
    AWS_REGION: 'eu-central-1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    WEIR_STREAM_ARN: STREAM_ARN,
    WEIR_KINESIS_ENDPOINT: kinesis.url,
    WEIR_TELEMETRY_HOST: '127.0.0.1',
    WEIR_BIND: '127.0.0.1',
    WEIR_FINGERPRINT_KEY: 'test',
    ...env,
  })
  exited = new Promise(resolve => {
    const host: Host = {
      ...real,
      ...(random && { random }),
      say: line => void said.push(line),
      exit: resolve,
      onUncaught: () => {},
      after(ms, task) {
        if (ms === 500) waits++
        return real.after(ms, task)
      },
      async listen(bind, take) {
        const listener = await real.listen(bind, take)
        listeners.push(listener)
        return listener
      },
    }
    void run(host)
  })
}

/** One whole invocation, as the platform tells it. Done when the extension asks for the next event. */
async function invocation(requestId: string, logs: unknown[] = []): Promise<void> {
  await platform.invoke(requestId)
  await platform.post([
    event('platform.start', { requestId, version: '$LATEST' }),
    ...logs.map(each => event('function', each)),
    event('platform.runtimeDone', { requestId, status: 'success', metrics: { durationMs: 1.5, producedBytes: 2 } }),
  ])
  await platform.ready()
}
const records = (batches: readonly Batch[] = kinesis.batches) =>
  batches.flatMap(batch =>
    batch.records.map(each => ({ signal: each.signal, invocation: each.invocation, body: readBody(each) })),
  )
const bodiesOf = (signal: string) =>
  records()
    .filter(each => each.signal === signal)
    .map(each => each.body)

describe('the extension', () => {
  it('makes no recorder before it has subscribed', async () => {
    const asked: boolean[] = []
    start({}, bytes => {
      asked.push(platform.calls.some(each => each.path.endsWith('/telemetry')))
      return Buffer.alloc(bytes, 1)
    })
    await platform.ready()
    await platform.shutdown()
    expect(await exited).toBe(0)
    expect(asked[0]).toBe(true)
  })

  it('goes on with the event it has asked for, and idles, where no recorder can be made', async () => {
    start({}, () => {
      throw new Error('no random bytes')
    })
    await platform.invoke('req-1')
    await platform.ready()
    await platform.shutdown()
    expect(await exited).toBe(0)
    expect(said).toEqual(['weir: idle: internal error'])
    expect(platform.calls.filter(each => each.path.endsWith('/event/next'))).toHaveLength(2)
    expect(kinesis.batches).toEqual([])
  })

  it('registers, subscribes and ships an invocation at its end', async () => {
    start()
    await platform.ready()
    expect(platform.calls.map(each => `${each.method} ${each.path}`)).toEqual([
      'POST /2020-01-01/extension/register',
      'PUT /2022-07-01/telemetry',
      'GET /2020-01-01/extension/event/next',
    ])
    expect(JSON.parse(platform.calls[1]?.body ?? '')).toMatchObject({
      schemaVersion: '2025-01-29',
      types: ['platform', 'function'],
      buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 },
    })
    await platform.post([
      event('platform.initStart', { initializationType: 'on-demand', phase: 'init', runtimeVersion: 'nodejs:24.v9' }),
    ])
    await invocation('req-1', ['plain\n', { level: 'INFO', requestId: 'req-1', message: 'json' }])

    const [batch] = kinesis.batches
    expect(batch).toMatchObject({
      sequence: 1,
      function: {
        arn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
        version: '$LATEST',
        memoryMb: 512,
        region: 'eu-central-1',
        runtime: 'nodejs:24.v9',
        initializationType: 'on-demand',
      },
      emitted: batch?.records.length,
      dropped: [],
    })
    expect(records()).toEqual([
      {
        signal: 'weir.start',
        invocation: '',
        body: expect.objectContaining({ mode: 'telemetry', schema: '2025-01-29', faults: [] }),
      },
      { signal: 'weir.environment', invocation: '', body: { variables: 0, secrets: [] } },
      { signal: 'platform.initStart', invocation: '', body: expect.objectContaining({ phase: 'init' }) },
      { signal: 'platform.start', invocation: 'req-1', body: { requestId: 'req-1', version: '$LATEST' } },
      { signal: 'function', invocation: 'req-1', body: 'plain' },
      { signal: 'function', invocation: 'req-1', body: { level: 'INFO', requestId: 'req-1', message: 'json' } },
      { signal: 'platform.runtimeDone', invocation: 'req-1', body: expect.objectContaining({ status: 'success' }) },
    ])
    expect(kinesis.puts[0]?.entries[0]?.PartitionKey).toBe(batch?.sandbox)
    expect(kinesis.complaints).toEqual([])
  })

  it('ships the rest at SHUTDOWN, says how it ended, and only then exits', async () => {
    start()
    await invocation('req-1')
    await platform.shutdown()
    await platform.post([event('platform.report', { requestId: 'req-1', status: 'success', metrics: { durationMs: 1 } })])
    expect(await exited).toBe(0)
    expect(bodiesOf('platform.report')).toHaveLength(1)
    expect(bodiesOf('weir.end')).toMatchObject([{ reason: 'spindown' }])
    expect(kinesis.batches.map(each => each.sequence)).toEqual([1, 2, 3])
    expect(kinesis.batches[2]?.emitted).toBe(records().length)
  })

  it('tells that there is a sandbox while its first handler runs', async () => {
    start()
    await platform.invoke('req-1')
    while (kinesis.batches.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    expect(bodiesOf('weir.start')).toHaveLength(1)
    await platform.post([event('platform.start', { requestId: 'req-1' }), event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    expect(kinesis.batches.map(each => each.sequence)).toEqual([1, 2])
  })

  it('names the invocation that a timeout cut off', async () => {
    start()
    await platform.invoke('req-1', Date.now() + 600)
    await platform.post([event('platform.start', { requestId: 'req-1' }), event('function', 'working\n')])
    await platform.shutdown('TIMEOUT')
    await exited
    expect(bodiesOf('weir.end')).toMatchObject([{ reason: 'timeout', requestId: 'req-1', runningMs: expect.any(Number) }])
  })

  it('masks a secret before it is buffered, and tells of it by kind and fingerprint alone', async () => {
    const secret = 'AKIAQ3EGRIXAMPLE4Z7T'
    start({ DB_PASSWORD: 'correct-horse-battery', APP_KEY: secret })
    const logs = [
      `key ${secret}\n`,
      { message: 'key', nested: { value: secret } },
      `{"again":"${secret}"}\n`,
      'the password is correct-horse-battery now\n',
      { message: `signed with ${KEYS.AWS_SECRET_ACCESS_KEY}`, ['correct-horse-battery']: 1 },
    ]
    await invocation('req-1', logs)
    expect(bodiesOf('weir.secret').length).toBeGreaterThan(0)
    for (const each of bodiesOf('weir.secret'))
      expect(each).toMatchObject({ kind: expect.any(String), fingerprint: expect.any(String), count: expect.any(Number) })
    const [environment] = bodiesOf('weir.environment') as { secrets: { variable: string }[] }[]
    expect(environment?.secrets.map(each => each.variable).sort()).toEqual(['APP_KEY', 'DB_PASSWORD'])
    const everything = JSON.stringify([records(), said])
    for (const value of [secret, 'correct-horse-battery', KEYS.AWS_SECRET_ACCESS_KEY]) expect(everything).not.toContain(value)
    expect(bodiesOf('function')).toHaveLength(logs.length)
  })

  it('passes on what it does not know, and counts what it cannot read', async () => {
    start()
    await platform.invoke('req-1')
    expect(await platform.post('{"not": "an array')).toBe(200)
    expect(await platform.post(Buffer.from([0xff, 0x00, 0xfe]).toString('latin1'))).toBe(200)
    await platform.post([
      event('platform.start', { requestId: 'req-1' }),
      event('platform.new', { a: 1 }),
      event('novelty', ['x']),
      event('weir.end', {}),
    ])
    await platform.post([event('platform.logsDropped', { droppedRecords: 7, droppedBytes: 700, reason: 'slow' })])
    await platform.ready()
    await invocation('req-2')
    expect(bodiesOf('platform.new')).toEqual([{ a: 1 }])
    expect(bodiesOf('novelty')).toEqual([['x']])
    expect(bodiesOf('weir.end')).toEqual([])
    expect(bodiesOf('platform.logsDropped')).toHaveLength(1)
    const dropped = kinesis.batches.at(-1)?.dropped
    expect(dropped).toContainEqual({ reason: 'logs-dropped', records: 7, bytes: 700 })
    expect(dropped).toContainEqual({ reason: 'unparsable', records: 2, bytes: expect.any(Number) })
    expect(dropped).toContainEqual({ reason: 'forged', records: 1, bytes: expect.any(Number) })
    expect(bodiesOf('weir.dropped')).toContainEqual({ reason: 'logs-dropped', records: 7, bytes: 700 })
  })

  it('takes one batch of a Sequence-Id once', async () => {
    start()
    await platform.invoke('req-1')
    const lines = [event('platform.start', { requestId: 'req-1' }), event('function', 'once\n')]
    await platform.post(lines, { 'Sequence-Id': 'abc' })
    await platform.post(lines, { 'Sequence-Id': 'abc' })
    await platform.post([event('platform.runtimeDone', { requestId: 'req-1', status: 'success' })])
    await platform.ready()
    expect(bodiesOf('function')).toEqual(['once'])
  })

  it('begins anew after a restore, once', async () => {
    start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' })
    await invocation('req-1')
    await platform.invoke('req-2')
    await platform.post([
      event('platform.restoreStart', { functionName: 'orders' }),
      event('platform.start', { requestId: 'req-2' }),
    ])
    await platform.post([event('platform.runtimeDone', { requestId: 'req-2' })])
    await platform.ready()
    expect(kinesis.batches.map(each => each.sequence)).toEqual([1, 2, 3])
    expect(new Set(kinesis.batches.map(each => each.sandbox)).size).toBe(1)
    expect(kinesis.batches[2]?.emitted).toBe(records().length)
  })
})

describe('the extension, when something is wrong,', () => {
  it.each([
    ['no stream', { WEIR_STREAM_ARN: undefined }, 'WEIR_STREAM_ARN: not set'],
    ['a bad ARN', { WEIR_STREAM_ARN: 'my-stream' }, 'WEIR_STREAM_ARN: not a stream'],
    ['plain http to another machine', { WEIR_KINESIS_ENDPOINT: 'http://example.com' }, 'WEIR_KINESIS_ENDPOINT: plain http'],
  ])('idles with one line: %s', async (_, env, line) => {
    start(env)
    for (const id of ['a', 'b']) await platform.invoke(id)
    await platform.shutdown()
    expect(await exited).toBe(0)
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`weir: idle: ${line}`)
    expect(kinesis.puts).toHaveLength(0)
  })

  it('works with defaults where a variable cannot be used, and says so downstream', async () => {
    start({ WEIR_FLUSH: 'often', WEIR_BUFFER_BYTES: 'big' })
    await invocation('req-1')
    expect(bodiesOf('weir.start')).toEqual([
      expect.objectContaining({
        flush: 'auto',
        faults: [expect.stringContaining('WEIR_BUFFER_BYTES'), expect.stringContaining('WEIR_FLUSH')],
      }),
    ])
  })

  it.each([
    ['there is no Telemetry API', [{ status: 202, body: { errorType: 'Telemetry.NotSupported' } }], 'telemetry:unsupported'],
    ['it refuses', [{ status: 403 }], 'telemetry:status-403'],
  ])('asks for the next event at once where %s', async (_, answers, kind) => {
    platform.subscribe = answers
    start()
    await platform.invoke('req-1')
    await platform.shutdown()
    await exited
    expect(bodiesOf('weir.start')).toEqual([expect.objectContaining({ mode: 'no-telemetry' })])
    expect(bodiesOf('weir.fault')).toEqual([{ kind, count: 1 }])
  })

  it('falls back to an older telemetry schema', async () => {
    platform.subscribe = [{ status: 400 }, { status: 400 }]
    start()
    await invocation('req-1')
    expect(bodiesOf('weir.start')).toEqual([expect.objectContaining({ mode: 'telemetry', schema: '2022-07-01' })])
  })

  it('does not wait for the end of an invocation that it cannot see', async () => {
    start()
    for (const id of ['a', 'b', 'c', 'd']) {
      await platform.invoke(id)
      await platform.ready()
    }
    await platform.shutdown()
    await exited
    expect(waits).toBe(3)
    expect(bodiesOf('weir.end')).toHaveLength(1)
  })

  it('resends failed entries byte for byte', async () => {
    kinesis.answers = [partly(() => true), partly(() => true, 'InternalFailure')]
    start()
    await invocation('req-1')
    const [first, second, third] = kinesis.puts
    expect(second?.raw).toBe(first?.raw)
    expect(third?.raw).toBe(first?.raw)
    expect(bodiesOf('weir.fault')).toEqual([
      { kind: 'kinesis:ProvisionedThroughputExceededException', count: 1 },
      { kind: 'kinesis:InternalFailure', count: 1 },
    ])
  })

  it('holds its batches while the stream refuses them, and tells of it when that is over', async () => {
    kinesis.answers = [refuse(400, 'com.amazonaws.kinesis#AccessDeniedException')]
    start()
    await invocation('req-1', ['kept\n'])
    await invocation('req-2')
    expect(kinesis.puts).toHaveLength(1)
    await platform.shutdown()
    await exited
    expect(bodiesOf('function')).toEqual(['kept'])
    // What is new goes first at SHUTDOWN.
    expect(kinesis.batches.map(each => each.sequence)).toEqual([2, 1])
    expect(bodiesOf('weir.fault')).toEqual([{ kind: 'kinesis:AccessDeniedException', count: 1 }])
    expect(bodiesOf('weir.end')).toMatchObject([{ reason: 'spindown' }])
  })

  it('counts a batch that the stream will never take', async () => {
    kinesis.answers = [refuse(400, 'ValidationException')]
    start()
    await invocation('req-1')
    await platform.shutdown()
    await exited
    expect(kinesis.batches.map(each => each.sequence)).toEqual([2, 3])
    expect(kinesis.batches[0]?.dropped).toEqual([
      { reason: 'stream-rejected', records: expect.any(Number), bytes: expect.any(Number) },
    ])
  })

  it.each<[string, FakeKinesis['otherwise']]>([
    ['nonsense', (_, response) => void response.end('<html>')],
    ['too few results', (_, response) => void response.end('{"FailedRecordCount":0,"Records":[]}')],
    [
      'results without a sequence number',
      ({ entries }, response) => void response.end(JSON.stringify({ Records: entries.map(() => ({})) })),
    ],
    ['a redirect', (_, response) => void response.writeHead(307, { Location: 'http://127.0.0.1:1/' }).end('{}')],
  ])('never takes %s for an acknowledgement', async (_, answer) => {
    kinesis.otherwise = answer
    start()
    await invocation('req-1')
    kinesis.otherwise = undefined
    await platform.shutdown()
    await exited
    expect(kinesis.batches.map(each => each.sequence)).toEqual([2, 1])
    expect(bodiesOf('weir.fault').length).toBeGreaterThan(0)
  })

  it('survives a socket that died between two invocations', async () => {
    start()
    await invocation('req-1', ['1'])
    kinesis.answers = [(_, response) => void response.socket?.destroy(), accept]
    await invocation('req-2', ['2'])
    kinesis.hangUp()
    await invocation('req-3', ['3'])
    expect(kinesis.batches.map(each => each.sequence)).toEqual(kinesis.batches.map((_, index) => index + 1))
    expect(kinesis.puts[3]?.raw).toBe(kinesis.puts[2]?.raw)
    expect(bodiesOf('function')).toEqual(['1', '2', '3'])
    expect(bodiesOf('weir.fault')).toContainEqual({ kind: 'kinesis:closed', count: 1 })
  })

  it('gives a hanging stream one bounded try, then lets invocations pass, and still ends before its deadline', async () => {
    kinesis.otherwise = () => {}
    start()
    const deadline = Date.now() + 800
    await platform.invoke('req-1', deadline)
    await platform.post([event('platform.start', { requestId: 'req-1' }), event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    expect(Date.now()).toBeLessThan(deadline)
    await invocation('req-2')
    await invocation('req-3')
    expect(waits).toBe(1)
    expect(kinesis.puts).toHaveLength(1)
    const end = Date.now() + 700
    await platform.shutdown('spindown', end)
    await exited
    expect(Date.now()).toBeLessThan(end)
    expect(kinesis.puts).toHaveLength(2)
  })

  it('asks again where the API answers nonsense', async () => {
    platform.nonsense = [
      { status: 500, body: '' },
      { status: 200, body: 'not json' },
      { status: 200, body: '{"eventType":"DANCE"}' },
    ]
    start()
    await platform.shutdown()
    expect(await exited).toBe(0)
    expect(bodiesOf('weir.fault')).toEqual([{ kind: 'lambda-api:next', count: 3 }])
  })

  it('keeps platform telemetry when a flood fills the buffer', async () => {
    start({ WEIR_BUFFER_BYTES: '65536' })
    await platform.invoke('req-1')
    await platform.post([event('platform.start', { requestId: 'req-1' })])
    for (let each = 0; each < 4; each++)
      await platform.post(Array.from({ length: 100 }, () => event('function', `${'x'.repeat(900)}\n`)))
    await platform.post([event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    expect(bodiesOf('platform.start')).toHaveLength(1)
    expect(bodiesOf('platform.runtimeDone')).toHaveLength(1)
    const full = kinesis.batches.at(-1)?.dropped.find(each => each.reason === 'buffer-full')
    expect((full?.records ?? 0) + bodiesOf('function').length).toBe(400)
  })

  it('bounds a line of 100 MB', async () => {
    start()
    await platform.invoke('req-1')
    await platform.post([event('platform.start', { requestId: 'req-1' }), event('function', `begin${'x'.repeat(600_000)}end\n`)])
    expect(await platform.post(`[{"type":"function","record":"${'x'.repeat(100_000_000)}"}]`)).toBe(200)
    await platform.post([event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    const [line] = bodiesOf('function') as string[]
    expect(line !== undefined && /^beginx+\n\[weir: \d+ characters cut\]\nx+end$/.test(line)).toBe(true)
    expect(line?.length).toBeLessThan(263_000)
    expect(kinesis.batches.at(-1)?.dropped).toEqual([
      { reason: 'truncated', records: 1, bytes: 337_864 },
      { reason: 'body-too-large', records: 1, bytes: 100_000_033 },
    ])
  })
})

describe('the extension on Managed Instances', () => {
  it('registers for SHUTDOWN only and attributes no plain line', async () => {
    start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
    await platform.ready()
    expect(JSON.parse(platform.calls[0]?.body ?? '')).toEqual({ events: ['SHUTDOWN'] })
    await platform.post([
      event('platform.start', { requestId: 'a' }),
      event('function', 'whose?\n'),
      event('platform.report', { requestId: 'a' }),
    ])
    await platform.shutdown()
    await exited
    expect(records().filter(each => each.signal === 'function')).toEqual([{ signal: 'function', invocation: '', body: 'whose?' }])
    expect(bodiesOf('weir.start')).toEqual([expect.objectContaining({ mode: 'managed-instances' })])
  })
})

describe('extension logs', () => {
  it('cannot feed on themselves', async () => {
    start({ WEIR_EXTENSION_LOGS: '1' })
    await platform.ready()
    expect(JSON.parse(platform.calls[1]?.body ?? '')).toMatchObject({ types: ['platform', 'function', 'extension'] })
    await platform.invoke('req-1')
    await platform.post([
      event('platform.start', { requestId: 'req-1' }),
      event('extension', 'weir: idle\n'),
      event('extension', 'other\n'),
    ])
    await platform.post([event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    expect(bodiesOf('extension')).toEqual(['other'])
    expect(kinesis.batches.at(-1)?.dropped).toEqual([{ reason: 'own-log', records: 1, bytes: 11 }])
    expect(said).toEqual([])
  })
})
