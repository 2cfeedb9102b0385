import { Breaker, type Failure } from './breaker.ts'

const MAX_PARTITIONS = 1_000 // kept in mind; a forgotten one costs a request

/**
 * Which partitions of a sink it refuses: an index that the key may not write, a stream that the rule has not. Each is asked again after a
 * while, as a sink is, and meanwhile costs neither requests nor what goes to the other partitions.
 */
export class Held {
  readonly #partitions = new Map<string, Breaker>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Why a partition is left alone now, or undefined where it may be asked. */
  failure(partition: string): Failure | undefined {
    const breaker = this.#partitions.get(partition)
    if (breaker?.enter() !== 'open') {
      breaker?.leave()
      return undefined
    }
    return breaker.failure
  }

  fail(partition: string, failure: Failure): void {
    const breaker = this.#partitions.get(partition) ?? new Breaker(this.#now)
    breaker.fail(failure)
    this.#partitions.set(partition, breaker)
    if (this.#partitions.size <= MAX_PARTITIONS) return
    const oldest = this.#partitions.keys().next()
    if (!oldest.done) this.#partitions.delete(oldest.value)
  }

  succeed(partition: string): void {
    this.#partitions.delete(partition)
  }
}
