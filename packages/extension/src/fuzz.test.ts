import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { startPlatform } from './testing/platform.ts'
import { createWorld, type Reply, type World } from './testing/world.ts'

/** Variables that anybody may set to anything, with values that come near to being right. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  WEIR_STREAM_ARN: ['arn:aws:kinesis:eu-central-1:123456789012:stream/weir', 'arn:aws:kinesis:::stream/', 'weir', ''],
  WEIR_KINESIS_ENDPOINT: ['http://127.0.0.1:4567', 'https://kinesis.example.com', 'http://[::1]:99999', 'http://127.0.0.1', '//'],
  WEIR_FLUSH: ['auto', 'end', 'interval', 'never'],
  WEIR_BUFFER_BYTES: ['65536', '0', '-1', '1e9', '99999999999'],
  WEIR_BUDGET_MS: ['1', '1000', '0', 'Infinity'],
  WEIR_EXTENSION_LOGS: ['0', '1', 'yes'],
  WEIR_FINGERPRINT_KEY: ['key', '\u0000'],
  WEIR_JOURNAL_KEY: [Buffer.alloc(32, 1).toString('base64'), 'AAAA', '='],
  WEIR_ALLOWED_EXTENSIONS: ['', 'a,b', ',,,'],
  WEIR_OTLP: ['0', '1'],
  WEIR_INVENTORY: ['0', '1'],
  WEIR_REDACT: ['email', 'nothing,such', ','],
  WEIR_TELEMETRY_HOST: ['127.0.0.1', 'a b\r\nX: y'],
  WEIR_EXT_ID: ['id', 'a\r\nb'],
  WEIR_EXT_ANSWER: ['{}', '{"accountId":1}', 'x'],
  AWS_REGION: ['eu-central-1', '', 'cn-north-1'],
  AWS_ACCESS_KEY_ID: ['AKIDEXAMPLE', ''],
  AWS_CONTAINER_CREDENTIALS_FULL_URI: ['http://127.0.0.1:3000/x', 'http://example.com/', 'x'],
  AWS_LAMBDA_INITIALIZATION_TYPE: ['on-demand', 'snap-start', 'provisioned-concurrency', 'lambda-managed-instances', '?'],
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: ['128', 'NaN', '1e400'],
}
const ours = fc
  .record(
    Object.fromEntries(
      Object.entries(VARIABLES).map(([name, values]) => [name, fc.oneof(fc.constantFrom(...values), fc.string())]),
    ),
    { requiredKeys: [] },
  )
  .map(variables => Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value ?? ''])))
const environment = fc
  .tuple(ours, fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }))
  .map(([ours, others]) => ({ ...others, ...ours }))

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string().map(each => Buffer.from(each)),
)
/** What begins like HTTP, and may end anywhere. */
const broken = fc
  .tuple(
    fc.constantFrom(
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"a":1}',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n',
      'HTTP/1.1 200\r\n\r\n{}',
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    ),
    fc.nat(200),
    bytes,
  )
  .map(([text, cut, more]) => [Buffer.from(text).subarray(0, 40 + cut), more])
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .record({ eventType: fc.anything(), deadlineMs: fc.anything(), requestId: fc.anything() })
    .map(each => JSON.stringify(each, plain)),
  fc.constantFrom(
    '{"eventType":"INVOKE"',
    '{"Records":[]}',
    '{"Records":[{}]}',
    '{"__type":"a#ExpiredTokenException"}',
    'null',
    '[]',
  ),
)
/** `close`: it is a whole answer, or the connection ends with it; where there is no limit, all else is waited for, as it must be. */
const hostile = (close: boolean): fc.Arbitrary<Reply> =>
  fc.oneof(
    fc.record({
      status: fc.oneof(
        fc.constantFrom(200, 202, 204, 301, 400, 403, 429, 500, 503),
        fc.integer({ min: close ? 200 : 100, max: 599 }),
      ),
      body,
    }),
    fc.record({ raw: fc.oneof(broken, fc.array(bytes, { maxLength: 4 })), close: close ? fc.constant(true) : fc.boolean() }),
    close ? fc.constant<Reply>('close') : fc.constantFrom<Reply>('close', 'hang'),
  )
const script = (close: boolean) => fc.array(hostile(close), { maxLength: 4 })
const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
/** One telemetry POST: any bytes, or events with anything in them. */
const telemetry = fc.oneof(
  bytes,
  fc
    .array(
      fc.record({
        time: fc.oneof(fc.anything(), fc.constant('2026-01-01T00:00:00.000Z')),
        type: fc.oneof(
          fc.string(),
          fc.constantFrom('function', 'extension', 'platform.logsDropped', 'platform.report', 'platform.initStart', 'weir.end'),
        ),
        record: fc.anything(),
      }),
    )
    .map(events => Buffer.from(JSON.stringify(events, plain))),
)

/** Plays a whole life, and holds that no `next` is ever left out and that the process ends at SHUTDOWN and not before. */
async function live(world: World, posts: readonly Uint8Array[]): Promise<void> {
  world.start()
  expect(await world.until(() => world.asked > 0, 600_000)).toBe(true)
  for (const requestId of ['a', 'b', 'b', 'c']) {
    const until = world.asked
    world.invoke(requestId)
    await world.settle()
    for (const each of posts) world.post(each)
    world.post(
      JSON.stringify([{ time: new Date(world.host.now()).toISOString(), type: 'platform.runtimeDone', record: { requestId } }]),
    )
    expect(await world.until(() => world.asked > until, 60_000)).toBe(true)
    expect(world.host.exits).toEqual([])
  }
  world.stream = (_, accept) => accept()
  world.shutdown()
  expect(await world.until(() => world.host.exits.length > 0, 60_000)).toBe(true)
  expect(world.host.exits).toEqual([0])
  expect(world.host.said.length).toBeLessThanOrEqual(1)
}

describe('whatever comes, the extension asks for the next event, and ends when it is told to:', () => {
  it('any environment is a configuration', () => {
    fc.assert(
      fc.property(environment, env => {
        const config = readConfig(env)
        expect(config.bufferBytes).toBeGreaterThanOrEqual(65_536)
        expect(config.bufferBytes).toBeLessThanOrEqual(16 * 1024 * 1024)
        expect(config.budgetMs).toBeGreaterThan(0)
        expect(Number.isFinite(config.memoryMb)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('any environment', async () => {
    await fc.assert(
      fc.asyncProperty(environment, fc.array(telemetry, { maxLength: 3 }), (env, posts) => live(createWorld(env), posts)),
      { numRuns: 80 },
    )
  })

  it('any answers of the Extensions and the Telemetry API, the stream and the credentials endpoint', async () => {
    const answers = fc.record({
      register: script(false),
      telemetry: script(false),
      next: script(true),
      stream: script(false),
      credentials: script(false),
    })
    const own = fc.constantFrom({ AWS_ACCESS_KEY_ID: '' }, {})
    await fc.assert(
      fc.asyncProperty(answers, own, fc.array(telemetry, { maxLength: 3 }), async (scripts, env, posts) => {
        const given = structuredClone(scripts)
        const world = createWorld({ ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:3000/keys' })
        world.api = path => {
          const reply = (
            path.endsWith('/register') ? given.register : path.endsWith('/telemetry') ? given.telemetry : given.next
          ).shift()
          // What looks like SHUTDOWN would be one.
          return typeof reply === 'object' && 'body' in reply && /SHUTDOWN/.test(reply.body ?? '') ? undefined : reply
        }
        world.stream = (_, accept) => given.stream.shift() ?? accept()
        world.credentials = () => given.credentials.shift() ?? { status: 404 }
        await live(world, posts)
      }),
      { numRuns: 150 },
    )
  })

  it('any partial success of the stream, and what it took is what we say it took', async () => {
    const code = fc.constantFrom('', '', 'ProvisionedThroughputExceededException', 'InternalFailure', 'x y')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(code, { minLength: 1, maxLength: 3 }), { maxLength: 8 }), async script => {
        const rounds = [...script]
        const world = createWorld({ WEIR_BUFFER_BYTES: '65536' })
        world.stream = (entries, accept) => {
          const codes = rounds.shift()
          if (!codes || entries.some((_, index) => codes[index % codes.length] !== '')) {
            if (!codes) return accept()
            const Records = entries.map((_, index) => ({ ErrorCode: codes[index % codes.length] || 'InternalFailure' }))
            return { status: 200, body: JSON.stringify({ FailedRecordCount: entries.length, Records }) }
          }
          return accept()
        }
        const lines = Array.from({ length: 20 }, (_, index) => ({ type: 'function', record: `${index} ${'x'.repeat(1_000)}` }))
        await live(world, [Buffer.from(JSON.stringify(lines))])
        const last = world.batches.toSorted((a, b) => a.sequence - b.sequence).at(-1)
        const shipped = world.batches.flatMap(each => each.records)
        expect(last?.emitted).toBe(shipped.length)
        const dropped = last?.dropped.reduce((sum, each) => sum + each.records, 0) ?? 0
        expect(shipped.filter(each => each.signal === 'function').length + dropped).toBeGreaterThanOrEqual(80)
        expect(new Set(world.batches.map(each => each.sequence)).size).toBe(world.batches.length)
      }),
      { numRuns: 60 },
    )
  })

  const samples = fc.sample(ours, { numRuns: 5, seed: 7 }).map((each, index) => [index, each] as const)
  it.each(samples)('a process of its own, environment %i', async (_, env) => {
    const platform = await startPlatform()
    platform.nonsense = [
      { status: 500, body: '' },
      { status: 200, body: '{"eventType":' },
    ]
    platform.subscribe = [{ status: 400 }]
    const usable = Object.entries(env).filter(([name, value]) => name !== 'WEIR_OTLP' && !value.includes('\0'))
    const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
      env: { ...Object.fromEntries(usable), AWS_LAMBDA_RUNTIME_API: platform.api, WEIR_BIND: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    const ended = exited.then(() => 'ended')
    try {
      for (const id of ['a', 'b']) expect(await Promise.race([platform.invoke(id), ended])).toBeUndefined()
      expect(await Promise.race([platform.shutdown(), ended])).toBeUndefined()
      expect(await exited).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      await platform.close()
    }
  })
})
