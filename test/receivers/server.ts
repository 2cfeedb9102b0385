import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** One request as it came, decompressed. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Bytes on the wire. */
  readonly wireBytes: number
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: string | object
}

/**
 * What goes wrong with a request. `after` lets the receiver do its work first, so that the client does not learn of its success:
 * - answer: this instead of the receiver's own answer; - hang: no answer at all; - drip: an answer that never ends, a byte at a time;
 * - reset: the connection breaks.
 */
export type Fault = ({ readonly kind: 'answer'; readonly reply: Reply } | { readonly kind: 'hang' | 'drip' | 'reset' }) & {
  readonly after?: boolean
  /** Waits for a request with such a path. */
  readonly on?: RegExp
}

export const answer = (status: number, body: string | object = '', headers: Readonly<Record<string, string>> = {}): Fault => ({
  kind: 'answer',
  reply: { status, body, headers },
})

export interface Receiver {
  /** `http://127.0.0.1:port`, or https with a certificate. */
  readonly url: string
  readonly requests: readonly Received[]
  /** What a lenient server would swallow and a strict one would not: empty after a flawless exchange. */
  readonly problems: readonly string[]
  /** Faults for the next requests, in order, one each. */
  fault(...faults: readonly Fault[]): void
  close(): Promise<void>
}

export interface Certificate {
  readonly key: string
  readonly cert: string
}

const MAX_RAW = 64 << 20 // the receivers have limits of their own; this one is against a bomb

/** A server on loopback that receives, breaks as scripted, and leaves the protocol to `handle`. */
export async function listen(
  handle: (request: Received, problem: (text: string) => void) => Reply,
  tls?: Certificate,
): Promise<Receiver & { readonly requests: Received[]; readonly problems: string[] }> {
  const requests: Received[] = []
  const problems: string[] = []
  const faults: Fault[] = []
  const sockets = new Set<Socket>()
  const problem = (text: string): void => void problems.push(text)

  const respond = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(message)
    if (received === undefined) return send(response, { status: 400, body: 'cannot decompress' })
    requests.push(received)
    const next = faults.findIndex(({ on }) => on?.test(received.path) !== false)
    const fault = faults[next]
    if (fault === undefined) return send(response, handle(received, problem))
    faults.splice(next, 1)
    if (fault.after === true) handle(received, problem)
    if (fault.kind === 'answer') return send(response, fault.reply)
    if (fault.kind === 'reset') return void message.socket.resetAndDestroy()
    if (fault.kind === 'drip') drip(response)
  }
  const listener: RequestListener = (message, response) => {
    respond(message, response).catch((error: Error) => {
      problem(`the receiver broke: ${error.message}`)
      message.socket.destroy()
    })
  }
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    problems,
    fault: (...more) => void faults.push(...more),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function receive(message: IncomingMessage): Promise<Received | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const wire = Buffer.concat(chunks)
  const encoding = message.headers['content-encoding'] ?? 'identity'
  let body: Buffer
  try {
    if (encoding !== 'identity' && encoding !== 'gzip') return undefined
    body = encoding === 'gzip' ? await promisify(gunzip)(wire, { maxOutputLength: MAX_RAW }) : wire
  } catch {
    return undefined
  }
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://receiver')
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)]))
  return { method: message.method ?? '', path: pathname, query: searchParams, headers, body, wireBytes: wire.byteLength }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Reply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, ...headers }).end(status === 204 ? undefined : text)
}

/** Headers at once, then a space now and then, for ever: a client without a deadline over all of it waits for ever too. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}

/** A JSON value, or undefined when the text is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const utf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
/** The media type without its parameters. */
export const mediaType = (headers: Readonly<Record<string, string>>): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
/** A string or number as text; anything else is none. */
export const word = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
