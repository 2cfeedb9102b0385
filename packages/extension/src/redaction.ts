import { createRedactor } from '@weir/schema/redact'
import type { Counters } from './counters.ts'

/** Where a secret was seen. */
export interface Place {
  readonly signal: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly invocation: string
}

/** One secret, in one signal of one invocation. */
export interface Sighting extends Place {
  /** Which pattern knew it, for example `aws-access-key-id`. */
  readonly kind: string
  /** Where in the record. */
  readonly place: string
  /** Keyed hash of the value. */
  readonly fingerprint: string
  readonly count: number
}

export interface Found {
  readonly kind: string
  readonly place: string
  readonly fingerprint: string
}

/** The one door to the buffer: all text passes here first, and what was found is tallied. */
export interface Redaction {
  text(line: string, at: Place): string
  json(value: unknown, at: Place): unknown
  /** Only looks; nothing is tallied. */
  inspect(value: unknown): readonly Found[]
  takeSightings(): readonly Sighting[]
}

/** Distinct sightings between two flushes. A function that prints more different secrets than this has made its point. */
const MAX_SIGHTINGS = 256

export function createRedaction(key: string | Uint8Array, counters: Counters): Redaction {
  const redactor = createRedactor({ key })
  let sightings = new Map<string, Sighting>()

  const note = (found: readonly Found[], { signal, time, invocation }: Place) => {
    for (const { kind, place, fingerprint } of found) {
      const id = JSON.stringify([signal, invocation, kind, place, fingerprint])
      const before = sightings.get(id)
      if (before) sightings.set(id, { ...before, count: before.count + 1 })
      else if (sightings.size < MAX_SIGHTINGS) sightings.set(id, { signal, time, invocation, kind, place, fingerprint, count: 1 })
      else counters.drop('secret-sightings', 1, 0)
    }
  }
  return {
    text(line, at) {
      const { text, found } = redactor.text(line)
      note(found, at)
      return text
    },
    json(value, at) {
      const clean = redactor.json(value)
      note(clean.found, at)
      return clean.value
    },
    inspect: value => redactor.json(value).found,
    takeSightings() {
      const taken = [...sightings.values()]
      sightings = new Map()
      return taken
    },
  }
}
