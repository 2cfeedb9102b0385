import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import { createRequester } from '../http.ts'
import { createSecretResolver } from '../secrets.ts'
import type { Judgement } from '../sink.ts'
import { judgeStatus } from '../sinks/shared/judge.ts'
import { event, events, harness, isolated, modelSink, type ModelOptions, sums } from './testing.ts'

const NOTHING = { delivered: 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A receiver on loopback, and the bodies it was sent. */
async function receiver(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  tls?: { readonly key: string; readonly cert: string },
) {
  const bodies: string[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString()
      bodies.push(body)
      answer(request, body, response)
    })
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return { bodies, url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

/** The whole of forward over real HTTP, with a sink that judges by status. */
function over(url: string, options: ModelOptions = {}, env: Record<string, string | undefined> = { TOKEN: 'good' }) {
  const request = createRequester()
  cleanups.push(() => request.close())
  const sink = modelSink({
    judge: (response, list): Judgement => (response.status === 200 ? { verdict: 'delivered' } : judgeStatus(response, list)),
  })
  const secrets = createSecretResolver({ env, now: Date.now })
  const made = harness(() => Promise.reject(new Error('unused')), {
    sinks: [{ name: 'model', sink, options: { compression: 'gzip', token: 'env:TOKEN', timeoutMs: 5_000, ...options, url } }],
    io: { now: Date.now, request },
    secrets,
  })
  return { ...made, secrets }
}

describe('forward over HTTP', () => {
  it('delivers compressed, with the secret in its place', async () => {
    const { url, bodies } = await receiver((request, _, response) =>
      response.writeHead(request.headers['authorization'] === 'good' ? 200 : 401).end(),
    )
    expect(sums((await over(url).forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
    expect(bodies[0]?.split('\n')).toHaveLength(3)
  })

  it('takes up a rotated token in the middle of its work', async () => {
    const { url } = await receiver((request, _, response) =>
      response.writeHead(request.headers['authorization'] === 'rotated' ? 200 : 401).end(),
    )
    const env = { TOKEN: 'stale' }
    const { forward } = over(url, {}, env)
    expect(sums((await forward(events(2)))[0])).toEqual({ ...NOTHING, held: 2 })
    const again = over(url, {}, env)
    await again.secrets.resolve('env:TOKEN') // the old value is kept now
    env.TOKEN = 'rotated'
    expect(sums((await again.forward(events(2)))[0])).toEqual({ ...NOTHING, delivered: 2 })
  })

  it.each([
    [413, { ...NOTHING, delivered: 5, quarantined: 1 }],
    [400, { ...NOTHING, delivered: 5, quarantined: 1 }],
  ])('isolates the event at which the far side says %i', async (status, expected) => {
    const { url } = await receiver((_, body, response) => response.writeHead(body.includes('MARK') ? status : 200).end())
    const { forward, quarantine } = over(url)
    const [result] = await forward([...events(5), { input: 'odd', event: event('odd', { message: 'MARK' }) }])
    expect(sums(result)).toEqual(expected)
    expect(await isolated(quarantine)).toMatchObject([{ uid: 'odd', detail: `sink model: HTTP ${status}` }])
  })

  it.each([408, 429, 500, 502, 503, 504])('comes again after %i, with the same bytes', async status => {
    let calls = 0
    const { url, bodies } = await receiver((_, __, response) => response.writeHead(++calls === 1 ? status : 200).end())
    const { forward, sleeps } = over(url)
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
    expect(sleeps).toHaveLength(1)
    expect(bodies[1]).toBe(bodies[0])
  })

  it('waits as long as Retry-After says, where that is short', async () => {
    let calls = 0
    const { url } = await receiver((_, __, response) =>
      (++calls === 1 ? response.writeHead(429, { 'retry-after': '3' }) : response).end(),
    )
    const { forward, sleeps } = over(url)
    expect(sums((await forward(events(3)))[0])).toEqual({ ...NOTHING, delivered: 3 })
    expect(sleeps).toEqual([3_000])
  })

  it.each([401, 403, 404])('holds at %i and drops nothing', async status => {
    const { url } = await receiver((_, __, response) => response.writeHead(status).end())
    expect(sums((await over(url).forward(events(3)))[0])).toEqual({ ...NOTHING, held: 3 })
  })

  it.each([204, 206, 304, 418])('does not take %i for delivered', async status => {
    const { url } = await receiver((_, __, response) => response.writeHead(status).end())
    expect(sums((await over(url).forward(events(1)))[0]).delivered).toBe(0)
  })

  it('does not follow a redirect with the body and the token', async () => {
    const other = await receiver((_, __, response) => response.end())
    const { url } = await receiver((_, __, response) => response.writeHead(307, { location: other.url }).end())
    expect(sums((await over(url).forward(events(3)))[0])).toEqual({ ...NOTHING, held: 3 })
    expect(other.bodies).toEqual([])
  })

  it('spools what a hanging far side was sent', async () => {
    const { url } = await receiver(() => {})
    const [result] = await over(url, { timeoutMs: 50 }).forward(events(3))
    expect(sums(result)).toEqual({ ...NOTHING, spooled: 3 })
    expect(result?.lastReason).toContain('did not answer within 50 ms')
  })

  it('spools at a host that does not resolve, and at one that may not be reached', async () => {
    const request = createRequester({ lookup: async () => [{ address: '169.254.169.254', family: 4 }] })
    const model = (io: ReturnType<typeof createRequester>) =>
      harness(() => Promise.reject(new Error('unused')), {
        sinks: [{ name: 'model', sink: modelSink(), options: { url: 'https://siem.example/' } }],
        io: { now: Date.now, request: io },
      })
    expect(sums((await model(request).forward(events(1)))[0])).toEqual({ ...NOTHING, held: 1 })
    const nowhere = createRequester({ lookup: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) })
    expect(sums((await model(nowhere).forward(events(1)))[0])).toEqual({ ...NOTHING, spooled: 1 })
  })

  it('trusts the authority in the sink’s options, and no certificate that has expired', async () => {
    const names = { name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }
    const make = (from: string, to: string) =>
      generate([{ name: 'commonName', value: 'weir test' }], {
        keyType: 'ec',
        algorithm: 'sha256',
        notBeforeDate: new Date(from),
        notAfterDate: new Date(to),
        extensions: [{ name: 'basicConstraints', cA: true }, names],
      })
    const good = await make('2020-01-01', '2090-01-01')
    const old = await make('2020-01-01', '2021-01-01')
    for (const [made, expected] of [
      [good, { ...NOTHING, delivered: 2 }],
      [old, { ...NOTHING, spooled: 2 }],
    ] as const) {
      const { url } = await receiver((_, __, response) => response.end(), { key: made.private, cert: made.cert })
      expect(sums((await over(url, { ca: made.cert }).forward(events(2)))[0])).toEqual(expected)
    }
  })

  it('delivers all of a far side that fails seven times in ten, once it is drained', async () => {
    let calls = 0
    const taken: string[] = []
    const { url } = await receiver((_, body, response) => {
      if (++calls % 10 < 7) return response.writeHead(503).end()
      taken.push(...body.split('\n'))
      return response.end()
    })
    const { forward, forwarder, spool, clock } = over(url, { events: 25 })
    for (let i = 0; i < 8; i++) {
      await forward(events(200).map(({ input, event }) => ({ input: `${i}/${input}`, event: { ...event, message: `${i}` } })))
      clock.now += 400_000
    }
    for (let i = 0; i < 200 && (await spool.list('model', 1)).length > 0; i++) {
      clock.now += 400_000
      await forwarder.drain('model', { deadline: clock.now + 60_000, limit: 100 })
    }
    expect(await spool.list('model', 1)).toEqual([])
    expect(taken).toHaveLength(1_600)
    expect(new Set(taken).size).toBe(1_600)
  })
})
