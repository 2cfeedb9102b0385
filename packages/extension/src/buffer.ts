import { estimateRecordBytes } from '@weir/schema/encode'
import type { TelemetryRecord } from '@weir/schema'
import type { Counters } from './counters.ts'

/** Who goes first when there is no room: `kept` (platform telemetry, Weir's own signals) pushes out `log` (what the function printed). */
export type Priority = 'kept' | 'log'

/** Within `kept`, Weir's own signals go before the platform's: findings, and how the sandbox ended. Each pushes out what comes after it. */
const RANKS = ['own', 'kept', 'log'] as const
type Rank = (typeof RANKS)[number]
/** What a rank may push out, the least first. */
const LESSER: Readonly<Record<Rank, readonly Rank[]>> = { own: ['log', 'kept'], kept: ['log'], log: [] }

/** Where records wait for the next flush. */
export interface Buffer {
  /** Never fails: what does not fit is dropped and counted as `buffer-full`, and the answer is false. */
  add(record: TelemetryRecord, priority: Priority): boolean
  /** The next batch, up to these limits: our own signals first, then `kept` ones, then logs. In it they stand in the order they came. */
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
  const queues: Record<Rank, Queue> = { own: new Queue(), kept: new Queue(), log: new Queue() }
  let reserved = 0
  let order = 0
  const room = () => capacity - reserved - queues.own.bytes - queues.kept.bytes - queues.log.bytes
  const tell = () => {
    const { waiting } = counters
    waiting.kept = queues.own.length + queues.kept.length
    waiting.log = queues.log.length
    waiting.share = 1 - room() / capacity
  }
  /** The newest goes first: what came before it tells how the trouble began. */
  const makeRoom = (lesser: readonly Queue[], bytes: number) => {
    if (bytes > lesser.reduce((sum, each) => sum + each.bytes, room())) return
    for (const queue of lesser) {
      for (let victim = queue.last; victim && room() < bytes; victim = queue.last) {
        queue.pop()
        counters.drop('buffer-full', 1, victim.record.body.length)
      }
    }
  }
  return {
    add(record, priority) {
      const entry = { record, bytes: estimateRecordBytes(record), order: order++ }
      const rank = priority === 'kept' && record.signal.startsWith('weir.') ? 'own' : priority
      if (room() < entry.bytes)
        makeRoom(
          LESSER[rank].map(each => queues[each]),
          entry.bytes,
        )
      const fits = room() >= entry.bytes
      if (fits) queues[rank].push(entry)
      else counters.drop('buffer-full', 1, record.body.length)
      tell()
      return fits
    },
    take(maxRecords, maxBytes) {
      const taken: Entry[] = []
      let bytes = 0
      for (const rank of RANKS) {
        const queue = queues[rank]
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
      return queues.own.length + queues.kept.length + queues.log.length
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

  get last(): Entry | undefined {
    return this.length > 0 ? this.#entries.at(-1) : undefined
  }

  pop(): void {
    this.bytes -= this.last?.bytes ?? 0
    if (this.length > 0) this.#entries.pop()
  }

  shift(): void {
    this.bytes -= this.first?.bytes ?? 0
    this.#head++
    if (this.#head * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }
}
