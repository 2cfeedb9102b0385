import type { Host } from './host/host.ts'

/** Keeps a failing stream from costing every invocation its time. */
export interface Breaker {
  /** No call is to be made now. */
  readonly open: boolean
  succeeded(): void
  /** `pauseMs`: how long to wait after a first failure of this kind; it doubles with each further one in a row. */
  failed(pauseMs: number): void
  /** Forgets its failures: after a restore, and for the one last try at SHUTDOWN. */
  reset(): void
}

const MAX_PAUSE_MS = 5 * 60_000

export function createBreaker(host: Host): Breaker {
  let failures = 0
  let closedAt = 0
  const reset = () => {
    failures = 0
    closedAt = 0
  }
  return {
    get open() {
      return host.now() < closedAt
    },
    succeeded: reset,
    failed(pauseMs) {
      const pause = Math.min(MAX_PAUSE_MS, pauseMs * 2 ** Math.min(failures++, 10))
      closedAt = host.now() + pause * (0.5 + fraction(host) / 2)
    },
    reset,
  }
}

/** A random number in [0, 1). */
export function fraction(host: Host): number {
  return Buffer.from(host.random(4)).readUInt32BE() / 2 ** 32
}
