import { systemClock, type Clock } from '../clock.ts'
import { categoryOf, type TelemetryEvent } from './events.ts'
import type { Subscription } from './subscription.ts'

/** Delivers one batch; rejects when the listener is not there or does not answer 2xx. */
export type Deliver = (body: string, destination: Subscription['destination']) => Promise<void>

interface Batch {
  events: string[]
  bytes: number
  /** What was dropped since the last batch that left, and when that began; told by the batch's first event. */
  lost?: { records: number; bytes: number; time: number }
}

const RETRY = { firstMs: 100, maxMs: 2000 }
const DROP_REASON = 'Some logs were dropped because the downstream consumer is slower than the logs production rate'

/**
 * One subscriber of the Telemetry API. Events collect until a batch has maxItems, has reached maxBytes (so that a body is larger by up to an
 * event, as AWS warns and its emulator does) or is timeoutMs old. One batch is in flight at
 * a time and is retried with backoff for as long as it takes; when the next one fills meanwhile it is dropped as a whole, and a
 * `platform.logsDropped` opens the next batch that leaves. So a subscriber costs two batches of memory, whatever the function writes.
 * While the sandbox is frozen nothing leaves, as the platform's own daemon is frozen with it.
 */
export class Subscriber {
  readonly name: string
  readonly subscription: Subscription
  readonly #deliver: Deliver
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #open: Batch = { events: [], bytes: 0 }
  #due = false
  #sending: Promise<void> | undefined
  #paused: PromiseWithResolvers<void> | undefined

  constructor(name: string, subscription: Subscription, deliver: Deliver, clock: Clock = systemClock) {
    this.name = name
    this.subscription = subscription
    this.#deliver = deliver
    this.#clock = clock
  }

  offer(event: TelemetryEvent): void {
    if (this.#closing.signal.aborted || !this.subscription.types.includes(categoryOf(event.type))) return
    const text = this.#encode(event)
    const bytes = Buffer.byteLength(text)
    if (this.#full) {
      this.#due = true
      if (!this.#send()) this.#drop()
    }
    this.#push(text, bytes)
  }

  /** Sends what is there without waiting for timeoutMs; the promise ends when nothing is buffered or in flight any more. */
  async flush(): Promise<void> {
    while (this.#open.events.length > 0 || this.#sending) {
      this.#due = true
      this.#send()
      await this.#sending
      if (this.#closing.signal.aborted) return
    }
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers()
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
    this.#send()
  }

  close(): void {
    this.#closing.abort()
    this.resume()
    this.#open = { events: [], bytes: 0 }
  }

  get #full(): boolean {
    const { maxItems, maxBytes } = this.subscription.buffering
    return this.#open.events.length >= maxItems || this.#open.bytes >= maxBytes
  }

  #push(text: string, bytes: number): void {
    this.#open.events.push(text)
    this.#open.bytes += bytes
    if (this.#full) {
      this.#due = true
      this.#send()
    }
    if (this.#open.events.length !== 1) return
    const batch = this.#open
    void this.#clock.sleep(this.subscription.buffering.timeoutMs, this.#closing.signal).then(() => {
      if (this.#open !== batch) return
      this.#due = true
      this.#send()
    })
  }

  /** True when the open batch has left. */
  #send(): boolean {
    if (!this.#due || this.#sending || this.#paused || this.#closing.signal.aborted || this.#open.events.length === 0)
      return false
    const { events, lost } = this.#open
    const tell = lost && this.subscription.types.includes('platform')
    const body = `[${(tell ? [this.#dropped(lost), ...events] : events).join(',')}]`
    this.#open = { events: [], bytes: 0 }
    this.#due = false
    this.#sending = this.#retry(body).finally(() => {
      this.#sending = undefined
      this.#send()
    })
    return true
  }

  async #retry(body: string): Promise<void> {
    for (let wait = RETRY.firstMs; !this.#closing.signal.aborted; wait = Math.min(wait * 2, RETRY.maxMs)) {
      try {
        return await this.#deliver(body, this.subscription.destination)
      } catch {
        await this.#clock.sleep(wait, this.#closing.signal)
        await this.#paused?.promise
      }
    }
  }

  #drop(): void {
    const { events, bytes, lost } = this.#open
    const time = lost?.time ?? this.#clock.now()
    this.#open = {
      events: [],
      bytes: 0,
      lost: { records: events.length + (lost?.records ?? 0), bytes: bytes + (lost?.bytes ?? 0), time },
    }
    this.#due = false
  }

  #dropped({ records, bytes, time }: NonNullable<Batch['lost']>): string {
    const record = { droppedBytes: bytes, droppedRecords: records, reason: DROP_REASON }
    return this.#encode({ time: new Date(time).toISOString(), type: 'platform.logsDropped', record })
  }

  /** Schema 2022-07-01 renders every log record as text, later ones keep JSON records. */
  #encode({ time, type, record }: TelemetryEvent): string {
    const asText =
      categoryOf(type) !== 'platform' && typeof record !== 'string' && this.subscription.schemaVersion === '2022-07-01'
    return JSON.stringify({ time, type, record: asText ? JSON.stringify(record) : record })
  }
}
