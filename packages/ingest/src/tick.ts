import { randomUUID } from 'node:crypto'
import type { Assembled } from './assemble.ts'
import { measure } from './observe.ts'
import { describe } from './pipeline.ts'

const LEASE_MS = 90_000 // longer than a tick may run, so that two never drain one sink at once
const ENTRIES_PER_TICK = 200

export interface Ticked {
  /** Spooled events that left the spool. */
  readonly settled: number
  /** Entries of the on-failure bucket moved into quarantine. */
  readonly failed: number
}

/**
 * The second door, run each minute by a schedule (a timer on a laptop), because a stream function runs only when records arrive: drains each
 * sink's spool under a lease, and reads the event source mapping's on-failure bucket into quarantine.
 */
export async function tick(weir: Assembled, deadline: number): Promise<Ticked> {
  const { state, ledger, log, now } = weir.parts
  const holder = randomUUID()
  let settled = 0
  for (const sink of weir.parts.routes.keys()) {
    if (now() >= deadline) break
    try {
      if (!(await state.lease(`drain|${sink}`, holder, now(), LEASE_MS))) continue
      const rows = await weir.forwarder.drain(sink, {
        deadline,
        limit: ENTRIES_PER_TICK,
        settle: settledRows => ledger.record(settledRows),
      })
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
  const failed = weir.onFailure ? await weir.onFailure.collect(deadline) : 0
  await weir.telemetry.flush()
  return { settled, failed }
}
