import { authorities, files, systemRandom } from './files.ts'
import type { Connection, ConnectionEvents, Host } from './host.ts'

/**
 * Writes that may wait for the other side to read: whoever connects to us, the function too, could ask and never read, until the heap is full. Our own
 * requests go one at a time.
 */
const MAX_PENDING = 400

/** One byte stream over a socket of Bun's own, which costs a third of what `node:net` and `node:tls` cost there. */
interface Line {
  readonly events: ConnectionEvents
  socket?: Socket
  /** The connection, and with TLS the handshake, is done: nothing is written before. */
  ready: boolean
  /** What the socket has not taken yet. */
  pending: Uint8Array[]
  reason: string
  state: 'live' | 'closing' | 'closed'
}

interface Socket {
  data: Line
  /** How many bytes were taken; the others are the caller's until `drain`. Negative where the socket is closed. */
  write(bytes: Uint8Array): number
  close(): void
}

interface Handlers {
  open(socket: Socket): void
  handshake?(socket: Socket, verified: boolean, error: unknown): void
  data(socket: Socket, bytes: Uint8Array): void
  drain(socket: Socket): void
  error(socket: Socket, error: unknown): void
  close(socket: Socket): void
}

interface Hasher {
  update(data: string | Uint8Array): Hasher
  digest(): Uint8Array
}

/** What is used of Bun's global object, as Bun 1.4 documents it. */
declare const Bun: {
  readonly version: string
  connect(options: {
    readonly hostname: string
    readonly port: number
    readonly data: Line
    readonly tls?: { readonly serverName: string; readonly rejectUnauthorized: true; readonly ca?: Uint8Array }
    readonly socket: Handlers
  }): Promise<Socket>
  listen(options: { readonly hostname: string; readonly port: number; readonly socket: Handlers }): {
    readonly port: number
    stop(): void
  }
  readonly CryptoHasher: new (algorithm: 'sha256', key?: string | Uint8Array) => Hasher
}

/** The host of the runtime layer: a program compiled by Bun 1.4 for functions that have no Node of their own. */
export function bunHost(env: Host['env'] = process.env): Host {
  return {
    env,
    runtime: `bun ${Bun.version}`,
    now: () => Date.now(),
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
    dial({ host, port, tls }, events) {
      const line = newLine(events)
      const ca = tls ? authorities(env) : undefined
      const secure = tls && { tls: { serverName: host, rejectUnauthorized: true as const, ...(ca && { ca }) } }
      // Bun checks the chain and the name, and closes before anything is written where either is wrong (kept by `runtime-check.ts`).
      Bun.connect({ hostname: host, port, data: line, ...secure, socket: handlers(tls) }).catch(error => finish(line, error))
      return connectionOf(line)
    },
    async listen(bind, accept, port = 0) {
      const server = Bun.listen({
        hostname: bind,
        port,
        socket: {
          ...handlers(false),
          open(socket) {
            const late: { events?: ConnectionEvents } = {}
            const line = newLine({ data: bytes => late.events?.data(bytes), closed: reason => late.events?.closed(reason) })
            socket.data = line
            line.socket = socket
            line.ready = true
            late.events = accept(connectionOf(line))
          },
        },
      })
      return { port: server.port, close: () => server.stop() }
    },
    files,
    sha256: data => new Bun.CryptoHasher('sha256').update(data).digest(),
    hmac: (key, data) => new Bun.CryptoHasher('sha256', key).update(data).digest(),
    random: systemRandom,
    say: line => void process.stdout.write(`${line}\n`),
    exit: code => process.exit(code),
    onUncaught(handler) {
      process.on('uncaughtException', handler)
      process.on('unhandledRejection', handler)
    },
  }
}

const newLine = (events: ConnectionEvents): Line => ({ events, ready: false, pending: [], reason: '', state: 'live' })

function connectionOf(line: Line): Connection {
  const connection: Connection = {
    write(bytes) {
      if (line.state !== 'live') return
      line.pending.push(bytes)
      pump(line)
      if (line.pending.length > MAX_PENDING) connection.close()
    },
    close() {
      if (line.state !== 'live') return
      line.state = 'closing'
      line.pending = []
      line.socket?.close()
    },
  }
  return connection
}

function handlers(tls: boolean): Handlers {
  const ready = (line: Line) => {
    line.ready = true
    pump(line)
  }
  return {
    open(socket) {
      const line = socket.data
      line.socket = socket
      if (line.state !== 'live') socket.close()
      else if (!tls) ready(line)
    },
    handshake(socket, verified, error) {
      const line = socket.data
      if (verified) return ready(line)
      line.reason = codeOf(error)
      socket.close()
    },
    data: ({ data: { state, events } }, bytes) => {
      if (state === 'live') events.data(bytes)
    },
    drain: ({ data: line }) => pump(line),
    error(socket, error) {
      socket.data.reason = codeOf(error)
    },
    close: ({ data: line }) => finish(line),
  }
}

function pump(line: Line): void {
  const { socket, ready, pending } = line
  if (!socket || !ready) return
  for (let next = pending[0]; next; next = pending[0]) {
    const taken = socket.write(next)
    if (taken < next.length) {
      if (taken > 0) pending[0] = next.subarray(taken)
      return
    }
    pending.shift()
  }
}

function finish(line: Line, error?: unknown): void {
  if (line.state === 'closed') return
  line.state = 'closed'
  line.events.closed(error === undefined ? line.reason : codeOf(error))
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ERROR'
