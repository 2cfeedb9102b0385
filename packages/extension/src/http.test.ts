import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Host } from './host/host.ts'
import { nodeHost } from './host/node.ts'
import { createClient, HttpError } from './http.ts'

let servers: { close(): void }[] = []
afterEach(() => {
  for (const each of servers) each.close()
  servers = []
})

async function serve(listener: RequestListener): Promise<{ port: number; server: Server; sockets: () => number }> {
  const server = createServer(listener)
  let sockets = 0
  server.on('connection', () => sockets++)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push({ close: () => (server.close(), server.closeAllConnections()) })
  return { port: (server.address() as AddressInfo).port, server, sockets: () => sockets }
}
/** A server that answers each connection with these bytes, whatever was asked. */
async function serveBytes(bytes: string): Promise<number> {
  const server = createTcpServer(socket => socket.on('error', () => {}).end(bytes))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return (server.address() as AddressInfo).port
}
const client = (port: number, host: Host = nodeHost({})) => createClient(host, { host: '127.0.0.1', port, tls: false })
const kindOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'answered',
    (error: unknown) => (error instanceof HttpError ? error.kind : String(error)),
  )

describe('the HTTP client', () => {
  it('keeps one connection for many requests', async () => {
    const { port, sockets } = await serve((request, response) => {
      request.pipe(response)
    })
    const http = client(port)
    for (const text of ['a', 'b', 'ü'.repeat(50_000)]) {
      const answer = await http.request({ method: 'POST', path: '/', body: Buffer.from(text), timeoutMs: 5000 })
      expect(Buffer.from(answer.body).toString() === text).toBe(true)
    }
    expect(sockets()).toBe(1)
    http.close()
  })

  it('dials ahead when told to, and asks on that connection', async () => {
    const { port, server, sockets } = await serve((request, response) => {
      request.pipe(response)
    })
    const http = client(port)
    const arrived = new Promise(resolve => server.once('connection', resolve))
    http.open()
    await arrived
    http.open()
    const answer = await http.request({ method: 'POST', path: '/', body: Buffer.from('a'), timeoutMs: 5000 })
    expect([answer.status, sockets()]).toEqual([200, 1])
    http.close()
  })

  it('asks on a new connection where the one dialled ahead is gone', async () => {
    const { port, server, sockets } = await serve((_, response) => response.end())
    const http = client(port)
    const gone = new Promise<void>(resolve => {
      server.once('connection', socket => socket.once('close', resolve).destroy())
    })
    http.open()
    await gone
    await new Promise(setImmediate)
    const attempt = () => http.request({ method: 'POST', path: '/', timeoutMs: 5000 })
    expect((await attempt().catch(attempt)).status).toBe(200)
    expect(sockets()).toBe(2)
    http.close()
  })

  it('does not trust a connection after five seconds by the wall clock', async () => {
    const { port, sockets } = await serve((_, response) => void response.end('ok'))
    let skew = 0
    const http = client(port, { ...nodeHost({}), now: () => Date.now() + skew })
    const ask = () => http.request({ method: 'GET', path: '/', timeoutMs: 5000 })
    await ask()
    skew = 4_000
    await ask()
    expect(sockets()).toBe(1)
    skew = 10_000
    await ask()
    expect(sockets()).toBe(2)
    http.close()
  })

  it('puts no line break of a value into the head', async () => {
    const { port } = await serve((request, response) => void response.end(JSON.stringify(request.headers)))
    const answer = await client(port).request({
      method: 'GET',
      path: '/',
      headers: { Authorization: 'a\r\nX-Evil: 1' },
      timeoutMs: 5000,
    })
    expect(JSON.parse(Buffer.from(answer.body).toString())).not.toHaveProperty('x-evil')
  })

  it('names what went wrong, and works again afterwards', async () => {
    let hang = true
    const { port } = await serve((_, response) => void (hang || response.end('ok')))
    const http = client(port)
    expect(await kindOf(http.request({ method: 'GET', path: '/', timeoutMs: 30 }))).toBe('timeout')
    hang = false
    expect(await kindOf(http.request({ method: 'GET', path: '/', timeoutMs: 5000 }))).toBe('answered')
    http.close()
  })

  it.each([
    ['closed', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['connect', ''],
    ['nonsense', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['nonsense', `HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(2_000_000)}`],
    ['answered', 'HTTP/1.1 200 OK\r\n\r\nuntil the end'],
  ])('knows %s from what came', async (kind, bytes) => {
    const port = await serveBytes(bytes)
    expect(await kindOf(client(port).request({ method: 'GET', path: '/', timeoutMs: 5000 }))).toBe(kind)
  })

  it('says connect where nobody listens', async () => {
    const { port, server } = await serve(() => {})
    await new Promise<void>(resolve => server.close(() => resolve()))
    expect(await kindOf(client(port).request({ method: 'GET', path: '/', timeoutMs: 5000 }))).toBe('connect')
  })
})
