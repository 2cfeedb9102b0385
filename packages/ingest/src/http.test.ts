import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import { createRequester, type Requester, TransportError } from './http.ts'
import type { SinkRequest } from './sink.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listening(server: Server | ReturnType<typeof createSocketServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => new Promise(resolve => server.close(resolve)))
  if ('closeAllConnections' in server) cleanups.push(() => server.closeAllConnections())
  return (server.address() as AddressInfo).port
}

const serve = (listener: RequestListener): Promise<number> => listening(createServer(listener))

/** A server that says exactly these bytes, or does what it is told with the socket. */
async function serveRaw(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createSocketServer(socket => {
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    onSocket(socket)
  })
  return listening(server)
}

function requester(options: Parameters<typeof createRequester>[0] = {}): Requester {
  const made = createRequester(options)
  cleanups.push(() => made.close())
  return made
}

const post = (url: string, body: SinkRequest['body'] = '{"a":1}'): SinkRequest => ({
  method: 'POST',
  url,
  headers: { authorization: 'Bearer CANARY-TOKEN', 'content-type': 'application/json' },
  body,
})

async function failure(promise: Promise<unknown>): Promise<TransportError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TransportError)
  expect(String((error as Error).stack)).not.toMatch(/CANARY/)
  return error as TransportError
}

describe('createRequester', () => {
  it('sends method, headers and body as given and returns status, lower-case headers and body', async () => {
    const seen: unknown[] = []
    const port = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        seen.push(
          request.method,
          request.headers['authorization'],
          request.headers['content-length'],
          Buffer.concat(chunks).toString(),
        )
        response.writeHead(200, { 'X-Answer': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('fine')
      })
    })
    const answer = await requester()(post(`http://127.0.0.1:${port}/`, new TextEncoder().encode('é')), { timeoutMs: 10_000 })
    expect(seen).toEqual(['POST', 'Bearer CANARY-TOKEN', '2', 'é'])
    expect(answer).toMatchObject({ status: 200, headers: { 'x-answer': 'yes', 'set-cookie': 'a=1, b=2' } })
    expect(new TextDecoder().decode(answer.body)).toBe('fine')
  })

  it('keeps a connection for the next request', async () => {
    const sockets = new Set<unknown>()
    const port = await serve((request, response) => {
      sockets.add(request.socket)
      request.resume().on('end', () => response.end())
    })
    const request = requester()
    for (let i = 0; i < 5; i++) await request(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 })
    expect(sockets.size).toBe(1)
  })

  it('replaces a kept connection that died while idle, at once', async () => {
    let answered = 0
    // Answers once per connection, then breaks on the next request without a word.
    const port = await serveRaw(socket => {
      let requests = 0
      socket.on('data', () => {
        if (++requests > 1) return socket.resetAndDestroy()
        answered++
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n')
      })
    })
    const request = requester()
    for (let i = 0; i < 3; i++) {
      expect((await request(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 })).status).toBe(200)
    }
    expect(answered).toBe(3)
  })

  it('opens a new connection after a minute without use, by the wall clock', async () => {
    const sockets = new Set<unknown>()
    const port = await serve((request, response) => {
      sockets.add(request.socket)
      request.resume().on('end', () => response.end())
    })
    let clock = 0
    const request = requester({ now: () => clock })
    await request(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 })
    clock += 60_000
    await request(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 })
    expect(sockets.size).toBe(2)
  })

  it('returns a redirect as it is and goes nowhere', async () => {
    let elsewhere = 0
    const other = await serve((_, response) => {
      elsewhere++
      response.end()
    })
    const port = await serve((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${other}/` }).end())
    const answer = await requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 })
    expect(answer.status).toBe(307)
    expect(elsewhere).toBe(0)
  })

  it('takes an answer that comes before the body is sent', async () => {
    const port = await serve((_, response) => response.writeHead(413, { connection: 'close' }).end('too much'))
    const answer = await requester()(post(`http://127.0.0.1:${port}/`, 'x'.repeat(50_000)), { timeoutMs: 10_000 })
    expect(answer.status).toBe(413)
  })
})

describe('one deadline', () => {
  it('ends a server that says nothing', async () => {
    const port = await serveRaw(() => {})
    expect((await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 100 }))).kind).toBe('timeout')
  })

  it('ends slow headers', async () => {
    const port = await serveRaw(socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write('x-slow: 1\r\n'), 10)
      socket.on('close', () => clearInterval(timer))
    })
    expect((await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 150 }))).kind).toBe('timeout')
  })

  it('ends a dripping body', async () => {
    const port = await serveRaw(socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
      const timer = setInterval(() => socket.write('.'), 10)
      socket.on('close', () => clearInterval(timer))
    })
    expect((await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 150 }))).kind).toBe('timeout')
  })

  it('ends a name that does not resolve in time', async () => {
    const request = requester({ lookup: () => new Promise(() => {}) })
    expect((await failure(request(post('https://siem.example/'), { timeoutMs: 50 }))).kind).toBe('timeout')
  })

  it('ends a TLS handshake that never comes', async () => {
    const port = await serveRaw(() => {})
    expect((await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 100 }))).kind).toBe('timeout')
  })
})

describe('broken answers', () => {
  it('names a connection that nobody takes', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    const error = await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 10_000 }))
    expect(error.kind).toBe('connect')
    expect(error.message).toContain('ECONNREFUSED')
  })

  const RAW: readonly (readonly [what: string, kind: string, act: (socket: Socket) => void])[] = [
    ['a reset before the answer', 'reset', socket => socket.once('data', () => socket.resetAndDestroy())],
    ['an end without an answer', 'reset', socket => socket.once('data', () => socket.end())],
    [
      'an end within the body',
      'reset',
      socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
    ],
    [
      'an end within a chunked body',
      'reset',
      socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n')),
    ],
    ['what is not HTTP', 'protocol', socket => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))],
    [
      'a body that says it is too large',
      'too-large',
      socket => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5368709120\r\n\r\n')),
    ],
    [
      'headers without an end',
      'too-large',
      socket => socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(1 << 17)}\r\n`)),
    ],
  ]
  it.each(RAW)('takes %s for %s', async (_, kind, act) => {
    const port = await serveRaw(act)
    expect((await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 20_000 }))).kind).toBe(kind)
  })

  it('stops reading a body without a length at 4 MiB', async () => {
    const port = await serve((request, response) => {
      request.resume()
      const chunk = Buffer.alloc(1 << 16)
      const write = (): void => {
        if (!response.destroyed) response.write(chunk, write)
      }
      write()
    })
    expect((await failure(requester()(post(`http://127.0.0.1:${port}/`), { timeoutMs: 20_000 }))).kind).toBe('too-large')
  })
})

describe('TLS', () => {
  const certificate = (altNames: Parameters<typeof names>[0], dates: { from?: Date; to?: Date } = {}) =>
    generate([{ name: 'commonName', value: 'weir test' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ...(dates.from && { notBeforeDate: dates.from }),
      ...(dates.to && { notAfterDate: dates.to }),
      extensions: [{ name: 'basicConstraints', cA: true }, names(altNames)],
    })
  const names = (altNames: { type: 2 | 7; value?: string; ip?: string }[]) => ({ name: 'subjectAltName' as const, altNames })
  const HERE = [{ type: 7 as const, ip: '127.0.0.1' }]

  async function serveTls(made: { private: string; cert: string }, options: object = {}): Promise<number> {
    const server = createSecureServer({ key: made.private, cert: made.cert, ...options }, (request, response) => {
      request.resume().on('end', () => response.end('secure'))
    })
    server.on('tlsClientError', () => {})
    return listening(server)
  }

  it('trusts the authority of the call', async () => {
    const made = await certificate(HERE)
    const port = await serveTls(made)
    expect((await requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000, ca: made.cert })).status).toBe(200)
  })

  it('refuses a self-signed certificate, even where the environment turns verification off', async () => {
    const port = await serveTls(await certificate(HERE))
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    cleanups.push(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    const error = await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000 }))
    expect(error.kind).toBe('tls')
    expect(error.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it('refuses an expired certificate', async () => {
    const made = await certificate(HERE, { from: new Date('2020-01-01'), to: new Date('2021-01-01') })
    const port = await serveTls(made)
    const error = await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000, ca: made.cert }))
    expect(error.message).toContain('CERT_HAS_EXPIRED')
    expect(error.kind).toBe('tls')
  })

  it('refuses a certificate for another host', async () => {
    const made = await certificate([{ type: 2, value: 'other.example' }])
    const port = await serveTls(made)
    const error = await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000, ca: made.cert }))
    expect(error.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(error.kind).toBe('tls')
  })

  it('refuses TLS 1.1', async () => {
    const made = await certificate(HERE)
    const port = await serveTls(made, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    expect((await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000, ca: made.cert }))).kind).toBe(
      'tls',
    )
  })

  it('does not speak TLS to a plain server', async () => {
    const port = await serve((_, response) => response.end())
    expect((await failure(requester()(post(`https://127.0.0.1:${port}/`), { timeoutMs: 10_000 }))).kind).toBe('tls')
  })
})

describe('where a request may go', () => {
  it.each([
    ['http://siem.example/', 'in the clear'],
    ['https://user:CANARY@siem.example/', 'holds credentials'],
    ['ftp://siem.example/', 'not a protocol'],
    ['not a url', 'cannot be parsed'],
    ['https://169.254.169.254/latest/meta-data', 'forbidden address'],
    ['https://0x7f.1.example', 'has no address'],
    ['https://2852039166/', 'forbidden address'], // 169.254.169.254 as one number
    ['https://[::ffff:169.254.169.254]/', 'forbidden address'],
    ['https://[fd00:ec2::254]/', 'forbidden address'],
    ['https://0.0.0.0/', 'forbidden address'],
    ['https://10.1.2.3/', 'allow private networks'],
  ])('refuses %s', async (url, words) => {
    const error = await failure(requester({ lookup: async () => [] })(post(url), { timeoutMs: 10_000 }))
    expect(error.message).toContain(words)
  })

  it.each(['169.254.169.254', '127.0.0.1', '::1', '10.0.0.1', 'fe80::1'])(
    'refuses a public name that resolves to %s',
    async address => {
      const request = requester({
        lookup: async () => [
          { address: '192.0.2.1', family: 4 },
          { address, family: address.includes(':') ? 6 : 4 },
        ],
      })
      const error = await failure(request(post('https://siem.example/'), { timeoutMs: 10_000 }))
      expect(error.kind).toBe('refused-address')
      expect(error.message).toContain(address)
    },
  )

  it('keeps link-local closed where private networks are allowed', async () => {
    const request = requester({ lookup: async () => [{ address: '169.254.169.254', family: 4 }] })
    const options = { timeoutMs: 10_000, allowPrivateNetwork: true }
    expect((await failure(request(post('https://siem.example/'), options))).kind).toBe('refused-address')
  })

  it('connects to the address it has checked, and asks for it once', async () => {
    const port = await serve((request, response) => request.resume().on('end', () => response.end(request.headers.host)))
    const asked: string[] = []
    const request = requester({
      lookup: async hostname => {
        asked.push(hostname)
        return [{ address: asked.length === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
      },
    })
    const answer = await request(post(`http://siem.localhost:${port}/`), { timeoutMs: 10_000 })
    expect(new TextDecoder().decode(answer.body)).toBe(`siem.localhost:${port}`)
    expect(asked).toEqual(['siem.localhost'])
  })

  it('names a name that does not resolve', async () => {
    const request = requester({
      lookup: () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND siem.example'), { code: 'ENOTFOUND' })),
    })
    expect((await failure(request(post('https://siem.example/'), { timeoutMs: 10_000 }))).kind).toBe('dns')
  })

  it('does not repeat a header that HTTP does not allow', async () => {
    const bad = { ...post('https://siem.example/'), headers: { authorization: 'Splunk CANARY\n' } }
    expect((await failure(requester()(bad, { timeoutMs: 10_000 }))).kind).toBe('protocol')
  })
})
