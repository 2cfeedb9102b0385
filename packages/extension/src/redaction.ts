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

/** What was masked since the sandbox began, and in how much: the proof that the redactor ran. */
export interface Masked {
  /** Characters looked at. */
  readonly characters: number
  /** Records with at least one secret. */
  readonly records: number
  /** How many values of each kind. */
  readonly masked: readonly { readonly kind: string; readonly count: number }[]
}

/** The one door to the buffer: all text passes here first, and what was found is tallied. */
export interface Redaction {
  text(line: string, at: Place): string
  json(value: unknown, at: Place): unknown
  /** A name that came from outside and stands beside a record, such as an invocation's id: as it is, or masked. */
  label(text: string): string
  readonly environment: Environment
  takeSightings(): readonly Sighting[]
  /**
   * What was masked in `sandbox` so far. Another sandbox than the time before (a restore) begins with what nobody has reported yet. Undefined
   * when no more was masked since the last call, unless `always`.
   */
  masked(sandbox: string, always: boolean): Masked | undefined
}

/** Distinct sightings between two flushes. A function that prints more different secrets than this has made its point. */
const MAX_SIGHTINGS = 256
/** Distinct sightings of one record: one line full of secrets must not take the room of all others, nor much memory. */
const MAX_PER_RECORD = 64

/** Labels are few and come again with each record, so what became of them is kept. */
const MAX_LABELS = 128

/** `key` keys the fingerprints: one key for all functions makes them comparable. `also`: kinds that are masked only where they are asked for. */
export function createRedaction(
  host: Host,
  key: string | Uint8Array,
  counters: Counters,
  also: readonly string[] = [],
): Redaction {
  const environment = inspectEnvironment(host.env, createRedactor({ key, also }))
  const redactor = createRedactor({ key, also, known: environment.known })
  let sightings = new Map<string, Sighting>()
  const labels = new Map<string, string>()
  let total = nothing()
  let fresh = nothing()
  let scanned = 0
  let reported = ''

  const note = (found: readonly Found[], at: Place) => {
    let beyond = 0
    if (found.length > 0) fresh.records++
    /** Distinct ones, by all that tells them apart. */
    const known = new Map<string, Found & { count: number }>()
    for (const each of found) {
      add(fresh.kinds, each.kind, 1)
      const id = `${each.kind}\n${each.fingerprint}\n${each.place}`
      const before = known.get(id)
      if (before) before.count++
      else if (known.size < MAX_PER_RECORD) known.set(id, { ...each, count: 1 })
      else beyond++
    }
    for (const [id, each] of known) {
      const key = `${at.signal}\n${at.invocation}\n${id}`
      const before = sightings.get(key)
      if (before) sightings.set(key, { ...before, count: before.count + each.count })
      else if (sightings.size < MAX_SIGHTINGS) sightings.set(key, { ...at, ...each })
      else beyond += each.count
    }
    if (beyond > 0) counters.drop('secret-sightings', beyond, 0)
  }

  return {
    environment,
    text(line, at) {
      const { text, found } = redactor.text(line)
      note(found, at)
      return text
    },
    json(value, at) {
      const { value: clean, found } = redactor.json(value)
      note(found, at)
      return clean
    },
    label(text) {
      const before = labels.get(text)
      if (before !== undefined) return before
      const masked = redactor.text(text).text
      if (labels.size >= MAX_LABELS) labels.clear()
      labels.set(text, masked)
      return masked
    },
    masked(sandbox, always) {
      if (fresh.records === 0 && !always) return undefined
      if (sandbox !== reported) total = nothing()
      reported = sandbox
      total.records += fresh.records
      total.characters += redactor.scanned - scanned
      scanned = redactor.scanned
      for (const [kind, count] of fresh.kinds) add(total.kinds, kind, count)
      fresh = nothing()
      const { kinds, ...counts } = total
      return { ...counts, masked: [...kinds].map(([kind, count]) => ({ kind, count })) }
    },
    takeSightings() {
      const taken = [...sightings.values()]
      sightings = new Map()
      return taken
    },
  }
}

interface Totals {
  characters: number
  records: number
  readonly kinds: Map<string, number>
}

const nothing = (): Totals => ({ characters: 0, records: 0, kinds: new Map() })

const add = (to: Map<string, number>, kind: string, count: number): void => void to.set(kind, (to.get(kind) ?? 0) + count)
