/** How a sink is asked again within one call. */
export interface Attempts {
  /** Requests that one set of events may cost before it goes to the spool. */
  readonly inline: number
  /** The first wait is drawn from 0 to this, the next from 0 to twice it, and so on. */
  readonly baseMs: number
  /** The longest wait within a call. */
  readonly capMs: number
  /** Less time than this is not worth an attempt. */
  readonly minMs: number
}

export const ATTEMPTS: Attempts = { inline: 2, baseMs: 200, capMs: 5_000, minMs: 250 }

/**
 * Milliseconds before the next attempt: what the far side asked for, else full jitter (AWS Architecture Blog, "Exponential Backoff And
 * Jitter"), so that many workers do not come back at the same moment. `failures` so far, from 1. Undefined where the far side asks for more
 * than `capMs`: that is a matter for the spool and the breaker, not for a call that is billed while it sleeps.
 */
export function waitMs(
  failures: number,
  afterMs: number | undefined,
  random: () => number,
  { baseMs, capMs }: Attempts,
): number | undefined {
  if (afterMs === undefined || Number.isNaN(afterMs)) return random() * Math.min(capMs, baseMs * 2 ** (failures - 1))
  return afterMs > capMs ? undefined : Math.max(0, afterMs)
}
