import type { Counters } from './counters.ts'
import type { Connection, ConnectionEvents, Host, Listener } from './host/host.ts'
import { createParser, type Message } from './http-message.ts'

export interface TelemetryListener extends Listener {
  /** When the last POST was answered, epoch milliseconds; 0 before the first. */
  readonly lastAt: number
  /** Where bodies go from now on; what came before it was known is read first. */
  deliver(taken: (body: Uint8Array) => void): void
}

/**
 * The platform posts at most twice `maxBytes` (512 KiB as we subscribe) and its metadata. More than this comes from something else in the
 * sandbox: read to its end, thrown away, counted.
 */
const LIMITS = { head: 16 * 1024, body: 2 * 1024 * 1024 }
/**
 * At most this many connections at once. The platform uses one, the function can open as many as it likes: a new one pushes out the one that
 * is least likely to be the platform's.
 */
const MAX_CONNECTIONS = 16
/**
 * A request must be whole within twice this, ms. Twice, because a freeze of the sandbox eats one timer: after the thaw it is overdue before the
 * bytes that wait in the socket have been read.
 */
const READ_MS = 5_000
/**
 * How many of the last POSTs are remembered: the platform repeats one at once or not at all. A POST is a repetition only where its
 * `Sequence-Id` and its bytes both are: anything in the sandbox can send an id that the platform is about to use.
 */
const REMEMBERED = 32
/** Telemetry that comes before anybody reads it, POSTs: the platform sends one, and has to wait for the answer. What else comes is read by nobody. */
const MAX_EARLY = 8
const OK = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
const BAD = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

/**
 * Receives the Telemetry API's POSTs. Each is answered 200 when its body has been read, whatever became of it: what is answered stands in the
 * journal, and what cannot be read must not come again for ever.
 */
export async function listenForTelemetry(host: Host, bind: string, counters: Counters): Promise<TelemetryListener> {
  const seen = new Set<string>()
  /** The one that has been quiet for longest first. */
  const open = new Set<Peer>()
  let lastAt = 0
  let taken: ((body: Uint8Array) => void) | undefined
  const early: (() => void)[] = []

  const take = (message: Message) => {
    if (message.overflow) return counters.drop('body-too-large', 1, message.bytes)
    const id = message.headers.get('sequence-id')
    if (id !== undefined) {
      const post = `${Buffer.from(host.sha256(message.body)).toString('base64')} ${id}`
      if (seen.has(post)) return counters.drop('repeated', 1, message.bytes)
      seen.add(post)
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED) break
        seen.delete(oldest)
      }
    }
    if (message.body.length === 0) return
    if (taken) taken(message.body)
    else counters.drop('buffer-full', 1, message.bytes)
  }
  const answer = (message: Message, connection: Connection) => {
    try {
      take(message)
    } catch {
      counters.fault('telemetry:internal')
    }
    connection.write(OK)
  }

  const accept = (connection: Connection): ConnectionEvents => {
    const parser = createParser('request', LIMITS)
    let refused = false
    let cancel: (() => void) | undefined
    const refuse = (fault: string) => {
      refused = true
      cancel?.()
      open.delete(peer)
      counters.fault(fault)
      connection.close()
    }
    const peer: Peer = { posted: false, idle: true, refuse }
    if (open.size >= MAX_CONNECTIONS) leastLikely(open)?.refuse('telemetry:crowded')
    open.add(peer)

    const watch = () => {
      cancel = host.after(READ_MS, () => {
        cancel = host.after(READ_MS, () => refuse('telemetry:too-slow'))
      })
    }
    return {
      data(bytes) {
        if (refused) return
        try {
          const messages = parser.push(bytes)
          for (const message of messages) {
            lastAt = host.now()
            if (taken || early.length >= MAX_EARLY) answer(message, connection)
            else early.push(() => answer(message, connection))
          }
          const whole = messages.length > 0
          if (whole || peer.idle) {
            cancel?.()
            open.delete(peer)
            open.add(peer)
            if (!parser.idle) watch()
          }
          peer.posted ||= whole
          peer.idle = parser.idle
        } catch {
          connection.write(BAD)
          refuse('telemetry:not-http')
        }
      },
      closed() {
        if (refused) return
        cancel?.()
        open.delete(peer)
        if (!parser.idle) counters.fault('telemetry:cut-off')
      },
    }
  }

  const listener = await host.listen(bind, accept)
  return {
    port: listener.port,
    close: () => listener.close(),
    deliver(to) {
      taken = to
      for (const each of early.splice(0)) each()
    },
    get lastAt() {
      return lastAt
    },
  }
}

/** One open connection. */
interface Peer {
  /** It has brought a whole request. */
  posted: boolean
  /** Nothing of a request is under way on it. */
  idle: boolean
  refuse(fault: string): void
}

/** The oldest that never brought anything, else the oldest idle one, else the one whose request has been under way for longest. */
function leastLikely(open: ReadonlySet<Peer>): Peer | undefined {
  const peers = [...open]
  return peers.find(({ idle, posted }) => idle && !posted) ?? peers.find(({ idle }) => idle) ?? peers[0]
}
