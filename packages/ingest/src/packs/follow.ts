import { createHash } from 'node:crypto'
import { ConfigError, describe } from '../errors.ts'
import type { Log } from '../observe.ts'

/** How often the pointer is looked at, and how long that may take: it stands in the way of an invocation once a minute. */
export const LOOK_EVERY_MS = 60_000
export const LOOK_WITHIN_MS = 2_000
/** The largest pack that is taken, bytes: all of SigmaHQ is a tenth of it. */
export const PACK_BYTES = 64 << 20
const POINTER_BYTES = 4_096

/** The small object that says which pack is the current one. It lies beside the packs, each named `<sha256>.json`. */
export interface PackPointer {
  readonly format: 'weir-pack-pointer/1'
  /** SHA-256 of the pack's bytes, 64 hex digits. */
  readonly pack: string
}

/** Where pointer and packs lie. Names are relative: `current.json`, `<sha256>.json`. Throws when there is none, or it is larger than `limit`. */
export interface PackPlace {
  readonly name: string
  read(file: string, limit: number, signal: AbortSignal): Promise<Uint8Array>
}

/** A pack that is taken over while the function runs. */
export interface Followed<Opened> {
  /** What runs now: the last pack that could be opened, at first the one that came with the code. */
  readonly current: Opened
  /** Looks whether the pointer has moved, at most once in `LOOK_EVERY_MS`. Never throws: what does not load is refused, and the last good pack stays. */
  look(): Promise<void>
}

/**
 * Follows a pointer to rule packs, so that rules change without a deploy. A pack is data: it is parsed and compiled here, and nothing in it
 * is run as code. Its bytes must have the hash that the pointer names.
 */
export function followPack<Opened>(
  first: Opened,
  place: PackPlace,
  open: (pack: unknown, hash: string) => Opened,
  { now, log, running }: { readonly now: () => number; readonly log: Log; readonly running?: string },
): Followed<Opened> {
  let current = first
  let pack = running
  let refused: string | undefined
  let next = 0

  async function take(): Promise<void> {
    const signal = AbortSignal.timeout(LOOK_WITHIN_MS)
    const named = readPointer(await place.read('current.json', POINTER_BYTES, signal))
    if (named === pack || named === refused) return
    // A pack that does not load is told of once, until the pointer moves on. One that cannot be reached is tried again.
    const bytes = await place.read(`${named}.json`, PACK_BYTES, signal)
    try {
      const is = createHash('sha256').update(bytes).digest('hex')
      if (is !== named) throw new ConfigError(`its bytes have the hash ${is}: publish it again`)
      current = open(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), named)
    } catch (error) {
      refused = named
      throw new ConfigError(`${place.name}/${named}.json does not load`, { cause: error })
    }
    log.info({ pack: named, before: pack }, 'a new rule pack runs')
    pack = named
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
        await take()
      } catch (error) {
        log.error(
          { place: place.name, running: pack, error: describe(error) },
          'a rule pack is refused; the last good one goes on',
        )
      }
    },
  }
}

function readPointer(bytes: Uint8Array): string {
  let pointer: Partial<PackPointer> | null
  try {
    pointer = JSON.parse(new TextDecoder().decode(bytes)) as Partial<PackPointer> | null
  } catch {
    pointer = null
  }
  if (pointer?.format !== 'weir-pack-pointer/1' || !/^[0-9a-f]{64}$/.test(String(pointer.pack)))
    throw new ConfigError('current.json is no pointer to a pack: `weir rules build` writes one')
  return String(pointer.pack)
}

/** The pointer's bytes. */
export const pointerTo = (pack: string): string =>
  `${JSON.stringify({ format: 'weir-pack-pointer/1', pack } satisfies PackPointer)}\n`
