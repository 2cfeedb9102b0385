/** How a sink is asked again within one call. */
export interface Attempts {
  /** Requests that one set of events may cost before it goes to the spool. */
  readonly inline: number
  /** The first wait is drawn from 0 to this, the next from 0 to twice it, and so on. */
  readonly baseMs: number
  readonly capMs: number
  /** Less time than this is not worth an attempt. */
  readonly minMs: number
}

export const ATTEMPTS: Attempts = { inline: 2, baseMs: 200, capMs: 5_000, minMs: 250 }

const MAX_AFTER_MS = 300_000 // however long the far side asks for: a wrong clock must not park a sink for a year

/**
 * Milliseconds before the next attempt: what the far side asked for, else full jitter (AWS Architecture Blog, "Exponential Backoff And
 * Jitter"), so that many workers do not come back at the same moment. `failures` so far, from 1.
 */
export function waitMs(failures: number, afterMs: number | undefined, random: () => number, { baseMs, capMs }: Attempts): number {
  if (afterMs !== undefined && Number.isFinite(afterMs)) return Math.min(Math.max(0, afterMs), MAX_AFTER_MS)
  return random() * Math.min(capMs, baseMs * 2 ** (failures - 1))
}
