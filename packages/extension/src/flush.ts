import type { FlushMode } from './config.ts'

/**
 * When an invocation's telemetry is shipped. `end`: wait for the end of the invocation, ship, then let the sandbox freeze. `top`: ship what has
 * gathered while the handler runs. `none`: not now.
 */
export type FlushPlan = 'end' | 'top' | 'none'

export interface FlushPolicy {
  /** Called once for each INVOKE. */
  plan(now: number): FlushPlan
}

/** As many invocations decide; before there are so many, `end`, because most sandboxes see few. */
const WINDOW = 20
/** A mean gap of this or more is rare: waiting for the next invocation would hold findings back for longer. */
const RARE_MS = 60_000
/** Between two flushes while invocations are frequent. */
const INTERVAL_MS = 20_000

/** `auto` follows the rate of invocations, as the Datadog and Rotel extensions do. */
export function createFlushPolicy(mode: FlushMode, startedAt: number): FlushPolicy {
  const invocations: number[] = []
  let last = startedAt
  return {
    plan(now) {
      invocations.push(now)
      if (invocations.length > WINDOW) invocations.shift()
      const rare = invocations.length < WINDOW || (now - (invocations[0] ?? now)) / (WINDOW - 1) >= RARE_MS
      if (mode === 'end' || (mode === 'auto' && rare)) {
        last = now
        return 'end'
      }
      if (Math.abs(now - last) < INTERVAL_MS) return 'none'
      last = now
      return 'top'
    },
  }
}
