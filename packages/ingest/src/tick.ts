import { randomUUID } from 'node:crypto'
import type { Assembled } from './assemble.ts'
import { measure } from './observe.ts'
import { describe } from './errors.ts'
import { closeWindows, LEASE_SPARE_MS } from './windows.ts'

const ENTRIES_PER_TICK = 200

export interface Ticked {
  /** Spooled events that left the spool. */
  readonly settled: number
  /** Entries of the on-failure bucket moved into quarantine. */
  readonly failed: number
  /** Findings of windows that closed without an event. */
  readonly closed: number
}

/** The end of an equal share of the time that is left, among so many. */
const share = (now: number, deadline: number, among: number): number => now + Math.max(0, deadline - now) / Math.max(1, among)

/** Another sink begins each minute. */
const rotated = <T>(items: readonly T[], by: number): T[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
]

/**
 * The second door, run each minute by a schedule (a timer on a laptop), because a stream function runs only when records arrive: closes windows
 * that wait for no event, drains each sink's spool under a lease, and reads the event source mapping's on-failure bucket into quarantine.
 */
export async function tick(weir: Assembled, deadline: number): Promise<Ticked> {
  await weir.look()
  const { parts } = weir
  const { state, ledger, log, now } = parts
  const holder = randomUUID()
  let settled = 0
  const sinks = rotated([...parts.routes.keys()], Math.floor(now() / 60_000))
  // The on-failure bucket first, for it is short work; then windows, and each sink: each its share of the time, so that a slow one starves nobody.
  const failed = weir.onFailure ? await weir.onFailure.collect(share(now(), deadline, sinks.length + 2)) : 0
  const closed = await closeWindows({ parts }, share(now(), deadline, sinks.length + 1)).catch((error: unknown) => {
    log.error({ error: describe(error) }, 'windows could not be closed; the next tick tries again')
    return 0
  })
  for (const [done, sink] of sinks.entries()) {
    if (now() >= deadline) break
    try {
      const until = share(now(), deadline, sinks.length - done)
      const lease = `drain|${sink}`
      if (!(await state.lease(lease, holder, now(), until - now() + LEASE_SPARE_MS))) continue
      const rows = await weir.forwarder.drain(sink, {
        deadline: until,
        limit: ENTRIES_PER_TICK,
        settle: settledRows => ledger.record(settledRows),
      })
      await state.lease(lease, holder, now(), 0) // given back: the next tick may be near
      for (const row of rows) {
        settled += row.delivered + row.duplicate + row.quarantined
        for (const outcome of ['delivered', 'duplicate', 'quarantined'] as const) {
          if (row[outcome] > 0) measure('weir.spool.settled', row[outcome], { sink, outcome })
        }
      }
    } catch (error) {
      log.error({ sink, error: describe(error) }, 'the spool of a sink could not be drained')
    }
  }
  await weir.telemetry.flush()
  return { settled, failed, closed }
}
