import type { FlushMode } from './config.ts'

/**
 * When an invocation's telemetry is shipped. `end`: wait for the end of the invocation, ship, then let the sandbox freeze. `top`: ship what has
 * gathered while the handler runs. `none`: not now.
 */
export type FlushPlan = 'end' | 'top' | 'none'

export interface FlushPolicy {
  /** Called once for each INVOKE. `mayHold`: there is room in the budget to hold an invocation at its end. */
  plan(now: number, mayHold: boolean): FlushPlan
  /** A handler took so long, ms. */
  handled(ms: number): void
  /** A flush that had something to ship took so long, ms. */
  flushed(ms: number): void
}

/** As many invocations decide; before there are so many, `end`, because most sandboxes see few. */
const WINDOW = 20
/** A mean gap of this or more is rare: waiting for the next invocation would hold findings back for longer. */
const RARE_MS = 60_000
/** Between two flushes while invocations are frequent. */
const INTERVAL_MS = 20_000
/**
 * A handler that takes so many times as long as a flush waits for something most of the time, and a flush beside it takes nothing from it.
 * One that takes less is hot: the flush would share its processor, and outlast it.
 */
const COOL = 4
/** Until a flush has been seen: a handshake and a call within a region. */
const FLUSH_GUESS_MS = 50
/** How much a new value moves a mean. */
const WEIGHT = 0.2

/**
 * `auto` follows the rate of invocations, as the Datadog and Rotel extensions do. A flush that is due by time starts beside the handler only where
 * handlers mostly wait; in a hot function it comes at the end of that one invocation, or beside it all the same when holding is out of the budget.
 */
export function createFlushPolicy(mode: FlushMode, startedAt: number): FlushPolicy {
  const invocations: number[] = []
  let last = startedAt
  let handlerMs = 0
  let flushMs = FLUSH_GUESS_MS
  return {
    plan(now, mayHold) {
      invocations.push(now)
      if (invocations.length > WINDOW) invocations.shift()
      const rare = invocations.length < WINDOW || (now - (invocations[0] ?? now)) / (WINDOW - 1) >= RARE_MS
      const each = mode === 'end' || (mode === 'auto' && rare)
      if (!each && Math.abs(now - last) < INTERVAL_MS) return 'none'
      last = now
      const cool = handlerMs >= COOL * flushMs
      return mayHold && (each || !cool) ? 'end' : 'top'
    },
    handled(ms) {
      handlerMs += WEIGHT * (ms - handlerMs)
    },
    flushed(ms) {
      flushMs += WEIGHT * (ms - flushMs)
    },
  }
}
