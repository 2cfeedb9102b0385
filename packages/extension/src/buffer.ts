import { estimateRecordBytes } from '@weir/schema/encode'
import type { TelemetryRecord } from '@weir/schema'
import type { Counters } from './counters.ts'

/** Who goes first when there is no room: `kept` (platform telemetry, Weir's own signals) pushes out `log` (what the function printed). */
export type Priority = 'kept' | 'log'

/** Where records wait for the next flush. */
export interface Buffer {
  /** Never fails: what does not fit is dropped and counted as `buffer-full`, and the answer is false. */
  add(record: TelemetryRecord, priority: Priority): boolean
  /** The next batch, up to these limits, `kept` records first, then in the order they came. Empty when there is nothing. */
  take(maxRecords: number, maxBytes: number): TelemetryRecord[]
  /** Bytes that wait elsewhere (encoded batches not yet accepted) and count against the same cap. */
  reserve(bytes: number): void
  readonly records: number
}

interface Entry {
  readonly record: TelemetryRecord
  readonly bytes: number
  readonly order: number
}

/** What waits stands in `counters.waiting` as well, for those who decide when to ship. */
export function createBuffer(capacity: number, counters: Counters): Buffer {
  const queues: Record<Priority, Queue> = { kept: new Queue(), log: new Queue() }
  let reserved = 0
  let order = 0
  const room = () => capacity - reserved - queues.kept.bytes - queues.log.bytes
  const tell = () => {
    const { waiting } = counters
    waiting.kept = queues.kept.length
    waiting.log = queues.log.length
    waiting.share = 1 - room() / capacity
  }
  return {
    add(record, priority) {
      const entry = { record, bytes: estimateRecordBytes(record), order: order++ }
      // The newest log goes first: what came before it tells how the trouble began.
      if (priority === 'kept' && queues.kept.bytes + entry.bytes <= capacity - reserved) {
        while (room() < entry.bytes) {
          const victim = queues.log.pop()
          if (!victim) break
          counters.drop('buffer-full', 1, victim.record.body.length)
        }
      }
      const fits = room() >= entry.bytes
      if (fits) queues[priority].push(entry)
      else counters.drop('buffer-full', 1, record.body.length)
      tell()
      return fits
    },
    take(maxRecords, maxBytes) {
      const taken: Entry[] = []
      let bytes = 0
      for (const queue of [queues.kept, queues.log]) {
        for (let next = queue.first; next && taken.length < maxRecords && bytes + next.bytes <= maxBytes; next = queue.first) {
          bytes += next.bytes
          taken.push(next)
          queue.shift()
        }
      }
      tell()
      return taken.sort((a, b) => a.order - b.order).map(each => each.record)
    },
    reserve(bytes) {
      reserved = bytes
      tell()
    },
    get records() {
      return queues.kept.length + queues.log.length
    },
  }
}

/** Both ends in constant time: `shift` of an array moves everything behind it. */
class Queue {
  #entries: Entry[] = []
  #head = 0
  bytes = 0

  get length(): number {
    return this.#entries.length - this.#head
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head]
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
    this.bytes += entry.bytes
  }

  pop(): Entry | undefined {
    if (this.length === 0) return undefined
    const entry = this.#entries.pop()
    this.bytes -= entry?.bytes ?? 0
    return entry
  }

  shift(): void {
    this.bytes -= this.first?.bytes ?? 0
    this.#head++
    if (this.#head * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }
}
