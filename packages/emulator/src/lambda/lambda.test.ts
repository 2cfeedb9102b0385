import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, startBench, type Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = startBench()
})
afterEach(() => bench.close())

describe('a function under aws-lambda-ric', () => {
  it('answers, and knows its time left and the client context', async () => {
    const result = await bench.create().invoke({ a: 1 }, { clientContext: { custom: { b: 2 } } })
    expect(result).toMatchObject({ statusCode: 200, payload: { event: { a: 1 }, clientContext: { custom: { b: 2 } } } })
    expect(field(result.payload, 'remaining')).toBeLessThanOrEqual(20_000)
    expect(result.functionError).toBeUndefined()
  })

  it('goes through the phases in the order of Lambda, with Init billed on the first report only', async () => {
    const f = bench.create()
    const { requestId } = await f.invoke()
    await f.idle()
    await f.invoke()
    await f.idle()
    const invocation = ['platform.start', 'platform.runtimeDone', 'platform.report']
    expect(bench.platform()).toEqual([
      'platform.initStart',
      'platform.initRuntimeDone',
      'platform.initReport',
      ...invocation,
      ...invocation,
    ])
    const reports = bench.events.filter(({ type }) => type === 'platform.report').map(({ record }) => record)
    expect(reports[0]).toMatchObject({ requestId, status: 'success', metrics: { memorySizeMB: 128 } })
    const metric = (report: unknown, name: string) => Number(field(report, 'metrics', name))
    expect(metric(reports[0], 'billedDurationMs')).toBe(
      Math.ceil(metric(reports[0], 'durationMs') + metric(reports[0], 'initDurationMs')),
    )
    expect(field(reports[1], 'metrics', 'initDurationMs')).toBeUndefined()
    expect(metric(reports[1], 'billedDurationMs')).toBe(Math.ceil(metric(reports[1], 'durationMs')))
    if (process.platform === 'linux') expect(metric(reports[0], 'maxMemoryUsedMB')).toBeGreaterThan(10)
  })

  it('returns what the handler throws', async () => {
    const f = bench.create()
    const result = await f.invoke({ do: 'throw' })
    expect(result).toMatchObject({
      functionError: 'Unhandled',
      payload: { errorType: 'TypeError', errorMessage: 'thrown on purpose' },
    })
    await f.idle()
    const done = bench.events.find(({ type }) => type === 'platform.runtimeDone')
    expect(done?.record).toMatchObject({ status: 'error', errorType: 'TypeError' })
    // The environment goes on: an error that the runtime reports is no crash.
    expect(await f.invoke()).toMatchObject({ payload: { event: {} } })
    expect(bench.platform().filter(type => type === 'platform.initStart')).toHaveLength(1)
  })

  it('turns console lines into function records before runtimeDone, and standard output too', async () => {
    const f = bench.create()
    await f.invoke({ do: 'log', lines: ['first', 'two\nlines'] })
    await f.idle()
    await f.invoke({ do: 'stdout', text: 'plain\n' })
    await f.idle()
    const types = bench.events.map(({ type }) => type)
    expect(types.lastIndexOf('function')).toBeLessThan(types.lastIndexOf('platform.runtimeDone'))
    const records = bench.events.filter(({ type }) => type === 'function').map(({ record }) => String(record))
    expect(records[0]).toMatch(/^\d{4}-.*Z\t[0-9a-f-]{36}\tINFO\tfirst\n$/)
    expect(records[1]).toMatch(/\tINFO\ttwo\nlines\n$/)
    expect(records.slice(2)).toEqual(['plain\n', 'plain\n'])
  })

  it('writes JSON records with the JSON log format', async () => {
    const f = bench.create({ logFormat: 'JSON' })
    const { requestId } = await f.invoke({ do: 'log', lines: ['hello'] })
    await f.idle()
    const log = bench.events.find(({ type }) => type === 'function')
    expect(log?.record).toMatchObject({ level: 'INFO', message: 'hello', requestId })
  })

  it('keeps order and every line of a flood', async () => {
    const f = bench.create()
    await f.invoke({ do: 'flood', bytes: 1000, count: 3000 })
    await f.idle()
    expect(bench.events.filter(({ type }) => type === 'function')).toHaveLength(3000)
    expect(bench.events.at(-1)?.type).toBe('platform.report')
  })

  it('returns the log tail with the lines that CloudWatch would have', async () => {
    const { logTail, requestId } = await bench.create().invoke({ do: 'log', lines: ['hello'] }, { logTail: true })
    expect(logTail).toMatch(
      new RegExp(`^START RequestId: ${requestId} .*hello.*END RequestId: ${requestId}\nREPORT RequestId: .*Init Duration`, 's'),
    )
  })

  it('has the environment of Lambda and nothing of ours', async () => {
    const { payload } = await bench.create({ env: { MINE: '1', AWS_REGION: 'overwritten' } }).invoke({ do: 'env' })
    expect(payload).toMatchObject({
      MINE: '1',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'f0',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_ACCESS_KEY_ID: 'test',
      _HANDLER: 'index.handler',
    })
    expect(Object.keys(payload ?? {}).filter(name => /^(npm_|VITEST|HOME$|USER$)/.test(name))).toEqual([])
  })

  it('serves one invocation at a time in a sandbox, and scales out up to its limit', async () => {
    const f = bench.create({ maxConcurrency: 2, handler: 'index.handler' })
    await Promise.all([1, 2, 3, 4].map(() => f.invoke({ do: 'wait', ms: 50 })))
    expect(f.sandboxes).toHaveLength(2)
    const running = new Set<string>()
    for (const { type, sandbox } of bench.events) {
      if (type === 'platform.start') {
        expect(running.has(sandbox)).toBe(false)
        running.add(sandbox)
      }
      if (type === 'platform.report') running.delete(sandbox)
    }
  })

  it('refuses with TooManyRequestsException when it may not queue', async () => {
    const f = bench.create({ maxConcurrency: 1, whenBusy: 'throttle' })
    const first = f.invoke({ do: 'wait', ms: 50 })
    await expect(f.invoke()).rejects.toMatchObject({ type: 'TooManyRequestsException', status: 429 })
    await first
  })

  it('refuses a payload over 6 MB, and fails a response over it', async () => {
    const f = bench.create()
    await expect(f.invoke('x'.repeat(6 * 1024 * 1024))).rejects.toMatchObject({ type: 'RequestTooLargeException', status: 413 })
    const result = await f.invoke({ do: 'large', bytes: 6 * 1024 * 1024 })
    expect(result).toMatchObject({ functionError: 'Unhandled', payload: { errorType: 'Function.ResponseSizeTooLarge' } })
  })
})

describe('a function that fails', () => {
  it('times out: the invoker is told, and the next invocation starts the environment again within itself', async () => {
    const f = bench.create({ timeoutSeconds: 1, maxConcurrency: 1 })
    await f.invoke()
    await f.idle()
    const { payload, functionError } = await f.invoke({ do: 'hang' })
    expect(functionError).toBe('Unhandled')
    expect(payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('Task timed out after 1.00 seconds'),
    })
    await f.idle()
    const report = bench.events.findLast(({ type }) => type === 'platform.report')?.record
    expect(report).toMatchObject({ status: 'timeout' })
    expect(field(report, 'errorType')).toBeUndefined()
    expect(Number(field(report, 'metrics', 'durationMs'))).toBeGreaterThanOrEqual(990)
    const before = bench.events.length
    await f.invoke()
    const again = bench.events.slice(before).map(({ type, record }) => [type, field(record, 'phase')])
    expect(again.slice(0, 4)).toEqual([
      ['platform.initStart', 'invoke'],
      ['platform.initRuntimeDone', 'invoke'],
      ['platform.initReport', 'invoke'],
      ['platform.start', undefined],
    ])
  })

  it.each([
    [3, 'Runtime exited with error: exit status 3'],
    [0, 'Runtime exited without providing a reason'],
  ])('exits with %i', async (code, message) => {
    const f = bench.create({ maxConcurrency: 1 })
    const { payload } = await f.invoke({ do: 'exit', code })
    expect(payload).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining(message) })
    await f.idle()
    const done = bench.events.findLast(({ type }) => type === 'platform.runtimeDone')
    expect(done?.record).toMatchObject({ status: 'error', errorType: 'Runtime.ExitError' })
    expect(await f.invoke()).toMatchObject({ payload: { event: {} } })
  })

  it('cannot be loaded: Init fails, is tried again inside the invocation, and the invoker gets its error', async () => {
    const f = bench.create({ handler: '../broken.handler' })
    expect((await f.invoke()).payload).toMatchObject({ errorType: expect.stringMatching(/MalformedHandlerName/) })
    const g = bench.create({ taskRoot: new URL('fixtures', import.meta.url).pathname, handler: 'broken.handler' })
    expect((await g.invoke()).payload).toMatchObject({ errorType: 'RangeError', errorMessage: 'cannot load' })
    await g.idle()
    const phases = bench.events.filter(({ type, functionName }) => type === 'platform.initReport' && functionName === g.name)
    expect(phases.map(({ record }) => [field(record, 'phase'), field(record, 'status')])).toEqual([
      ['init', 'error'],
      ['invoke', 'error'],
    ])
  })

  it('runs out of memory', async () => {
    const f = bench.create({ maxConcurrency: 1 })
    const invoked = f.invoke({ do: 'hang' })
    await bench.event(({ type }) => type === 'platform.start')
    f.sandboxes[0]?.outOfMemory()
    expect((await invoked).payload).toMatchObject({
      errorType: 'Runtime.OutOfMemory',
      errorMessage: expect.stringContaining('Runtime exited with error: signal: killed'),
    })
  })

  it.runIf(process.platform === 'linux')('is killed when it uses more memory than it has, where that is enforced', async () => {
    // Far more than Node itself, whose share of memory depends on how many run.
    const f = bench.create({ memorySize: 128, memoryLimit: 'enforce' })
    expect((await f.invoke({ do: 'hog', mb: 200 })).payload).toMatchObject({ errorType: 'Runtime.OutOfMemory' })
  })

  it('has a runtime that cannot be started', async () => {
    const f = bench.create({ runtime: { command: '/nonexistent/bootstrap', args: [] } })
    expect((await f.invoke()).payload).toMatchObject({ errorType: 'Runtime.InvalidEntrypoint' })
  })
})

describe('a sandbox', () => {
  it.runIf(process.platform === 'linux')('is stopped between invocations, and goes on where it was', async () => {
    const f = bench.create({ handler: 'index.count', maxConcurrency: 1 })
    const first = await f.invoke()
    await f.idle()
    const pid = Number(field(first.payload, 'pid'))
    // The signal is sent by then; the kernel stops the process at its next turn.
    while (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'T')
      await new Promise(resolve => setImmediate(resolve))
    expect((await f.invoke()).payload).toEqual({ count: 2, pid })
  })

  it('fails its running invocation when it is killed, and another takes over', async () => {
    const f = bench.create({ maxConcurrency: 1 })
    const invoked = f.invoke({ do: 'hang' })
    await bench.event(({ type }) => type === 'platform.start')
    await f.kill()
    expect((await invoked).functionError).toBe('Unhandled')
    expect(bench.platform()).not.toContain('platform.report')
    expect(await f.invoke()).toMatchObject({ payload: { event: {} } })
  })

  it('leaves no process behind when it is closed', async () => {
    const f = bench.create({ handler: 'index.count' })
    const pid = Number(field((await f.invoke()).payload, 'pid'))
    await f.shutdown()
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
    expect(f.sandboxes).toHaveLength(0)
  })
})

describe('createFunction', () => {
  it('refuses a bad name, a second one of the same name, and two extensions with one name', () => {
    bench.create({ name: 'taken' })
    expect(() => bench.create({ name: 'taken' })).toThrow(/exists already/)
    expect(() => bench.create({ name: 'a b' })).toThrow(/letters, digits/)
    expect(() => bench.create({ extensions: [{ path: '/a/weir' }, { path: '/b/weir' }] })).toThrow(/two files are called weir/)
  })
})
