import type { Counters } from './counters.ts'
import type { Host, Listener } from './host/host.ts'
import type { Message } from './http-message.ts'
import { serve } from './http-server.ts'

export interface TelemetryListener extends Listener {
  /** When the last POST was answered, epoch milliseconds; 0 before the first. */
  readonly lastAt: number
  /** Where bodies go from now on; what came before it was known is read first. */
  deliver(taken: (body: Uint8Array) => void): void
}

/**
 * How many of the last POSTs are remembered: the platform repeats one at once or not at all. A POST is a repetition only where its
 * `Sequence-Id` and its bytes both are: anything in the sandbox can send an id that the platform is about to use.
 */
const REMEMBERED = 32
/** Telemetry that comes before anybody reads it, POSTs: the platform sends one, and has to wait for the answer. What else comes is read by nobody. */
const MAX_EARLY = 8
const OK = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')

/**
 * Receives the Telemetry API's POSTs. Each is answered 200 when its body has been read, whatever became of it: what is answered stands in the
 * journal, and what cannot be read must not come again for ever.
 */
export async function listenForTelemetry(host: Host, bind: string, counters: Counters): Promise<TelemetryListener> {
  const seen = new Set<string>()
  let lastAt = 0
  let taken: ((body: Uint8Array) => void) | undefined
  const early: (() => void)[] = []

  const take = (post: Message) => {
    if (post.overflow) return counters.drop('body-too-large', 1, post.bytes)
    const id = post.headers.get('sequence-id')
    if (id !== undefined) {
      const mark = `${Buffer.from(host.sha256(post.body)).toString('base64')} ${id}`
      if (seen.has(mark)) return counters.drop('repeated', 1, post.bytes)
      seen.add(mark)
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED) break
        seen.delete(oldest)
      }
    }
    if (post.body.length === 0) return
    if (taken) taken(post.body)
    else counters.drop('buffer-full', 1, post.bytes)
  }
  const fault = (kind: string) => counters.fault(`telemetry:${kind}`)

  const listener = await serve(
    host,
    bind,
    (post, connection) => {
      const answer = () => {
        try {
          take(post)
        } catch {
          fault('internal')
        }
        connection.write(OK)
      }
      lastAt = host.now()
      if (taken || early.length >= MAX_EARLY) answer()
      else early.push(answer)
    },
    fault,
  )
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
