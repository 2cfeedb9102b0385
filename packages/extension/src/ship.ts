import type { Batch } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import { type Breaker, fraction } from './breaker.ts'
import type { Host } from './host/host.ts'
import { type Entry, type Kinesis, PutError, type PutFailure } from './kinesis.ts'
import { type Journal, type Name, noJournal } from './journal/journal.ts'
import type { Recorder } from './recorder.ts'

/** Takes batches from the recorder to the stream. */
export interface Shipper {
  /**
   * Ships what there is when it begins. Ends when all that is acknowledged, when it cannot go on, or at `until` (epoch milliseconds); never
   * fails. A call while one runs begins after it. `last`: SHUTDOWN, so one try is made even where the breaker is open, and what is new goes first.
   */
  flush(until: number, last?: boolean): Promise<void>
  /** A flush will follow: its handshake can go on while the handler runs. */
  prepare(): void
  /** Records cut into batches that no answer has acknowledged. */
  readonly unsent: number
  /** The stream has failed lately: a flush would do nothing now. */
  readonly paused: boolean
  /** After a restore: sockets, keys and failures are those of the snapshot. */
  forget(): void
}

/** PutRecords takes 500 records and 5 MiB a call, partition keys included (Kinesis API reference). */
const MAX_ENTRIES = 500
const MAX_CALL_BYTES = 5 * 1024 * 1024
const MAX_ATTEMPTS = 4
const BACKOFF_MS = 50
const MAX_BACKOFF_MS = 800
/** Less than this is not worth a call: a round trip within a region takes a few milliseconds, a handshake some tens. */
const MIN_CALL_MS = 20
/** A batch of what was recovered. One goes with each flush, so that a flush stays short; at SHUTDOWN all there are. */
const MAX_CARRIED = 1_000_000

interface Waiting extends Entry, Name {
  readonly records: number
  readonly bytes: number
}

/** What to do about each kind of failure: try again at once on a fresh socket, try again after a pause, or leave it; and for how long. */
const PLANS: Readonly<Record<PutFailure, { readonly again: 'once' | 'later' | 'no'; readonly pauseMs: number }>> = {
  busy: { again: 'later', pauseMs: 1_000 },
  unreachable: { again: 'once', pauseMs: 5_000 },
  keys: { again: 'once', pauseMs: 1_000 },
  timeout: { again: 'no', pauseMs: 10_000 },
  nonsense: { again: 'no', pauseMs: 60_000 },
  refused: { again: 'no', pauseMs: 60_000 },
  invalid: { again: 'no', pauseMs: 60_000 },
}

export function createShipper(
  host: Host,
  kinesis: Kinesis,
  recorder: Recorder,
  breaker: Breaker,
  journal: Journal = noJournal,
): Shipper {
  const { counters } = recorder
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  /** What the last call carried. */
  let sent: readonly Waiting[] = []

  const settle = (left: Waiting[]) => {
    waiting = left
    recorder.reserve(left.reduce((sum, each) => sum + each.data.length, 0))
    journal.waiting(left)
  }

  const encode = (batch: Batch, compress: boolean): Waiting[] => {
    const { sandbox, sequence, records } = batch
    try {
      const data = encodeBatch(batch, compress)
      return [{ data, sandbox, sequence, partitionKey: sandbox, records: records.length, bytes: data.length + sandbox.length }]
    } catch {
      counters.drop('not-encodable', records.length, 0)
      recorder.lost(sandbox, records.length)
      return []
    }
  }

  /** What is recovered goes along, one batch of it. `first`: what is cut now goes before what waits. False when there was nothing. */
  const cut = (first: boolean): boolean => {
    const carrier = journal.recover(recorder, Math.min(MAX_CARRIED, recorder.config.bufferBytes / 4))
    const batches = recorder.pending ? recorder.cut() : []
    const fresh = batches.flatMap(each => encode(each, true))
    const last = batches.at(-1)
    if (last) journal.cut(fresh, last.sequence)
    if (carrier) fresh.push(...encode(recorder.carry(carrier), false))
    settle(first ? [...fresh, ...waiting] : [...waiting, ...fresh])
    return fresh.length > 0
  }

  /** One call with the first of what waits. What it acknowledged is gone afterwards; true when that was all of it. */
  const call = async (timeoutMs: number, most: number): Promise<boolean> => {
    sent = fitting(waiting).slice(0, most)
    const results = await kinesis.put(sent, timeoutMs)
    const failed = sent.filter((_, index) => results[index] !== undefined)
    for (const code of results) if (code !== undefined) counters.fault(`kinesis:${code}`)
    settle([...failed, ...waiting.slice(sent.length)])
    return failed.length === 0
  }

  const pause = (attempt: number, until: number) => {
    const ms = fraction(host) * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempt)
    return new Promise<void>(resolve => host.after(Math.min(ms, Math.max(0, until - host.now())), resolve))
  }

  const ship = async (until: number, last: boolean): Promise<void> => {
    if (last) {
      breaker.reset()
      cut(true)
    }
    if (breaker.open) return
    let repeated = false
    let done = false
    // There may be time for one small call only, and what matters most stands in the first batch.
    let most = last ? 1 : MAX_ENTRIES
    for (let attempt = 0; attempt < MAX_ATTEMPTS; ) {
      if (waiting.length === 0) {
        if ((done && !last) || !cut(false)) return
        done = true
      }
      const left = until - host.now()
      if (left < MIN_CALL_MS) return
      try {
        if (await call(left, most)) {
          breaker.succeeded()
          most = MAX_ENTRIES
          continue
        }
        attempt++
      } catch (error) {
        const { failure, code } = error instanceof PutError ? error : new PutError('nonsense', 'internal')
        counters.fault(`kinesis:${code}`)
        const { again, pauseMs } = PLANS[failure]
        if (failure === 'invalid') {
          // One of these is at fault, or the call itself is: each alone will tell.
          if (sent.length > 1) {
            most = 1
            continue
          }
          discard()
          if (++attempt < MAX_ATTEMPTS) continue
        }
        if (again === 'no' || (again === 'once' && repeated)) return breaker.failed(pauseMs)
        if (again === 'once') {
          repeated = true
          continue
        }
        attempt++
      }
      if (attempt >= MAX_ATTEMPTS) return breaker.failed(PLANS.busy.pauseMs)
      await pause(attempt, until)
    }
  }

  /** The stream says that it will never take these bytes. */
  const discard = () => {
    for (const each of sent) {
      counters.drop('stream-rejected', each.records, each.data.length)
      recorder.lost(each.partitionKey, each.records)
    }
    settle(waiting.slice(sent.length))
  }

  const shipper: Shipper = {
    flush(until, last = false) {
      if (running) {
        if (next && !last) return next
        const mine = (next ?? running).then(() => {
          if (next === mine) next = undefined
          return shipper.flush(until, last)
        })
        return (next = mine)
      }
      running = ship(until, last)
        .catch(() => counters.fault('ship:internal'))
        .finally(() => {
          running = undefined
        })
      return running
    },
    prepare: () => kinesis.open(),
    get paused() {
      return breaker.open
    },
    get unsent() {
      return waiting.reduce((sum, each) => sum + each.records, 0)
    },
    forget() {
      kinesis.forget()
      breaker.reset()
    },
  }
  return shipper
}

/** The longest beginning of the queue that one call may carry. */
function fitting(queue: readonly Waiting[]): Waiting[] {
  let bytes = 0
  const end = queue.findIndex((each, index) => index >= MAX_ENTRIES || (bytes += each.bytes) > MAX_CALL_BYTES)
  return queue.slice(0, end < 0 ? queue.length : end)
}
