/** Why a sink is left alone. */
export interface Failure {
  readonly why: 'retry' | 'hold'
  readonly reason: string
  /** How long the far side asked to be left alone. */
  readonly afterMs?: number
}

/** What a caller may do: send as usual, send with a single attempt to see whether the sink is back, or not send. */
export type Pass = 'closed' | 'probe' | 'open'

const COOL_DOWN_MS: Readonly<Record<Failure['why'], number>> = {
  retry: 15_000,
  hold: 60_000, // a person must mend something: more often is noise
}
const MAX_COOL_DOWN_MS = 300_000

/**
 * Keeps a failing sink from costing every call an attempt. Closed until a call fails; then open for a while, longer each time it fails
 * again; then one caller probes, and its result closes it or opens it again.
 */
export class Breaker {
  #failure: Failure | undefined
  #failures = 0
  #openUntil = 0
  #probing = false
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** The last failure while it is not closed. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Whoever gets 'probe' must call `succeed`, `fail` or `leave`. */
  enter(): Pass {
    if (!this.#failure) return 'closed'
    if (this.#probing || this.#now() < this.#openUntil) return 'open'
    this.#probing = true
    return 'probe'
  }

  /** True when this closed it. */
  succeed(): boolean {
    const was = this.#failure !== undefined
    this.#failure = undefined
    this.#failures = 0
    this.#probing = false
    return was
  }

  fail(failure: Failure): void {
    this.#failures++
    const coolDown = Math.min(MAX_COOL_DOWN_MS, COOL_DOWN_MS[failure.why] * 2 ** (this.#failures - 1))
    this.#failure = failure
    this.#openUntil = this.#now() + Math.max(coolDown, Math.min(failure.afterMs ?? 0, MAX_COOL_DOWN_MS))
    this.#probing = false
  }

  /** The caller learned nothing about the sink. */
  leave(): void {
    this.#probing = false
  }
}
