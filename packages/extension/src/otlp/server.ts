import type { Connection, ConnectionEvents, Host, Listener } from '../host/host.ts'
import { createParser, type Message } from '../http-message.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
  /** Seconds after which to ask again. */
  readonly retryAfter?: number
}

/** A batch of the SDKs is some hundred KB. More than this is read to its end and answered 413. */
const LIMITS = { head: 16 * 1024, body: 2 * 1024 * 1024 }
/** Exporters hold one connection each, three for the three signals. A new one pushes out the one that has been quiet for longest. */
const MAX_CONNECTIONS = 16
/** A request must be whole within twice this, ms: twice, because a freeze of the sandbox eats one timer. */
const READ_MS = 5_000
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  503: 'Service Unavailable',
}

/**
 * A plain HTTP/1.1 server: one answer for each request, in their order, on connections that stay open. `fault` is told of those that ended badly:
 * `not-http`, `cut-off`, `too-slow`, `crowded`.
 */
export function serve(
  host: Host,
  bind: string,
  port: number,
  answer: (message: Message) => Answer,
  fault: (kind: string) => void,
): Promise<Listener> {
  /** What refuses each connection, the quietest first. */
  const open = new Map<Connection, (kind: string) => void>()

  const accept = (connection: Connection): ConnectionEvents => {
    const parser = createParser('request', LIMITS)
    let over = false
    let cancel = () => {}
    const end = () => {
      over = true
      cancel()
      open.delete(connection)
    }
    const refuse = (kind: string) => {
      end()
      fault(kind)
      connection.close()
    }
    const rest = () => {
      cancel()
      cancel = () => {}
      open.delete(connection)
      open.set(connection, refuse)
    }
    const watch = () => {
      cancel = host.after(READ_MS, () => {
        cancel = host.after(READ_MS, () => refuse('too-slow'))
      })
    }
    if (open.size >= MAX_CONNECTIONS) for (const [, refuseOldest] of [...open].slice(0, 1)) refuseOldest('crowded')
    rest()
    return {
      data(bytes) {
        if (over) return
        const began = parser.idle
        let messages: Message[]
        try {
          messages = parser.push(bytes)
        } catch {
          connection.write(head({ status: 400, type: 'text/plain', body: new Uint8Array() }, true))
          return refuse('not-http')
        }
        for (const message of messages) {
          const close = message.start.endsWith('1.0') || message.headers.get('connection')?.toLowerCase() === 'close'
          const reply = answer(message)
          connection.write(Buffer.concat([head(reply, close), reply.body]))
        }
        if (messages.length > 0 || began) {
          rest()
          if (!parser.idle) watch()
        }
      },
      closed() {
        if (over) return
        if (!parser.idle) fault('cut-off')
        end()
      },
    }
  }
  return host.listen(bind, accept, port)
}

function head({ status, type, body, retryAfter }: Answer, close: boolean): Uint8Array {
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    ...(close ? ['Connection: close'] : []),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}
