import type { Connection, ConnectionEvents, Host, Listener } from './host/host.ts'
import { createParser, type Message } from './http-message.ts'

/**
 * The platform posts at most twice `maxBytes` (512 KiB as we subscribe) and its metadata, an OpenTelemetry SDK some hundred KB. The body of a longer
 * request is read to its end and thrown away.
 */
const LIMITS = { head: 16 * 1024, body: 2 * 1024 * 1024 }
/**
 * At most this many connections at once. The platform uses one, an exporter three; anything in the sandbox can open as many as it likes: a new one
 * pushes out the one that is least likely to be theirs.
 */
const MAX_CONNECTIONS = 16
/**
 * A request must be whole within twice this, ms. Twice, because a freeze of the sandbox eats one timer: after the thaw it is overdue before the
 * bytes that wait in the socket have been read.
 */
const READ_MS = 5_000
const BAD = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

/**
 * A plain HTTP/1.1 server on connections that stay open, at a free port where none is given. `answer` gets each whole request, writes what is said to it,
 * at once or later and in the order of the requests, and throws nothing. `fault` is told of connections that ended badly: `not-http`, `cut-off`,
 * `too-slow`, `crowded`.
 */
export function serve(
  host: Host,
  bind: string,
  answer: (request: Message, connection: Connection) => void,
  fault: (kind: string) => void,
  port?: number,
): Promise<Listener> {
  /** The one that has been quiet for longest first. */
  const open = new Set<Peer>()

  const accept = (connection: Connection): ConnectionEvents => {
    const parser = createParser('request', LIMITS)
    let over = false
    let cancel = () => {}
    const end = () => {
      over = true
      cancel()
      open.delete(peer)
    }
    const peer: Peer = {
      known: false,
      idle: true,
      refuse(kind) {
        end()
        fault(kind)
        connection.close()
      },
    }
    if (open.size >= MAX_CONNECTIONS) leastLikely(open)?.refuse('crowded')
    open.add(peer)
    return {
      data(bytes) {
        if (over) return
        let requests: Message[]
        try {
          requests = parser.push(bytes)
        } catch {
          connection.write(BAD)
          return peer.refuse('not-http')
        }
        for (const request of requests) answer(request, connection)
        const whole = requests.length > 0
        if (whole || peer.idle) {
          cancel()
          open.delete(peer)
          open.add(peer)
          if (!parser.idle)
            cancel = host.after(READ_MS, () => {
              cancel = host.after(READ_MS, () => peer.refuse('too-slow'))
            })
        }
        peer.known ||= whole
        peer.idle = parser.idle
      },
      closed() {
        if (over) return
        end()
        if (!parser.idle) fault('cut-off')
      },
    }
  }
  return host.listen(bind, accept, port)
}

/** One open connection. */
interface Peer {
  /** It has brought a whole request. */
  known: boolean
  /** Nothing of a request is under way on it. */
  idle: boolean
  refuse(fault: string): void
}

/** The oldest that never brought anything, else the oldest idle one, else the one whose request has been under way for longest. */
function leastLikely(open: ReadonlySet<Peer>): Peer | undefined {
  const peers = [...open]
  return peers.find(({ idle, known }) => idle && !known) ?? peers.find(({ idle }) => idle) ?? peers[0]
}
