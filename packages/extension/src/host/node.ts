import { createHash, createHmac } from 'node:crypto'
import { createServer, connect as dialTcp, type Socket } from 'node:net'
import { connect as dialTls } from 'node:tls'
import { authorities, files, systemRandom } from './files.ts'
import type { Connection, ConnectionEvents, Host } from './host.ts'

/**
 * Bytes of answers that whoever connected to us may leave unread: the function could ask and never read, until the heap is full. The platform and
 * exporters ask again only when they have their answer.
 */
const MAX_UNREAD = 16 * 1024

/** The host under Node 18 and later. `node:http`, `fetch` and the SDK are left out on purpose: each costs more than all of this program. */
export function nodeHost(env: Host['env'] = process.env): Host {
  const sessions = new Map<string, Buffer>()
  return {
    env,
    runtime: `node ${process.version}`,
    now: () => Date.now(),
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
    dial({ host, port, tls }, events) {
      if (!tls) return wrap(dialTcp({ host, port, noDelay: true }), events)
      const place = `${host}:${port}`
      const session = sessions.get(place)
      const ca = authorities(env)
      const socket = dialTls({
        host,
        port,
        servername: host,
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        ...(session && { session }),
        ...(ca && { ca }),
      })
      socket.setNoDelay(true)
      socket.on('session', ticket => sessions.set(place, ticket))
      return wrap(socket, events)
    },
    listen: (bind, accept, port = 0) =>
      new Promise((resolve, reject) => {
        const server = createServer({ noDelay: true }, socket => {
          const late: { events?: ConnectionEvents } = {}
          const connection = wrap(
            socket,
            {
              data: bytes => late.events?.data(bytes),
              closed: reason => late.events?.closed(reason),
            },
            MAX_UNREAD,
          )
          late.events = accept(connection)
        })
        server.once('error', reject)
        // Every address is what Node binds to unasked. With a name it also makes sure that this is no IPv6 link-local one: 3 ms of one expression.
        server.listen(bind === '0.0.0.0' ? { port } : { port, host: bind }, () => {
          const address = server.address()
          resolve({ port: typeof address === 'object' && address ? address.port : 0, close: () => server.close() })
        })
      }),
    files,
    sha256: data => createHash('sha256').update(data).digest(),
    hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
    random: systemRandom,
    say: line => void process.stdout.write(`${line}\n`),
    exit: code => process.exit(code),
    onUncaught(handler) {
      process.on('uncaughtException', handler)
      process.on('unhandledRejection', handler)
    },
  }
}

function wrap(socket: Socket, events: ConnectionEvents, maxUnread = Number.POSITIVE_INFINITY): Connection {
  let reason = ''
  socket.on('data', bytes => events.data(bytes))
  socket.on('error', error => {
    reason = 'code' in error && typeof error.code === 'string' ? error.code : 'ERROR'
  })
  socket.on('end', () => socket.destroy())
  socket.on('close', () => events.closed(reason))
  return {
    write(bytes) {
      socket.write(bytes)
      if (socket.writableLength > maxUnread) socket.destroy()
    },
    close: () => void socket.destroy(),
  }
}
