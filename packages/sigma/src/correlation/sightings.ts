import { digest } from './digest.ts'
import { carriedOf, groupsOf, type Read, readEvent, valuesOf } from './fields.ts'
import { CAPPED, type Entry, LATE } from './group-state.ts'
import type { Input, Observation } from './model.ts'
import type { Plan } from './plan.ts'
import type { Moment } from './sliding.ts'

/** A rule's match, or a moment of another correlation's finding, for the correlations that name it. */
export interface Sighting {
  readonly id: string
  readonly unit: string
  readonly uid: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly flags: number
  readonly read: (input: Input) => Read
}

/** Rule or correlation → where it was seen. */
export type Sightings = Map<string, Sighting[]>

/** One group of one correlation, and what a batch brings to it. */
export interface Share {
  readonly group: string
  readonly by: readonly string[]
  readonly entries: Entry[]
  /** The entries' places by id, where there are many. */
  places: Map<string, number> | undefined
}

/** The matches that correlations look at, by rule. An event without a time is none that a window could hold. */
export function sightingsOf(observations: readonly Observation[], wanted: ReadonlySet<string>): Sightings {
  const sightings: Sightings = new Map()
  for (const { event, matches } of observations) {
    let id: string | undefined
    for (const { rule } of matches) {
      if (!wanted.has(rule.meta.id) || !Number.isFinite(event.time)) continue
      id ??= digest(event.uid)
      const read = (input: Input): Read => readEvent(event, rule, input)
      add(sightings, rule.meta.id, { id, unit: id, uid: event.uid, time: Math.trunc(event.time), flags: 0, read })
    }
  }
  return sightings
}

/** Moments at which a correlation holds, as sightings of it: with its group-by values, and what its events carry. */
export function sightMoments(
  sightings: Sightings,
  plan: Plan,
  group: string,
  by: readonly string[],
  moments: readonly Moment[],
): void {
  const { groupBy, carries, meta } = plan.rule
  for (const [time, start, uid, flags, ways] of moments) {
    const unit = digest(`${plan.prefix}${group}|${start}`)
    for (const carried of ways) {
      const values = new Map([
        ...groupBy.map((field, i) => [field, by[i]] as const),
        ...carries.map((field, i) => [field, carried[i]] as const),
      ])
      const read: Read = field => {
        const value = values.get(field)
        return value === undefined ? [] : [value]
      }
      const id = digest(`${plan.prefix}${group}|${start}|${time}|${JSON.stringify(carried)}`)
      add(sightings, meta.id, { id, unit, uid, time, flags, read: () => read })
    }
  }
}

function add(sightings: Sightings, id: string, sighting: Sighting): void {
  const known = sightings.get(id)
  if (known) known.push(sighting)
  else sightings.set(id, [sighting])
}

/** Shares sightings out to the groups of one correlation. An event that several of its rules matched is one entry. */
export function shareOut({ rule, bound }: Plan, sightings: Sightings, now: number): readonly Share[] {
  const shares = new Map<string, Share>()
  const temporal = rule.type === 'temporal' || rule.type === 'temporal_ordered'
  for (const [i, input] of rule.inputs.entries()) {
    for (const sighting of sightings.get(input.id) ?? []) {
      const read = sighting.read(input)
      const brought = valuesOf(rule, input, read)
      if (!brought) continue
      const { groups, cut } = groupsOf(input.groupBy, read)
      const carried = carriedOf(input, read)
      const ahead = sighting.time > now + bound
      const late = ahead || sighting.time < now - bound ? LATE : 0
      const entry: Entry = {
        id: sighting.id,
        time: ahead ? now : sighting.time,
        rules: temporal ? 1 << i : 0,
        values: brought.values,
        carried: carried.rows,
        unit: sighting.unit,
        uid: sighting.uid,
        flags: sighting.flags | late | (cut || brought.cut || carried.cut ? CAPPED : 0),
      }
      for (const { key, shown } of groups) {
        let share = shares.get(key)
        if (!share) shares.set(key, (share = { group: key, by: shown, entries: [], places: undefined }))
        put(share, entry)
      }
    }
  }
  return [...shares.values()]
}

/** So many entries are looked through; beyond, their places are kept. */
const SCANNED = 8

function put(share: Share, entry: Entry): void {
  const { entries } = share
  const at = placeOf(share, entry.id)
  const before = entries[at]
  if (before) {
    entries[at] = { ...entry, values: before.values, carried: before.carried, rules: before.rules | entry.rules }
    return
  }
  share.places?.set(entry.id, entries.length)
  entries.push(entry)
}

function placeOf(share: Share, id: string): number {
  const { entries } = share
  if (entries.length < SCANNED) return entries.findIndex(entry => entry.id === id)
  share.places ??= new Map(entries.map((entry, i) => [entry.id, i]))
  return share.places.get(id) ?? -1
}
