import { readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, startBench, subscribeTo, type Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = startBench()
})
afterEach(() => bench.close())

const records = (type: string) => bench.events.filter(event => event.type === type).map(({ record }) => record)
const seen = (record: string) => bench.diary(record, 'telemetry').map(entry => field(entry, 'event', 'type'))

describe('a streamed response', () => {
  it('is the whole body in the end, and its spans tell when it began and how long it took', async () => {
    const f = bench.create({ handler: 'index.stream' })
    const { body, functionError } = await f.invoke({ chunks: ['one ', 'two ', 'three'], ms: 40 })
    await f.idle()
    expect([body.toString(), functionError]).toEqual(['one two three', undefined])
    const done = records('platform.runtimeDone')[0]
    expect(field(done, 'metrics', 'producedBytes')).toBe(13)
    const spans = field(done, 'spans')
    expect(spans).toMatchObject([{ name: 'responseLatency' }, { name: 'responseDuration' }, { name: 'runtimeOverhead' }])
    const duration = Array.isArray(spans) ? field(spans[1], 'durationMs') : 0
    expect(Number(duration)).toBeGreaterThan(60)
  })

  it('may be larger than six megabytes', async () => {
    const f = bench.create({ handler: 'index.stream' })
    const { body } = await f.invoke({ chunks: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], times: 1024 * 1024 })
    expect(body.length).toBe(7 * 1024 * 1024)
    await f.idle()
    expect(field(records('platform.runtimeDone')[0], 'metrics', 'producedBytes')).toBe(7 * 1024 * 1024)
  })

  it('that fails midway fails the invocation, with the error of its trailer', async () => {
    const f = bench.create({ handler: 'index.stream' })
    expect(await f.invoke({ chunks: ['part'], fail: true })).toMatchObject({ functionError: 'Unhandled' })
    await f.idle()
    expect(records('platform.runtimeDone')[0]).toMatchObject({
      status: 'error',
      errorType: expect.stringContaining('RangeError'),
    })
  })
})

describe('provisioned concurrency', () => {
  it('runs Init before any invocation, which does not pay for it', async () => {
    const f = bench.create({
      initializationType: 'provisioned-concurrency',
      handler: 'index.count',
      extensions: [bench.extension('diary', { SUBSCRIBE: subscribeTo('platform') })],
    })
    await f.provision(2)
    expect(f.sandboxes).toHaveLength(2)
    expect(bench.platform().filter(type => type === 'platform.initReport')).toHaveLength(2)
    await f.invoke()
    await f.idle()
    expect(bench.platform().filter(type => type === 'platform.initStart')).toHaveLength(2)
    expect(records('platform.initStart')[0]).toMatchObject({ initializationType: 'provisioned-concurrency', phase: 'init' })
    const metrics = field(records('platform.report')[0], 'metrics')
    expect(field(metrics, 'initDurationMs')).toBeUndefined()
    expect(field(metrics, 'billedDurationMs')).toBe(Math.ceil(Number(field(metrics, 'durationMs'))))
    expect(field(bench.diary('diary', 'registered')[0], 'env', 'AWS_LAMBDA_INITIALIZATION_TYPE')).toBe('provisioned-concurrency')
  })
})

describe('SnapStart', () => {
  const ask = (url: unknown, authorization: string) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const outgoing = request(String(url), { headers: { authorization } }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }))
      })
      outgoing.on('error', reject)
      outgoing.end()
    })

  it('stops after Init and comes back with another id, other credentials and the events of a restore', async () => {
    const f = bench.create({
      initializationType: 'snap-start',
      handler: 'index.count',
      extensions: [bench.extension('diary', { SUBSCRIBE: subscribeTo('platform') })],
    })
    await f.provision()
    const before = f.sandboxes[0]?.id
    expect(bench.platform()).toContain('platform.initReport')
    expect(bench.platform()).not.toContain('platform.restoreStart')
    const env = field(bench.diary('diary', 'registered')[0], 'env')
    const absent = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_LAMBDA_LOG_STREAM_NAME']
    expect(absent.filter(name => field(env, name) !== undefined)).toEqual([])
    const url = field(env, 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
    const token = String(field(env, 'AWS_CONTAINER_AUTHORIZATION_TOKEN'))
    expect(String(url)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/2021-04-23\/credentials$/)
    expect(await ask(url, 'wrong')).toMatchObject({ status: 404 })
    const keyId = async () => field(JSON.parse((await ask(url, token)).text), 'AccessKeyId')
    expect(await keyId()).toBe('snapshot')

    expect((await f.invoke()).payload).toMatchObject({ count: 1 })
    await f.idle()
    expect(await keyId()).toBe('test')
    expect(f.sandboxes[0]?.id).not.toBe(before)
    const restore = ['platform.restoreStart', 'platform.restoreRuntimeDone', 'platform.restoreReport']
    expect(
      bench
        .platform()
        .filter(type => !type.startsWith('platform.init'))
        .slice(0, 6),
    ).toEqual(['platform.telemetrySubscription', 'platform.extension', ...restore, 'platform.start'])
    expect(records('platform.restoreStart')[0]).toMatchObject({ functionName: f.name, instanceId: f.sandboxes[0]?.id })
    const metrics = field(records('platform.report')[0], 'metrics')
    expect(field(metrics, 'restoreDurationMs')).toBe(field(records('platform.restoreReport')[0], 'metrics', 'durationMs'))
    expect(field(metrics, 'initDurationMs')).toBeUndefined()
    await f.invoke()
    await f.shutdown()
    expect(seen('diary').filter(type => restore.includes(String(type)))).toEqual(restore)
    expect(records('platform.restoreStart')).toHaveLength(1)
  })

  it('lets a runtime that waits for its restore run its hooks first', async () => {
    const bootstrap = join(bench.tempFolder, 'bootstrap.mjs')
    writeFileSync(
      bootstrap,
      `const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/'
       await (await fetch(api + 'restore/next')).arrayBuffer()
       console.log('hook')
       for (;;) {
         const next = await fetch(api + 'invocation/next')
         await next.arrayBuffer()
         const id = next.headers.get('lambda-runtime-aws-request-id')
         await (await fetch(api + 'invocation/' + id + '/response', { method: 'POST', body: '"done"' })).arrayBuffer()
       }`,
    )
    const f = bench.create({ initializationType: 'snap-start', runtime: { command: process.execPath, args: [bootstrap] } })
    await f.provision()
    expect(records('function')).toEqual([])
    expect((await f.invoke()).payload).toBe('done')
    const types = bench.events.map(({ type }) => type)
    expect(types.indexOf('function')).toBeLessThan(types.indexOf('platform.start'))
  })
})

describe('a managed instance', () => {
  const managed = { initializationType: 'lambda-managed-instances', perExecutionEnvironmentMaxConcurrency: 3 } as const

  it('serves several invocations at a time in one environment, and never stops it', async () => {
    const watcher = bench.extension('diary', { EVENTS: '["SHUTDOWN"]', SUBSCRIBE: subscribeTo('platform', 'function') })
    const f = bench.create({ ...managed, handler: 'index.together', maxConcurrency: 1, extensions: [watcher] })
    // Each answers when all three are there.
    const answers = await Promise.all([1, 2, 3].map(() => f.invoke({ of: 3 })))
    expect(answers.map(({ payload }) => payload)).toEqual([3, 3, 3])
    expect(f.sandboxes).toHaveLength(1)
    await f.shutdown()
    expect(seen('diary')).not.toContain('platform.runtimeDone')
    const starts = records('platform.start')
    expect(starts).toHaveLength(3)
    expect(starts[0]).toMatchObject({ functionArn: f.arn })
    const report = records('platform.report')[0]
    expect(report).toMatchObject({ status: 'success', spans: [{ name: 'responseLatency' }, { name: 'responseDuration' }] })
    expect(Object.keys(Object.assign({}, field(report, 'metrics')))).toEqual(['durationMs'])
    expect(bench.diary('diary', 'event').map(entry => field(entry, 'event', 'eventType'))).toEqual(['SHUTDOWN'])
  })

  it('has no INVOKE to register for', async () => {
    const f = bench.create({ ...managed, extensions: [bench.extension('diary')] })
    await f.invoke()
    expect(bench.diary('diary', 'registered')[0]).toMatchObject({
      status: 403,
      body: { errorType: 'Extension.InvalidEventType' },
    })
  })

  it('takes one schema of telemetry only', async () => {
    const subscription = JSON.stringify({ schemaVersion: '2022-12-13', types: ['platform'] })
    const f = bench.create({
      ...managed,
      extensions: [bench.extension('diary', { EVENTS: '["SHUTDOWN"]', SUBSCRIBE: subscription })],
    })
    await f.invoke()
    expect(bench.diary('diary', 'subscribed')[0]).toMatchObject({ status: 400, body: expect.stringContaining('2025-01-29') })
  })

  it('goes on when an invocation runs out of time', async () => {
    const f = bench.create({ ...managed, timeoutSeconds: 1, maxConcurrency: 1 })
    await f.invoke()
    const [late, other] = await Promise.all([f.invoke({ do: 'hang' }), f.invoke({ do: 'wait', ms: 50 })])
    expect(late.payload).toMatchObject({ errorType: 'Sandbox.Timedout' })
    expect(other.functionError).toBeUndefined()
    expect(records('platform.report')).toContainEqual(expect.objectContaining({ status: 'timeout' }))
    expect((await f.invoke()).functionError).toBeUndefined()
    expect(records('platform.initStart')).toHaveLength(1)
  })

  it('that loses its runtime fails what runs in it, ends, and is replaced', async () => {
    const f = bench.create({ ...managed, maxConcurrency: 1, extensions: [bench.extension('diary', { EVENTS: '["SHUTDOWN"]' })] })
    const [hanging, exiting] = await Promise.all([f.invoke({ do: 'hang' }), f.invoke({ do: 'exit', code: 1 })])
    for (const { payload } of [hanging, exiting]) expect(payload).toMatchObject({ errorType: 'Runtime.ExitError' })
    expect((await f.invoke()).functionError).toBeUndefined()
    await f.shutdown()
    const reasons = bench.diary('diary', 'event').map(entry => field(entry, 'event', 'shutdownReason'))
    expect(reasons).toEqual(['failure', 'spindown'])
    expect(new Set(bench.events.filter(({ type }) => type === 'platform.initStart').map(({ sandbox }) => sandbox)).size).toBe(2)
  })
})

describe('killProcesses', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'ends extension and runtime at once with %s; the sandbox comes back, its folder too',
    async signal => {
      const f = bench.create({ maxConcurrency: 1, extensions: [bench.extension('diary')] })
      const invoked = f.invoke({ do: 'hang' })
      await bench.event(({ type }) => type === 'platform.start')
      const sandbox = f.sandboxes[0]
      writeFileSync(join(sandbox?.tempFolder ?? '', 'journal'), 'kept')
      sandbox?.killProcesses(signal)
      expect((await invoked).payload).toMatchObject({ errorType: expect.stringMatching(/^(Runtime.ExitError|Extension.Crash)$/) })
      await f.idle()
      expect((await f.invoke()).functionError).toBeUndefined()
      expect(f.sandboxes[0]).toBe(sandbox)
      expect(readdirSync(sandbox?.tempFolder ?? '')).toContain('journal')
      expect(records('platform.initStart').map(record => field(record, 'phase'))).toEqual(['init', 'invoke'])
      expect(bench.diary('diary', 'event').filter(entry => field(entry, 'event', 'eventType') === 'SHUTDOWN')).toEqual([])
      expect(new Set(bench.diary('diary', 'registered').map(entry => entry['pid'])).size).toBe(2)
    },
  )

  it('between invocations fails the next one, and the one after it is served', async () => {
    const f = bench.create({ maxConcurrency: 1, extensions: [bench.extension('diary')] })
    await f.invoke()
    await f.idle()
    f.sandboxes[0]?.killProcesses()
    const after = await f.invoke()
    await f.idle()
    expect(after.functionError).toBe('Unhandled')
    expect((await f.invoke()).functionError).toBeUndefined()
    expect(f.sandboxes).toHaveLength(1)
  })
})
