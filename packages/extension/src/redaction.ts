import { createRedactor } from '@weir/schema/redact'
import type { Counters } from './counters.ts'
import { type Environment, inspectEnvironment } from './environment.ts'
import type { Host } from './host/host.ts'

/** Where a secret was seen. */
export interface Place {
  readonly signal: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly invocation: string
}

/** One secret, in one place of one signal of one invocation. */
export interface Sighting extends Place, Found {
  readonly count: number
}

interface Found {
  /** What it is, for example `aws-access-key-id`. */
  readonly kind: string
  /** Where in the record. */
  readonly place: string
  /** Keyed hash of the value. */
  readonly fingerprint: string
}

/** The one door to the buffer: all text passes here first, and what was found is tallied. */
export interface Redaction {
  text(line: string, at: Place): string
  json(value: unknown, at: Place): unknown
  readonly environment: Environment
  takeSightings(): readonly Sighting[]
}

/** Distinct sightings between two flushes. A function that prints more different secrets than this has made its point. */
const MAX_SIGHTINGS = 256

/** `key` keys the fingerprints: one key for all functions makes them comparable. */
export function createRedaction(host: Host, key: string | Uint8Array, counters: Counters): Redaction {
  const redactor = createRedactor({ key })
  const fingerprint = (value: string) => Buffer.from(host.hmac(key, value)).toString('hex').slice(0, 16)
  const environment = inspectEnvironment(host.env, redactor, fingerprint)
  let sightings = new Map<string, Sighting>()

  const note = (found: readonly Found[], { signal, time, invocation }: Place) => {
    for (const { kind, place, fingerprint: print } of found) {
      const id = JSON.stringify([signal, invocation, kind, place, print])
      const before = sightings.get(id)
      if (before) sightings.set(id, { ...before, count: before.count + 1 })
      else if (sightings.size < MAX_SIGHTINGS)
        sightings.set(id, { signal, time, invocation, kind, place, fingerprint: print, count: 1 })
      else counters.drop('secret-sightings', 1, 0)
    }
  }
  /** Masks the environment's own secrets, which the redactor cannot know by their looks. */
  const maskKnown = (text: string, found: Found[]): string => {
    let masked = text
    for (const { kind, value, fingerprint: print } of environment.known) {
      if (!masked.includes(value)) continue
      found.push({ kind, place: 'environment', fingerprint: print })
      masked = masked.replaceAll(value, `[redacted:${kind}:${print}]`)
    }
    return masked
  }
  const maskKnownIn = (value: unknown, found: Found[]): unknown => {
    if (typeof value === 'string') return maskKnown(value, found)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(each => maskKnownIn(each, found))
    const entries = Object.entries(value).map(([name, each]) => [maskKnown(name, found), maskKnownIn(each, found)] as const)
    return Object.fromEntries(entries)
  }

  return {
    environment,
    text(line, at) {
      const known: Found[] = []
      const { text, found } = redactor.text(maskKnown(line, known))
      note([...known, ...found], at)
      return text
    },
    json(value, at) {
      const known: Found[] = []
      const { value: clean, found } = redactor.json(environment.known.length > 0 ? maskKnownIn(value, known) : value)
      note([...known, ...found], at)
      return clean
    },
    takeSightings() {
      const taken = [...sightings.values()]
      sightings = new Map()
      return taken
    },
  }
}
