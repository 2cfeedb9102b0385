import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, startBench, subscribeTo, type Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = startBench()
})
afterEach(() => bench.close())

/** The fixture extension under other names. */
function copies(names: readonly string[], env: Record<string, string> = {}) {
  const original = bench.extension('diary', env)
  return names.map(name => {
    const path = join(bench.tempFolder, name)
    copyFileSync(original.path, path)
    chmodSync(path, 0o755)
    writeFileSync(join(bench.tempFolder, 'package.json'), '{"type":"module"}')
    return { path, env: original.env ?? {} }
  })
}

describe('an extension', () => {
  it('registers before the runtime starts and learns whose it is', async () => {
    const f = bench.create({ extensions: [bench.extension('diary')] })
    await f.invoke()
    expect(bench.diary('diary', 'registered')).toMatchObject([
      {
        status: 200,
        body: { accountId: '123456789012', functionName: 'f0', functionVersion: '$LATEST', handler: 'index.handler' },
      },
    ])
  })

  it('has the environment of the function without what belongs to the runtime', async () => {
    const f = bench.create({ env: { NODE_OPTIONS: '--no-warnings', MINE: '1' }, extensions: [bench.extension('diary')] })
    await f.invoke()
    const env = field(bench.diary('diary', 'registered')[0], 'env')
    expect(env).toMatchObject({
      MINE: '1',
      NODE_OPTIONS: '--no-warnings',
      AWS_LAMBDA_FUNCTION_NAME: 'f0',
      AWS_ACCESS_KEY_ID: 'test',
    })
    const absent = [
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'LAMBDA_TASK_ROOT',
      'LAMBDA_RUNTIME_DIR',
      '_HANDLER',
    ]
    expect(absent.filter(name => field(env, name) !== undefined)).toEqual([])
  })

  it('gets INVOKE with the request, and SHUTDOWN with a deadline two seconds off', async () => {
    const f = bench.create({ extensions: [bench.extension('diary')] })
    const { requestId } = await f.invoke()
    await f.shutdown()
    const events = bench.diary('diary', 'event')
    expect(events.map(entry => entry['event'])).toMatchObject([
      { eventType: 'INVOKE', requestId, invokedFunctionArn: f.arn, tracing: { type: 'X-Amzn-Trace-Id' } },
      { eventType: 'SHUTDOWN', shutdownReason: 'spindown' },
    ])
    const left = Number(field(events[1], 'event', 'deadlineMs')) - Number(events[1]?.['at'])
    expect(left).toBeGreaterThan(1000)
    expect(left).toBeLessThanOrEqual(2000)
    expect(bench.diary('diary', 'bye')).toHaveLength(1)
  })

  it('is killed when it does not end in time', async () => {
    const f = bench.create({ shutdownMs: 400, extensions: [bench.extension('diary', { IGNORE_SHUTDOWN: '1' })] })
    await f.invoke()
    await f.shutdown()
    expect(bench.diary('diary', 'bye')).toHaveLength(0)
    expect(bench.events.at(-1)).toMatchObject({
      type: 'emulator.shutdown',
      record: { reason: 'spindown', killed: ['extension'] },
    })
  })

  it('without SHUTDOWN is simply killed', async () => {
    const f = bench.create({ extensions: [bench.extension('diary', { EVENTS: '["INVOKE"]' })] })
    await f.invoke()
    await f.shutdown()
    expect(bench.diary('diary', 'event').map(entry => field(entry, 'event', 'eventType'))).toEqual(['INVOKE'])
    expect(bench.events.at(-1)).toMatchObject({ type: 'emulator.shutdown', record: { killed: [] } })
  })

  it('holds the end of the invocation, not the answer', async () => {
    const f = bench.create({ extensions: [bench.extension('diary')] })
    await f.invoke()
    await f.idle()
    const report = bench.events.find(({ type }) => type === 'platform.report')
    expect(report?.record).toMatchObject({ spans: [{ name: 'extensionOverhead' }] })
  })

  it('that crashes fails the invocation as Extension.Crash', async () => {
    const f = bench.create({ maxConcurrency: 1, extensions: [bench.extension('diary', { CRASH: '1' })] })
    const outcome = await f.invoke({ do: 'wait', ms: 500 })
    expect(outcome.payload).toMatchObject({
      errorType: 'Extension.Crash',
      errorMessage: expect.stringContaining('exit status 1'),
    })
    await f.idle()
    expect(bench.events.findLast(({ type }) => type === 'platform.report')?.record).toMatchObject({
      status: 'error',
      errorType: 'Extension.Crash',
    })
  })

  it('that reports an init error fails Init when it ends, and is told of by its own error', async () => {
    const f = bench.create({ extensions: [bench.extension('diary', { INIT_ERROR: 'Extension.ConfigInvalid' })] })
    const { payload } = await f.invoke()
    expect(payload).toMatchObject({ errorType: 'Extension.InitError', errorMessage: expect.stringContaining('exit status 1') })
    const record = (type: string) => bench.events.find(event => event.type === type)?.record
    expect(record('platform.initReport')).toMatchObject({ phase: 'init', status: 'error', errorType: 'Extension.InitError' })
    expect(record('platform.extension')).toMatchObject({ state: 'InitError', errorType: 'Extension.ConfigInvalid' })
  })

  it('that cannot be executed fails Init as Extension.LaunchError', async () => {
    const path = join(bench.tempFolder, 'not-executable')
    writeFileSync(path, '#!/bin/sh\n')
    expect((await bench.create({ extensions: [{ path }] }).invoke()).payload).toMatchObject({
      errorType: 'Extension.LaunchError',
    })
  })

  it('that registers under another name is taken for an internal one, which may not have SHUTDOWN; Init waits in vain', async () => {
    const f = bench.create({ initTimeoutMs: 1000, timeoutSeconds: 1, extensions: [bench.extension('diary', { NAME: 'other' })] })
    const { payload } = await f.invoke()
    expect(bench.diary('diary', 'registered')[0]).toMatchObject({
      status: 403,
      body: { errorType: 'Extension.InvalidEventType' },
    })
    expect(payload).toMatchObject({ errorType: expect.stringMatching(/^(Extension.Crash|Sandbox.Timedout)$/) })
  })

  it('is one of ten at most: an eleventh is not even started, and Init fails', async () => {
    const names = Array.from({ length: 11 }, (_, i) => `extension-${i}`)
    const f = bench.create({ extensions: copies(names) })
    expect((await f.invoke()).payload).toMatchObject({ errorType: 'Extension.LaunchError' })
  })

  it('sees the other extensions of the sandbox in the platform events', async () => {
    const f = bench.create({
      extensions: [...copies(['stranger']), bench.extension('watcher', { SUBSCRIBE: subscribeTo('platform') })],
    })
    await f.invoke()
    await f.shutdown()
    const seen = bench
      .diary('watcher', 'telemetry')
      .map(entry => entry['event'])
      .filter(event => field(event, 'type') === 'platform.extension')
    expect(seen.map(event => String(field(event, 'record', 'name'))).toSorted()).toEqual(['extension', 'stranger'])
  })

  it('is told timeout and failure as the reasons of a reset', async () => {
    const f = bench.create({ timeoutSeconds: 2, maxConcurrency: 1, extensions: [bench.extension('diary')] })
    await f.invoke({ do: 'hang' })
    await f.idle()
    await f.invoke({ do: 'exit', code: 1 })
    await f.idle()
    const reasons = bench
      .diary('diary', 'event')
      .map(entry => field(entry, 'event', 'shutdownReason'))
      .filter(Boolean)
    expect(reasons).toEqual(['timeout', 'failure'])
  })
})
