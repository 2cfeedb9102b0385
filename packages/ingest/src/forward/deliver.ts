import { ConfigError, UnmappableError } from '../errors.ts'
import type { QuarantineReason } from '../event.ts'
import type { Judgement, SinkRequest } from '../sink.ts'
import type { SpooledEvent } from '../spool/spool.ts'
import { type Attempts, waitMs } from './backoff.ts'
import type { Failure } from './breaker.ts'
import type { Held } from './held.ts'
import { type Channel, judgeAll, judgeError, type Session } from './channel.ts'

/** Where one call's events ended. Each event is in exactly one list. */
export interface Delivery {
  readonly delivered: SpooledEvent[]
  readonly duplicate: SpooledEvent[]
  readonly rejected: Rejection[]
  readonly waiting: Waiting[]
  /** Set where the sink as a whole failed, and not only for want of time. */
  failure?: Failure
}

export interface Rejection {
  readonly item: SpooledEvent
  readonly reason: QuarantineReason
  readonly detail: string
}

export interface Waiting extends Failure {
  readonly item: SpooledEvent
}

export interface Terms {
  /** When the last attempt must have ended, epoch milliseconds. */
  readonly deadline: number
  readonly attempts: Attempts
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Bytes an encoded event takes, learned from call to call, so that few requests are encoded twice. */
  readonly size: { bytes: number }
  /** The partitions the sink refuses, kept from call to call. */
  readonly held: Held
}

/** Events that go out together. */
interface Parcel {
  readonly items: readonly SpooledEvent[]
  /** Attempts that brought it nothing. */
  readonly failures: number
  /** Whether the sink has taken some of what was sent with them: then it is not the sink that fails. */
  readonly progressed: boolean
}

/** Partitions refused in a row and nothing taken: it is the sink that refuses, not some indices or tables of it. */
const MAX_HELD_PARTITIONS = 8
const FILL = 0.9 // of a request's limit, because events differ in size

/**
 * Sends events to one sink, in order: divides them by the sink's partitions and limits, asks again, splits, and sorts out what the sink will
 * never take. Ends when all is settled, the sink fails, or time is up; what is left is `waiting`. Never rejects.
 */
export async function deliver(channel: Channel, given: readonly SpooledEvent[], terms: Terms): Promise<Delivery> {
  const items = given.map(item => ({ ...item })) // told apart by identity from here on, even where a caller gives one twice
  const run = new Run(channel, terms)
  try {
    await run.send(items)
  } catch (error) {
    run.stop(failureOf(judgeError(error)))
  }
  return run.finish(items)
}

class Run {
  readonly #out: Delivery = { delivered: [], duplicate: [], rejected: [], waiting: [] }
  readonly #placed = new Set<SpooledEvent>()
  readonly #channel: Channel
  readonly #terms: Terms
  #session: Session = { options: undefined, headers: {} }
  #refreshed = false
  /** The sink has settled at least one event, so it is there and lets us in. */
  #answered = false
  #stopped: Failure | undefined
  /** Why the partition at hand is refused. */
  #held: Failure | undefined
  #heldPartitions = 0

  constructor(channel: Channel, terms: Terms) {
    this.#channel = channel
    this.#terms = terms
  }

  async send(items: readonly SpooledEvent[]): Promise<void> {
    this.#session = await this.#channel.open({ fresh: false, timeoutMs: this.#leftMs() })
    const { held } = this.#terms
    for (const [key, partition] of this.#partitions(items)) {
      const refused = held.failure(key)
      if (refused) {
        this.#wait(partition, refused)
        continue
      }
      this.#held = undefined
      await this.#sendPartition(partition)
      if (this.#held) this.#refused(key, this.#held)
      else if (!this.#stopped) held.succeed(key)
      if (this.#stopped) return
    }
  }

  /** A sink without partitions is refused as a whole; of one with partitions, many must be. */
  #refused(key: string, failure: Failure): void {
    if (this.#channel.sink.partition) {
      this.#terms.held.fail(key, failure)
      if (this.#answered || ++this.#heldPartitions < MAX_HELD_PARTITIONS) return
    } else if (this.#answered) return
    this.stop(failure)
  }

  stop(failure: Failure): void {
    this.#stopped = failure
    this.#out.failure = failure
  }

  /** What is in no list yet waits, for the reason that stopped the run. */
  finish(items: readonly SpooledEvent[]): Delivery {
    const left = items.filter(item => !this.#placed.has(item))
    this.#wait(left, this.#stopped ?? { why: 'retry', reason: 'not sent' })
    return this.#out
  }

  /** Events by the sink's key, in the order of each key's first event. */
  #partitions(items: readonly SpooledEvent[]): Iterable<readonly [key: string, items: readonly SpooledEvent[]]> {
    const { sink } = this.#channel
    if (!sink.partition) return [['', items]]
    const partitions = new Map<string, SpooledEvent[]>()
    for (const item of items) {
      try {
        const key = sink.partition(item.event, this.#session.options)
        const partition = partitions.get(key)
        if (partition) partition.push(item)
        else partitions.set(key, [item])
      } catch (error) {
        this.#reject(item, 'rejected', unencodable(error))
      }
    }
    return partitions
  }

  async #sendPartition(items: readonly SpooledEvent[]): Promise<void> {
    const limits = this.#channel.sink.limits(this.#session.options)
    for (let start = 0; start < items.length; ) {
      const fitting = Math.floor((limits.bytes * FILL) / this.#terms.size.bytes)
      const end = start + Math.max(1, Math.min(limits.events, fitting))
      const stack: Parcel[] = [{ items: items.slice(start, end), failures: 0, progressed: false }]
      for (let parcel = stack.pop(); parcel; parcel = stack.pop()) {
        const next = await this.#sendParcel(parcel, limits.bytes)
        if (this.#stopped) return
        if (this.#held) return this.#wait(this.#unplaced(items), this.#held)
        stack.push(...next.toReversed()) // what came first goes out first
      }
      start = end
    }
  }

  /** One request, repeated as it is while the sink asks for that. Returns what to send in its place. */
  async #sendParcel(parcel: Parcel, maxBytes: number): Promise<readonly Parcel[]> {
    const { items } = parcel
    const events = items.map(({ event }) => event)
    let request: SinkRequest
    try {
      request = this.#channel.sink.encode(events, this.#session.options)
    } catch (error) {
      if (error instanceof ConfigError) return this.#hold({ why: 'hold', reason: error.message })
      return halves(parcel) ?? this.#reject(items[0], 'rejected', unencodable(error))
    }
    const bytes = Buffer.byteLength(request.body)
    this.#terms.size.bytes = Math.max(1, bytes / items.length)
    if (bytes > maxBytes) {
      return halves(parcel) ?? this.#reject(items[0], 'too-large', `${bytes} bytes encoded; the sink takes ${maxBytes} at once`)
    }
    const dressed = await this.#channel.dress(request, this.#session)

    const { attempts, now, deadline, sleep } = this.#terms
    for (let failures = parcel.failures; ; failures++) {
      if (deadline - now() < attempts.minMs) {
        this.#stopped = { why: 'retry', reason: 'no time was left for the sink' }
        return []
      }
      const said = this.#sort(items, await this.#ask(dressed, events))
      if (said.hold.length > 0) {
        if (await this.#refresh()) return [{ ...parcel, items: this.#unplaced(items) }]
        if (said.hold.length === items.length) return this.#hold(said.failure)
        this.#wait(said.hold, said.failure)
      }
      if (said.split.length === items.length) return halves(parcel) ?? this.#reject(items[0], 'rejected', said.failure.reason)
      const smaller = said.split.length > 0 ? [{ ...parcel, items: said.split, progressed: true }] : []
      if (said.retry.length === 0) return smaller

      const whole = said.retry.length === items.length
      const wait = this.#backoff(
        said.rejected > 0 ? failures : failures + 1,
        said.failure.afterMs ?? (said.rejected > 0 ? 0 : undefined),
      )
      if (wait === undefined) {
        if ((whole && !parcel.progressed) || tooLong(said.failure, attempts)) {
          this.stop(said.failure)
          return []
        }
        this.#wait(said.retry, said.failure)
        return smaller
      }
      await sleep(wait)
      // Events beyond a rejected one were not looked at: that was no failure of theirs.
      if (!whole)
        return [{ items: said.retry, failures: said.rejected > 0 ? failures : failures + 1, progressed: true }, ...smaller]
    }
  }

  async #ask(request: SinkRequest, events: readonly SpooledEvent['event'][]): Promise<readonly Judgement[]> {
    const { now, deadline } = this.#terms
    const timeoutMs = Math.min(this.#channel.timeoutMs(this.#session), deadline - now())
    try {
      const response = await this.#channel.send(request, events, this.#session, timeoutMs)
      return judgeAll(this.#channel.sink, response, events, this.#session.options)
    } catch (error) {
      const judgement = judgeError(error)
      return events.map(() => judgement)
    }
  }

  /** Places what is settled, and says what is not and why. */
  #sort(items: readonly SpooledEvent[], judgements: readonly Judgement[]) {
    const retry: SpooledEvent[] = []
    const split: SpooledEvent[] = []
    const hold: SpooledEvent[] = []
    let rejected = 0
    let failure: Failure = { why: 'retry', reason: 'no reason given' }
    for (const [i, item] of items.entries()) {
      const judgement = judgements[i] ?? { verdict: 'retry' }
      const { verdict } = judgement
      if (verdict === 'delivered' || verdict === 'duplicate') {
        this.#place(item)
        this.#out[verdict].push(item)
      } else if (verdict === 'rejected') {
        rejected++
        this.#reject(item, 'rejected', reasonOf(judgement))
      } else {
        ;({ retry, split, hold })[verdict].push(item)
        const afterMs = Math.max(failure.afterMs ?? -1, judgement.afterMs ?? -1)
        failure = {
          ...(failure.why === 'hold' && verdict !== 'hold' ? failure : failureOf(judgement)),
          ...(afterMs >= 0 && { afterMs }),
        }
      }
    }
    if (retry.length + split.length + hold.length < items.length) this.#answered = true
    return { retry, split, hold, rejected, failure }
  }

  /** New credentials, once in a call and not in every call; then everything that is not settled goes again. */
  async #refresh(): Promise<boolean> {
    if (this.#refreshed) return false
    this.#refreshed = true
    const session = await this.#channel.refresh(this.#leftMs())
    this.#session = session ?? this.#session
    return session !== undefined
  }

  #leftMs(): number {
    return Math.max(1, this.#terms.deadline - this.#terms.now())
  }

  /** How long to wait after so many failures, or undefined where the attempts or the time are used up. */
  #backoff(failures: number, afterMs: number | undefined): number | undefined {
    const { attempts, random, now, deadline } = this.#terms
    if (failures >= attempts.inline) return undefined
    const wait = waitMs(failures, afterMs, random, attempts)
    return wait !== undefined && now() + wait + attempts.minMs <= deadline ? wait : undefined
  }

  #unplaced(items: readonly SpooledEvent[]): readonly SpooledEvent[] {
    return items.filter(item => !this.#placed.has(item))
  }

  #place(item: SpooledEvent): void {
    this.#placed.add(item)
  }

  #hold(failure: Failure): readonly Parcel[] {
    this.#held = failure
    return []
  }

  #reject(item: SpooledEvent | undefined, reason: QuarantineReason, detail: string): readonly Parcel[] {
    if (item) {
      this.#place(item)
      this.#out.rejected.push({ item, reason, detail })
    }
    return []
  }

  #wait(items: readonly SpooledEvent[], failure: Failure): void {
    for (const item of items) {
      this.#place(item)
      this.#out.waiting.push({ ...failure, item })
    }
  }
}

/** Whether the far side asks for a pause that no call sits out. Whatever else it said, it wants nothing more now. */
const tooLong = ({ afterMs = 0 }: Failure, { capMs }: Attempts): boolean => afterMs > capMs

/** A parcel in two, or undefined where it is one event. */
function halves(parcel: Parcel): readonly Parcel[] | undefined {
  const { items } = parcel
  if (items.length < 2) return undefined
  const middle = Math.ceil(items.length / 2)
  return [
    { ...parcel, items: items.slice(0, middle) },
    { ...parcel, items: items.slice(middle) },
  ]
}

const MAX_REASON = 300 // characters; a reason is a line for a person

const reasonOf = ({ reason = 'no reason given' }: Judgement): string => reason.slice(0, MAX_REASON)

const failureOf = (judgement: Judgement): Failure => ({
  why: judgement.verdict === 'hold' ? 'hold' : 'retry',
  reason: reasonOf(judgement),
  ...(judgement.afterMs !== undefined && { afterMs: judgement.afterMs }),
})

function unencodable(error: unknown): string {
  // The message of our own class names fields, never content; a stranger's may hold anything.
  const detail = error instanceof UnmappableError ? error.message : error instanceof Error ? error.name : 'unknown error'
  return `cannot be encoded for the sink: ${detail}`
}
