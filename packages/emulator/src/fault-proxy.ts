import { connect, createServer, type Socket } from 'node:net'
import { systemClock, type Clock } from './clock.ts'

/**
 * How a connection misbehaves. Byte counts are of the named direction; the connection behaves until then.
 * - `latency`: every chunk is held back by `ms`.
 * - `reset`: RST once the client has sent `afterRequestBytes`, or the server `afterResponseBytes` (default: at once).
 * - `blackhole`: the connection is taken and nothing is ever answered; with `forward` the request still arrives, the answer never does.
 * - `half-close`: the client's side is read, the answer ends (FIN) after `afterResponseBytes`.
 * - `drip`: the answer comes `bytes` at a time, every `ms`.
 * - `status`: an HTTP answer with this status and body, once a request's head has been read; the server sees nothing.
 * - `refuse`: closed as soon as it is taken.
 */
export type Fault =
  | { kind: 'none' }
  | { kind: 'latency'; ms: number }
  | { kind: 'reset'; afterRequestBytes?: number; afterResponseBytes?: number }
  | { kind: 'blackhole'; forward?: boolean }
  | { kind: 'half-close'; afterResponseBytes: number }
  | { kind: 'drip'; bytes: number; ms: number }
  | { kind: 'status'; status: number; body?: string; headers?: Readonly<Record<string, string>> }
  | { kind: 'refuse' }

export interface FaultProxy {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Connections taken so far. */
  readonly connections: number
  /** For connections from now on: one fault for all, or asked with each connection's number, from 0. */
  set(fault: Fault | ((connection: number) => Fault)): void
  /** Cuts the connections that are open. */
  cut(): void
  close(): Promise<void>
}

const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_HEAD = 64 * 1024

/** A TCP proxy on loopback that breaks connections on purpose; it looks into them only for `status`. */
export async function startFaultProxy(target: { host?: string; port: number }, clock: Clock = systemClock): Promise<FaultProxy> {
  const closing = new AbortController()
  const sockets = new Set<Socket>()
  let choose: (connection: number) => Fault = () => ({ kind: 'none' })
  let connections = 0

  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    return socket
  }
  const server = createServer({ allowHalfOpen: true }, client => {
    track(client)
    const fault = choose(connections++)
    if (fault.kind === 'refuse') return void client.destroy()
    if (fault.kind === 'status') return answerFixed(client, fault)
    if (fault.kind === 'blackhole' && !fault.forward) return void client.resume()
    if (fault.kind === 'reset' && !fault.afterRequestBytes && !fault.afterResponseBytes) return void client.resetAndDestroy()
    const upstream = track(connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true }))
    const gone = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('close', gone)
    upstream.on('close', () => (fault.kind === 'blackhole' ? undefined : client.destroySoon()))
    void pump(client, upstream, fault, 'request')
    void pump(upstream, client, fault, 'response')
  })

  /** Copies one direction, with the fault; backpressure follows from reading a chunk at a time. */
  async function pump(from: Socket, to: Socket, fault: Fault, direction: 'request' | 'response'): Promise<void> {
    let passed = 0
    const limit =
      fault.kind === 'reset' ? (direction === 'request' ? fault.afterRequestBytes : fault.afterResponseBytes) : undefined
    const fin = fault.kind === 'half-close' && direction === 'response' ? fault.afterResponseBytes : undefined
    try {
      for await (const chunk of from) {
        if (!Buffer.isBuffer(chunk)) continue
        if (fault.kind === 'blackhole' && direction === 'response') continue
        if (fault.kind === 'latency') await clock.sleep(fault.ms, closing.signal)
        const stop = limit ?? fin
        const part = stop === undefined ? chunk : chunk.subarray(0, Math.max(0, stop - passed))
        passed += chunk.length
        if (fault.kind === 'drip' && direction === 'response') await drip(to, part, fault)
        else if (part.length > 0) await write(to, part)
        if (stop === undefined || passed < stop) continue
        if (limit !== undefined) {
          from.resetAndDestroy()
          to.resetAndDestroy()
        } else to.end()
        return
      }
      if (!(fault.kind === 'blackhole' && direction === 'response')) to.end()
    } catch {
      to.destroy()
    }
  }

  async function drip(to: Socket, chunk: Buffer, { bytes, ms }: { bytes: number; ms: number }): Promise<void> {
    for (let at = 0; at < chunk.length && !to.destroyed; at += bytes) {
      await write(to, chunk.subarray(at, at + bytes))
      await clock.sleep(ms, closing.signal)
    }
  }

  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    set(fault) {
      choose = typeof fault === 'function' ? fault : () => fault
    },
    cut,
    close: () =>
      new Promise(resolve => {
        closing.abort()
        server.close(() => resolve())
        cut()
      }),
  }
}

const write = (socket: Socket, chunk: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error('closed'))
    socket.write(chunk, error => (error ? reject(error) : resolve()))
  })

function answerFixed(client: Socket, { status, body = '', headers = {} }: Extract<Fault, { kind: 'status' }>): void {
  let head = Buffer.alloc(0)
  client.on('data', chunk => {
    head = Buffer.concat([head, chunk])
    if (!head.includes(HEAD_END) && head.length < MAX_HEAD) return
    client.removeAllListeners('data').resume()
    const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), connection: 'close', ...headers })
    client.end(`HTTP/1.1 ${status} Fault\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
  })
}
