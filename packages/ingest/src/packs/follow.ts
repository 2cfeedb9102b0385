import { createHash } from 'node:crypto'
import { ConfigError, describe } from '../errors.ts'
import type { Log } from '../observe.ts'
import type { PackPlace } from './places.ts'
import { POINTER, POINTER_BYTES, readPointer } from './pointer.ts'

/** How often the pointer is looked at, and how long that may take: it stands in the way of an invocation once a minute. */
export const LOOK_EVERY_MS = 60_000
export const LOOK_WITHIN_MS = 2_000
/** The largest pack that is taken, bytes: all of SigmaHQ is less than a fifth of it. */
export const PACK_BYTES = 48 << 20

/** A pack that is taken over while the function runs. */
export interface Followed<Opened> {
  /** What runs now: the last pack that could be opened, at first the one that came with the code. */
  readonly current: Opened
  /**
   * Looks whether the pointer has moved, at most once in `LOOK_EVERY_MS`, and waits for `LOOK_WITHIN_MS` and what opening a pack takes. Never
   * throws: what does not load is refused, and the last good pack stays.
   */
  look(): Promise<void>
}

export interface FollowOptions {
  readonly now: () => number
  readonly log: Log
  /** SHA-256 of the bytes of the pack that runs at first, where that is known. */
  readonly running?: string | undefined
  /** In place of `LOOK_WITHIN_MS`. */
  readonly within?: number
}

/**
 * Follows a pointer to rule packs, so that rules change without a deploy. A pack is data: it is checked and opened here, and nothing in it is run
 * as code. Its bytes must have the hash that the pointer names.
 */
export function followPack<Opened>(
  first: Opened,
  place: PackPlace,
  open: (pack: unknown) => Opened,
  { now, log, running, within = LOOK_WITHIN_MS }: FollowOptions,
): Followed<Opened> {
  let current = first
  let taken = running
  let refused: string | undefined
  let missed = false
  let next = 0

  async function take(signal: AbortSignal): Promise<void> {
    const bytes = await inTime(place.read(POINTER, POINTER_BYTES, signal), signal)
    if (!bytes) {
      if (!missed) log.info({ place: place.name }, 'no rule pack is published here; the one that came with the code runs')
      missed = true
      return
    }
    const named = readPointer(bytes)
    if (named === taken || named === refused) return
    // A pack that does not load is told of once, until the pointer moves on. One that cannot be had is tried again.
    const pack = await inTime(place.read(`${named}.json`, PACK_BYTES, signal), signal)
    if (!pack) throw new ConfigError(`${named}.json is not there, and the pointer names it: publish it again`)
    try {
      const is = createHash('sha256').update(pack).digest('hex')
      if (is !== named) throw new ConfigError(`its bytes have the hash ${is}: publish it again`)
      current = open(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(pack)))
    } catch (error) {
      refused = named
      throw new ConfigError(`${named}.json does not load`, { cause: error })
    }
    log.info({ place: place.name, pack: named, before: taken }, 'a new rule pack runs')
    taken = named
    refused = undefined
  }

  return {
    get current() {
      return current
    },
    async look() {
      if (now() < next) return
      next = now() + LOOK_EVERY_MS
      try {
        await take(AbortSignal.timeout(within))
      } catch (error) {
        log.error(
          { place: place.name, running: taken, error: describe(error) },
          'a rule pack is refused; the last good one goes on',
        )
      }
    },
  }
}

/** Whoever reads may not heed the signal, or not at once. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {}) // when it loses the race
  const { promise, reject } = Promise.withResolvers<never>()
  const late = (): void => reject(signal.reason as Error)
  if (signal.aborted) late()
  signal.addEventListener('abort', late, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', late)
  }
}
