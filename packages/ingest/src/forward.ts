import { WeirError } from './errors.ts'
import { ATTEMPTS, type Attempts } from './forward/backoff.ts'
import { Breaker, type Failure } from './forward/breaker.ts'
import { Channel, type ConfiguredSink, judgeError } from './forward/channel.ts'
import { type Delivery, deliver } from './forward/deliver.ts'
import { type DrainTerms, drainEntries } from './forward/drain.ts'
import { Held } from './forward/held.ts'
import type { ForwardLog } from './forward/log.ts'
import { quarantineRejected, spoolWaiting } from './forward/settle.ts'
import { TransportError, type TransportErrorKind } from './http.ts'
import type { SettledRow } from './ledger/ledger.ts'
import type { SecretResolver } from './secrets.ts'
import type { Judgement, SinkIo } from './sink.ts'
import type { Quarantine, Spool, SpooledEvent } from './spool/spool.ts'

export type { ConfiguredSink } from './forward/channel.ts'
export type { DrainTerms } from './forward/drain.ts'

/** How many events of one input a sink put where. */
export interface ForwardCounts {
  delivered: number
  duplicate: number
  /** Waiting in the spool because the sink was down or slow. */
  spooled: number
  /** Waiting in the spool because a person must mend the config. */
  held: number
  quarantined: number
}

export interface ForwardResult {
  readonly sink: string
  /** By input. Each routed event is counted once, but for those that could not even be spooled. */
  readonly counts: ReadonlyMap<string, ForwardCounts>
  /** Inputs with an event that could not even be spooled: they must come again. */
  readonly unsafe: ReadonlySet<string>
  /** The last thing that kept events from being delivered. */
  readonly lastReason?: string
}

export interface ForwarderParts {
  readonly sinks: readonly ConfiguredSink[]
  readonly spool: Spool
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly io: SinkIo
  readonly secrets: SecretResolver
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly now: () => number
  readonly log?: ForwardLog
  readonly attempts?: Partial<Attempts>
}

export interface Forwarder {
  /**
   * Delivers to each sink what is routed to it, all sinks at once and each for itself. Attempts end by `deadline` (epoch milliseconds); what
   * is left then is spooled, for which the caller keeps some time in reserve. Rejects only for a sink that the config does not name.
   */
  forward(
    routed: ReadonlyMap<string, readonly SpooledEvent[]>,
    terms: { readonly deadline: number },
  ): Promise<readonly ForwardResult[]>
  /** Sends a sink's spool again, oldest first, and stops where the sink fails. Returns what became of it, for the ledger. */
  drain(sink: string, terms: DrainTerms): Promise<readonly SettledRow[]>
  /** Asks a sink whether it is there and lets us in, without sending events. `transport`: no answer came, and why. */
  probe(sink: string): Promise<Judgement & { readonly transport?: TransportErrorKind }>
}

/** What forward keeps of one sink from call to call. */
interface Line {
  readonly channel: Channel
  readonly breaker: Breaker
  readonly size: { bytes: number }
  readonly held: Held
}

const PROBE_MS = 10_000
const FIRST_GUESS_BYTES = 1_000 // an encoded event, until the first request is measured

/** The one place for waiting, retrying, splitting, compressing and spooling. The rules: forward/README.md. */
export function createForwarder(parts: ForwarderParts): Forwarder {
  const { spool, quarantine, io, secrets, random, sleep, now, log } = parts
  const attempts: Attempts = { ...ATTEMPTS, ...parts.attempts }
  const lines = new Map<string, Line>(
    parts.sinks.map(configured => [
      configured.name,
      {
        channel: new Channel(configured, secrets, io),
        breaker: new Breaker(now),
        size: { bytes: FIRST_GUESS_BYTES },
        held: new Held(now),
      },
    ]),
  )
  const lineOf = (sink: string): Line => {
    const line = lines.get(sink)
    if (!line) throw new WeirError(`no sink is named ${JSON.stringify(sink)}`)
    return line
  }

  /** Delivers as far as the breaker lets it, and tells the breaker what came of it. */
  const attempt = async (
    { channel, breaker, size, held }: Line,
    items: readonly SpooledEvent[],
    deadline: number,
  ): Promise<Delivery> => {
    const pass = breaker.enter()
    if (pass === 'open') return leftAlone(items, breaker.failure)
    const allowed = pass === 'probe' ? { ...attempts, inline: 1 } : attempts
    const delivery = await deliver(channel, items, { deadline, attempts: allowed, now, random, sleep, size, held })
    if (delivery.failure) {
      breaker.fail(delivery.failure)
      log?.warn({ sink: channel.name, ...delivery.failure }, 'the sink fails; its events go to the spool until it is back')
    } else if (delivery.waiting.length < items.length) {
      if (breaker.succeed()) log?.info({ sink: channel.name }, 'the sink is back')
    } else breaker.leave()
    return delivery
  }

  const forwardTo = async (sink: string, items: readonly SpooledEvent[], deadline: number): Promise<ForwardResult> => {
    const counts = new Map<string, ForwardCounts>()
    for (const { input } of items) {
      if (!counts.has(input)) counts.set(input, { delivered: 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 })
    }
    const count = (outcome: keyof ForwardCounts, { input }: SpooledEvent): void => {
      const of = counts.get(input)
      if (of) of[outcome]++
    }
    if (items.length === 0) return { sink, counts, unsafe: new Set() }

    const { delivered, duplicate, rejected, waiting } = await attempt(lineOf(sink), items, deadline)
    for (const item of delivered) count('delivered', item)
    for (const item of duplicate) count('duplicate', item)

    const isolated = await quarantineRejected(quarantine, sink, rejected)
    for (const { item } of isolated.stored) count('quarantined', item)
    if (isolated.stored.length > 0) {
      log?.warn(
        { sink, events: isolated.stored.length, reason: isolated.stored[0]?.detail },
        'events that the sink will never take are in quarantine',
      )
    }
    // With quarantine down, a rejected event waits in the spool: it is judged again when the spool is drained.
    const homeless = isolated.failed.map(({ item, detail }) => ({ item, why: 'retry' as const, reason: detail }))
    const put = await spoolWaiting(spool, sink, [...waiting, ...homeless], { at: now() })
    for (const { item, why } of put.stored) count(why === 'hold' ? 'held' : 'spooled', item)
    const unsafe = new Set(put.failed.map(({ item }) => item.input))
    if (unsafe.size > 0) {
      log?.error(
        { sink, inputs: unsafe.size, events: put.failed.length, reason: messageOf(put.error) },
        'events could not even be spooled',
      )
    }
    const lastReason = waiting.at(-1)?.reason ?? rejected.at(-1)?.detail
    return { sink, counts, unsafe, ...(lastReason !== undefined && { lastReason }) }
  }

  return {
    async forward(routed, { deadline }) {
      for (const sink of routed.keys()) lineOf(sink)
      return Promise.all([...routed].map(([sink, items]) => forwardTo(sink, items, deadline)))
    },
    async drain(sink, terms) {
      const line = lineOf(sink)
      return drainEntries({ sink, spool, quarantine, now, log, deliver: items => attempt(line, items, terms.deadline) }, terms)
    },
    async probe(sink) {
      const { channel } = lineOf(sink)
      try {
        const session = await channel.open({ fresh: true, timeoutMs: PROBE_MS })
        const request = await channel.dress(channel.sink.probe(session.options), session)
        const response = await channel.send(request, [], session, Math.min(PROBE_MS, channel.timeoutMs(session)))
        return channel.sink.judgeProbe(response, session.options)
      } catch (error) {
        return { ...judgeError(error), ...(error instanceof TransportError && { transport: error.kind }) }
      }
    },
  }
}

/** All events wait, for the reason the breaker opened. */
function leftAlone(
  items: readonly SpooledEvent[],
  failure: Failure = { why: 'retry', reason: 'the sink is left alone' },
): Delivery {
  return { delivered: [], duplicate: [], rejected: [], waiting: items.map(item => ({ ...failure, item })), failure }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error')
