import type { Connection, Host, Target } from './host/host.ts'
import { createParser, MalformedMessage, type Message, type Parser } from './http-message.ts'

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Milliseconds for the whole exchange, dialling and name lookup included. Absent: wait for ever, as `event/next` must. */
  readonly timeoutMs?: number
}

export interface Response {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

/** `connect`: never got through. `closed`: cut off before the answer was whole. `nonsense`: an answer that is not HTTP, or too long. */
export type HttpErrorKind = 'connect' | 'closed' | 'timeout' | 'nonsense'

export class HttpError extends Error {
  readonly kind: HttpErrorKind
  constructor(kind: HttpErrorKind, detail: string) {
    super(`${kind}: ${detail}`)
    this.kind = kind
  }
}

/** One HTTP/1.1 connection to one place, kept alive, one request at a time. */
export interface Client {
  /** Throws HttpError. Any status is an answer. */
  request(request: Request): Promise<Response>
  /** Dials, where there is no fresh connection, so that a request soon after this need not wait for it. Tells nothing of what comes of it. */
  open(): void
  /** Drops the connection: after a restore, and when no more will be asked. */
  close(): void
}

/**
 * A socket unused for longer than this is not trusted: the sandbox may have been frozen meanwhile and the other side may have gone without our
 * seeing it. Survives short gaps only, on purpose: a handshake is cheaper than a lost flush.
 */
const IDLE_MS = 5_000
const LIMITS = { head: 16 * 1024, body: 1024 * 1024 }

interface Exchange {
  readonly parser: Parser
  answered(message: Message): void
  failed(error: HttpError): void
}

export function createClient(host: Host, target: Target): Client {
  let connection: Connection | undefined
  let usedAt = 0
  let exchange: Exchange | undefined

  const drop = () => {
    const old = connection
    connection = undefined
    old?.close()
  }

  const dial = (): Connection => {
    let opened = false
    const own: Connection = host.dial(target, {
      data(bytes) {
        opened = true
        if (own !== connection || !exchange) return own.close()
        try {
          const [message, ...more] = exchange.parser.push(bytes)
          if (more.length > 0) throw new MalformedMessage('more than one answer')
          if (message) exchange.answered(message)
        } catch {
          exchange.failed(new HttpError('nonsense', 'not an HTTP answer'))
        }
      },
      closed(reason) {
        if (own !== connection) return
        connection = undefined
        const last = exchange?.parser.end()
        if (last) exchange?.answered(last)
        else exchange?.failed(new HttpError(opened ? 'closed' : 'connect', reason || 'closed by the other side'))
      },
    })
    return own
  }

  const fresh = (): Connection => {
    if (connection && Math.abs(host.now() - usedAt) > IDLE_MS) drop()
    connection ??= dial()
    return connection
  }

  return {
    open() {
      if (exchange) return
      fresh()
      usedAt = host.now()
    },
    request: request =>
      new Promise((resolve, reject) => {
        if (exchange) return reject(new HttpError('connect', 'busy'))
        const cancel =
          request.timeoutMs === undefined
            ? () => {}
            : host.after(Math.max(1, request.timeoutMs), () =>
                exchange?.failed(new HttpError('timeout', `${request.timeoutMs} ms`)),
              )
        exchange = {
          parser: createParser('response', LIMITS),
          answered(message) {
            cancel()
            exchange = undefined
            usedAt = host.now()
            if (message.headers.get('connection')?.toLowerCase() === 'close' || message.start.startsWith('HTTP/1.0')) drop()
            if (message.overflow) return reject(new HttpError('nonsense', 'answer too long'))
            resolve({ status: Number(message.start.slice(9, 12)), headers: message.headers, body: message.body })
          },
          failed(error) {
            cancel()
            exchange = undefined
            drop()
            reject(error)
          },
        }
        fresh().write(serialize(target, request))
      }),
    close() {
      if (exchange) exchange.failed(new HttpError('closed', 'by us'))
      else drop()
    },
  }
}

/** The Host header of a target: the port only where it is not the scheme's own. SigV4 signs exactly this text. */
export function hostHeader({ host, port, tls }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`
}

function serialize(target: Target, { method, path, headers, body }: Request): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${hostHeader(target)}`]
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value.replace(/[\r\n]+/g, '')}`)
  if (method !== 'GET') lines.push(`Content-Length: ${body?.length ?? 0}`)
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  return body ? Buffer.concat([head, body]) : head
}
