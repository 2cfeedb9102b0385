import type { Clock } from '../clock.ts'
import { eventBytes, type SourceRecord } from './event.ts'

export interface LaneRules {
  batchSize: number
  maximumBatchingWindowInSeconds: number
}

/** Lambda's limit of an event; the mapping cuts a batch before it. A record that is larger alone makes a batch of its own. */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024

/** A queue of records that are processed in order, one batch at a time. A shard has as many lanes as its parallelization factor. */
export class Lane {
  readonly #rules: LaneRules
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #queue: { record: SourceRecord; bytes: number; at: number }[] = []
  #changed = Promise.withResolvers<void>()

  constructor(rules: LaneRules, clock: Clock, signal: AbortSignal) {
    this.#rules = rules
    this.#clock = clock
    this.#signal = signal
    signal.addEventListener('abort', () => this.#changed.resolve())
  }

  push(records: readonly SourceRecord[]): void {
    const at = this.#clock.now()
    for (const record of records) this.#queue.push({ record, bytes: eventBytes(record), at })
    this.#changed.resolve()
  }

  /** Runs until the signal aborts; `process` gets one batch after the other. */
  async run(process: (batch: readonly SourceRecord[]) => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      const first = this.#queue[0]
      if (!first) {
        await this.#wait()
        continue
      }
      const left = first.at + this.#rules.maximumBatchingWindowInSeconds * 1000 - this.#clock.now()
      const size = this.#batchLength()
      if (size.full || left <= 0) await process(this.#queue.splice(0, size.length).map(({ record }) => record))
      else await this.#wait(left)
    }
  }

  #batchLength(): { length: number; full: boolean } {
    let bytes = 0
    for (const [length, entry] of this.#queue.entries()) {
      bytes += entry.bytes
      if (length === this.#rules.batchSize || (length > 0 && bytes > MAX_EVENT_BYTES)) return { length, full: true }
    }
    return { length: this.#queue.length, full: this.#queue.length >= this.#rules.batchSize }
  }

  async #wait(ms?: number): Promise<void> {
    this.#changed = Promise.withResolvers()
    if (ms === undefined) return this.#changed.promise
    const over = new AbortController()
    await Promise.race([this.#changed.promise, this.#clock.sleep(ms, over.signal)])
    over.abort()
  }
}
