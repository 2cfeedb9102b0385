import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBench, type Bench } from './bench.ts'
import type { FunctionHandle } from './lambda.ts'

let bench: Bench
beforeEach(() => {
  bench = startBench()
})
afterEach(() => bench.close())

interface Answer {
  status: number | undefined
  body: unknown
  headers: NodeJS.Dict<string | string[]>
}

/** The two APIs as a process in the sandbox sees them; the test plays runtime and extension itself. */
interface Api {
  call(method: string, path: string, headers?: Record<string, string>, body?: unknown): Promise<Answer>
  /** Begins an invocation, so that the environment starts. */
  invoked: Promise<unknown>
  f: FunctionHandle
}

/** A sandbox whose runtime and extension are `sleep`s that only tell their port. */
async function start(extensions: string[] = ['weir']): Promise<Api> {
  const shell = '#!/bin/sh\necho "$AWS_LAMBDA_RUNTIME_API" > "$TMPDIR/../api"; exec sleep 60\n'
  const path = (name: string) => {
    const file = join(bench.tempFolder, name)
    writeFileSync(file, shell, { mode: 0o755 })
    return file
  }
  const f = bench.create({
    runtime: { command: path('bootstrap'), args: [] },
    extensions: extensions.map(name => ({ path: path(name) })),
    shutdownMs: 50,
  })
  const invoked = f.invoke({ n: 1 })
  const file = join(bench.tempFolder, 'api')
  while (!existsSync(file) || readFileSync(file, 'utf8').length < 10) await new Promise(resolve => setImmediate(resolve))
  const [host, port] = readFileSync(file, 'utf8').trim().split(':')
  return {
    f,
    invoked,
    call: (method, url, headers = {}, body) =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host, port, method, path: url, headers }, response => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            resolve({ status: response.statusCode, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) })
          })
        })
        outgoing.on('error', reject)
        outgoing.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body))
      }),
  }
}

const EXTENSION = '/2020-01-01/extension'
const RUNTIME = '/2018-06-01/runtime'
const register = (api: Api, name = 'weir', body: unknown = { events: ['INVOKE', 'SHUTDOWN'] }) =>
  api.call('POST', `${EXTENSION}/register`, { 'Lambda-Extension-Name': name }, body)
const idOf = (answer: Answer) => ({ 'Lambda-Extension-Identifier': String(answer.headers['lambda-extension-identifier']) })

describe('the Extensions API', () => {
  it('refuses what is no registration', async () => {
    const api = await start()
    const cases: [unknown, string, string][] = [
      ['{', 'weir', 'InvalidRequestFormat'],
      [{ events: ['INVOKE'], configurationKeys: ['A'] }, 'weir', 'InvalidRequestFormat'],
      [{ events: 'INVOKE' }, 'weir', 'InvalidRequestFormat'],
      [{ events: ['BOOT'] }, 'weir', 'Extension.InvalidEventType'],
      [{ events: ['INVOKE', 'SHUTDOWN'] }, 'stranger', 'Extension.InvalidEventType'],
      [{ events: [] }, '', 'Extension.InvalidExtensionName'],
    ]
    for (const [body, name, errorType] of cases)
      expect(await register(api, name, body)).toMatchObject({ status: 403, body: { errorType } })
    expect(await register(api)).toMatchObject({ status: 200 })
    expect(await register(api)).toMatchObject({ status: 403, body: { errorType: 'Extension.InvalidExtensionState' } })
    await api.f.kill()
  })

  it('leaves the account out unless it is asked for', async () => {
    const api = await start()
    expect((await register(api)).body).toEqual({ functionName: 'f0', functionVersion: '$LATEST', handler: 'index.handler' })
    await api.f.kill()
  })

  it('refuses an identifier that is missing, malformed or unknown', async () => {
    const api = await start()
    const next = (headers: Record<string, string>) => api.call('GET', `${EXTENSION}/event/next`, headers)
    expect((await next({})).body).toMatchObject({ errorType: 'Extension.MissingExtensionIdentifier' })
    expect((await next({ 'Lambda-Extension-Identifier': 'x' })).body).toMatchObject({
      errorType: 'Extension.InvalidExtensionIdentifier',
    })
    const unknown = { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' }
    expect((await next(unknown)).body).toMatchObject({ errorType: 'Extension.UnknownExtensionIdentifier' })
    await api.f.kill()
  })

  it('wants the type of an error, and takes an init error before the first next only', async () => {
    const api = await start()
    const id = idOf(await register(api))
    const error = (headers: Record<string, string>) => api.call('POST', `${EXTENSION}/init/error`, { ...id, ...headers }, {})
    expect((await error({})).body).toMatchObject({ errorType: 'Extension.MissingHeader' })
    void api.call('GET', `${EXTENSION}/event/next`, id).catch(() => {})
    const type = { 'Lambda-Extension-Function-Error-Type': 'Extension.X' }
    let refused = await error(type)
    while (refused.status === 202) refused = await error(type)
    expect(refused.body).toMatchObject({ errorType: 'Extension.InvalidExtensionState' })
    await api.f.kill()
  })

  it('closes registration when the runtime is ready, and subscription when all are', async () => {
    const api = await start()
    const id = idOf(await register(api))
    await bench.event(({ type }) => type === 'platform.initStart')
    const subscribe = () =>
      api.call('PUT', '/2022-07-01/telemetry', id, {
        types: ['platform'],
        destination: { protocol: 'HTTP', URI: 'http://127.0.0.1:1' },
      })
    expect((await api.call('PUT', '/2022-07-01/telemetry', id, { types: [] })).body).toMatchObject({
      errorType: 'ValidationError',
    })
    expect(await subscribe()).toMatchObject({ status: 200, body: 'OK' })
    expect(await subscribe()).toMatchObject({ status: 200, body: 'Already subscribed' })
    const runtime = api.call('GET', `${RUNTIME}/invocation/next`)
    let late = await register(api, 'late', { events: [] })
    // The runtime's call and this one come on two connections; whoever got in is waited for, so it asks for its event.
    for (let n = 0; late.status === 200; n++) {
      void api.call('GET', `${EXTENSION}/event/next`, idOf(late)).catch(() => {})
      late = await register(api, `late-${n}`, { events: [] })
    }
    expect(late).toMatchObject({ status: 403, body: { errorType: 'Extension.RegistrationClosed' } })
    const event = await api.call('GET', `${EXTENSION}/event/next`, id)
    expect(event.body).toMatchObject({ eventType: 'INVOKE' })
    expect(await subscribe()).toMatchObject({ status: 403, body: { errorType: 'Telemetry.SubscriptionClosed' } })
    expect((await runtime).body).toEqual({ n: 1 })
    await api.f.kill()
  })
})

describe('the Runtime API', () => {
  it('hands an invocation over with its headers, and takes one answer to it', async () => {
    const api = await start([])
    const next = await api.call('GET', `${RUNTIME}/invocation/next`)
    const id = String(next.headers['lambda-runtime-aws-request-id'])
    expect(next.headers).toMatchObject({
      'lambda-runtime-invoked-function-arn': api.f.arn,
      'lambda-runtime-deadline-ms': expect.stringMatching(/^\d{13}$/),
      'lambda-runtime-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
    })
    const answer = (request: string) => api.call('POST', `${RUNTIME}/invocation/${request}/response`, {}, { ok: true })
    const again = await api.call('GET', `${RUNTIME}/invocation/next`)
    expect(again.headers['lambda-runtime-aws-request-id']).toBe(id)
    expect(await answer('another')).toMatchObject({ status: 400, body: { errorType: 'InvalidRequestID' } })
    expect(await answer(id)).toMatchObject({ status: 202, body: { status: 'OK' } })
    expect(await answer(id)).toMatchObject({ status: 400 })
    expect(await api.invoked).toMatchObject({ payload: { ok: true } })
    expect((await api.call('GET', '/2018-06-01/runtime/other')).status).toBe(404)
    await api.f.kill()
  })
})
