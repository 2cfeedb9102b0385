import type { Counters } from './counters.ts'
import type { Connection, ConnectionEvents, Host, Listener } from './host/host.ts'
import { createParser, type Message } from './http-message.ts'

export interface TelemetryListener extends Listener {
  /** When the last POST was answered, epoch milliseconds; 0 before the first. */
  readonly lastAt: number
}

/**
 * The platform posts at most twice `maxBytes` (512 KiB as we subscribe) and its metadata. More than this comes from something else in the
 * sandbox: read to its end, thrown away, counted.
 */
const LIMITS = { head: 16 * 1024, body: 1024 * 1024 }
/** How many of the last `Sequence-Id`s are remembered: the platform repeats a POST at once or not at all. */
const REMEMBERED = 32
const OK = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
const BAD = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

/**
 * Receives the Telemetry API's POSTs. Each is answered 200 as soon as its bytes are in memory, and only then read: the answer must not wait for
 * us, and what cannot be read must not come again for ever. `taken` gets the body.
 */
export async function listenForTelemetry(
  host: Host,
  bind: string,
  counters: Counters,
  taken: (body: Uint8Array) => void,
): Promise<TelemetryListener> {
  const seen = new Set<string>()
  let lastAt = 0

  const take = (message: Message) => {
    lastAt = host.now()
    if (message.overflow) return counters.drop('body-too-large', 1, message.bytes)
    const id = message.headers.get('sequence-id')
    if (id !== undefined) {
      if (seen.has(id)) return
      seen.add(id)
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED) break
        seen.delete(oldest)
      }
    }
    if (message.body.length > 0) taken(message.body)
  }

  const accept = (connection: Connection): ConnectionEvents => {
    const parser = createParser('request', LIMITS)
    let refused = false
    return {
      data(bytes) {
        if (refused) return
        try {
          for (const message of parser.push(bytes)) {
            connection.write(OK)
            take(message)
          }
        } catch {
          refused = true
          counters.fault('telemetry:not-http')
          connection.write(BAD)
          connection.close()
        }
      },
      closed() {
        if (!parser.idle && !refused) counters.fault('telemetry:cut-off')
      },
    }
  }

  const listener = await host.listen(bind, accept)
  return {
    port: listener.port,
    close: () => listener.close(),
    get lastAt() {
      return lastAt
    },
  }
}
