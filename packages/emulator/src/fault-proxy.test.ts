import { createServer, request, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts'
import { listen, stop } from './http.ts'

let server: Server
let proxy: FaultProxy
let seen: string[]

beforeEach(async () => {
  seen = []
  server = createServer((incoming, answer) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      seen.push(Buffer.concat(chunks).toString())
      answer.end('answer '.repeat(20))
    })
  })
  proxy = await startFaultProxy({ port: await listen(server) })
})
afterEach(async () => {
  await proxy.close()
  await stop(server)
})

/** Posts through the proxy; says how it went. */
function post(body: string, timeout = 5000): Promise<string> {
  return new Promise(resolve => {
    const outgoing = request(proxy.url, { method: 'POST', agent: false, timeout }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(`${response.statusCode} ${Buffer.concat(chunks).toString()}`))
      response.on('error', error => resolve('code' in error ? String(error.code) : error.message))
    })
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('silence'), { code: 'SILENCE' })))
    outgoing.on('error', error => resolve('code' in error ? String(error.code) : error.message))
    outgoing.end(body)
  })
}

describe('the fault proxy', () => {
  it('passes everything through by default, in both directions', async () => {
    const body = 'x'.repeat(500_000)
    expect(await post(body)).toBe(`200 ${'answer '.repeat(20)}`)
    expect(seen).toEqual([body])
  })

  it('resets before, within the request, and within the answer', async () => {
    proxy.set({ kind: 'reset' })
    expect(await post('a')).toBe('ECONNRESET')
    proxy.set({ kind: 'reset', afterRequestBytes: 60 })
    expect(await post('x'.repeat(100_000))).toBe('ECONNRESET')
    expect(seen).toEqual([])
    proxy.set({ kind: 'reset', afterResponseBytes: 20 })
    expect(await post('a')).toBe('ECONNRESET')
    expect(seen).toEqual(['a'])
  })

  it('swallows requests, or only their answers', async () => {
    proxy.set({ kind: 'blackhole' })
    expect(await post('a', 50)).toBe('SILENCE')
    expect(seen).toEqual([])
    proxy.set({ kind: 'blackhole', forward: true })
    expect(await post('b', 200)).toBe('SILENCE')
    expect(seen).toEqual(['b'])
  })

  it('ends an answer early', async () => {
    proxy.set({ kind: 'half-close', afterResponseBytes: 150 })
    expect(await post('a')).toMatch(/^(ECONNRESET|aborted)$/)
    expect(seen).toEqual(['a'])
  })

  it('drips and delays, and the answer is whole', async () => {
    proxy.set({ kind: 'drip', bytes: 50, ms: 1 })
    expect(await post('a')).toBe(`200 ${'answer '.repeat(20)}`)
    proxy.set({ kind: 'latency', ms: 1 })
    expect(await post('b')).toBe(`200 ${'answer '.repeat(20)}`)
  })

  it('answers with a fixed status, and the server sees nothing', async () => {
    proxy.set({ kind: 'status', status: 503, body: 'busy', headers: { 'retry-after': '1' } })
    expect(await post('x'.repeat(200_000))).toBe('503 busy')
    expect(seen).toEqual([])
  })

  it('refuses, and chooses by the number of the connection', async () => {
    proxy.set(connection => (connection % 2 === 0 ? { kind: 'refuse' } : { kind: 'none' }))
    expect(await post('a')).toMatch(/^E|hang up/)
    expect(await post('b')).toMatch(/^200/)
    expect(proxy.connections).toBe(2)
  })
})
