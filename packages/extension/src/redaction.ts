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

/** Distinct findings of one record, by all that tells them apart. */
type Tally = Map<string, Found & { count: number }>

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
  const redactor = createRedactor({ key, also })
  const fingerprint = (value: string) => Buffer.from(host.hmac(key, value)).toString('hex').slice(0, 16)
  const environment = inspectEnvironment(host.env, redactor, fingerprint)
  let sightings = new Map<string, Sighting>()
  const labels = new Map<string, string>()
  let total = nothing()
  let fresh = nothing()
  let scanned = 0
  let reported = ''

  const note = (known: Tally, found: readonly Found[], at: Place) => {
    let beyond = 0
    if (known.size + found.length > 0) fresh.records++
    for (const { kind, count } of known.values()) add(fresh.kinds, kind, count)
    for (const { kind } of found) add(fresh.kinds, kind, 1)
    for (const each of found) {
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
  /** Masks the environment's own secrets, which the redactor cannot know by their looks. */
  const maskKnown = (text: string, tally: Tally): string => {
    let masked = text
    for (const { kind, value, fingerprint: print } of environment.known) {
      if (!masked.includes(value)) continue
      const id = `${kind}\n${print}\nenvironment`
      const before = tally.get(id)
      if (before) before.count++
      else tally.set(id, { kind, place: 'environment', fingerprint: print, count: 1 })
      masked = masked.replaceAll(value, `[redacted:${kind}:${print}]`)
    }
    return masked
  }
  const maskKnownIn = (value: unknown, tally: Tally): unknown => {
    if (typeof value === 'string') return maskKnown(value, tally)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(each => maskKnownIn(each, tally))
    const entries = Object.entries(value).map(([name, each]) => [maskKnown(name, tally), maskKnownIn(each, tally)] as const)
    return Object.fromEntries(entries)
  }

  return {
    environment,
    text(line, at) {
      const known: Tally = new Map()
      const { text, found } = redactor.text(maskKnown(line, known))
      note(known, found, at)
      return text
    },
    json(value, at) {
      const known: Tally = new Map()
      const { value: clean, found } = redactor.json(environment.known.length > 0 ? maskKnownIn(value, known) : value)
      note(known, found, at)
      return clean
    },
    label(text) {
      const before = labels.get(text)
      if (before !== undefined) return before
      const masked = redactor.text(maskKnown(text, new Map())).text
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
