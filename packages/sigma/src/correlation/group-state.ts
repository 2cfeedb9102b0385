/** What is kept of one event in one group of one correlation. */
export interface Entry {
  /** Tells events apart: a digest of the uid. An event is counted once. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly time: number
  /** Which of the correlation's rules it matched, a bit each; 0 where the type does not ask. */
  readonly rules: number
  /** Digests for `value_count`, numbers for the other `value_…` types. */
  readonly values: readonly string[]
  /** For the correlations that name this one: values of `CorrelationRule.carries`, in each way an event has them. */
  readonly carried: readonly (readonly string[])[]
  /** What counts as one: the event, or of another correlation's findings all moments of one. */
  readonly unit: string
  /** '' where it is forgotten, for want of room. */
  readonly uid: string
  /** LATE, CAPPED. */
  readonly flags: number
}

/** The event came later than the lateness bound, or its time lies in the future. */
export const LATE = 1
/** Not all of what the event holds was taken. */
export const CAPPED = 2

/** One group's state. Nothing in it is ever changed: a store may keep it as it is, and `packGroup` makes it JSON. */
export interface Group {
  /** Group-by values to be shown. */
  readonly by: readonly string[]
  /** The earliest first, and of one moment by id. */
  readonly entries: readonly Entry[]
  /** Bytes that the entries take as JSON, at most (`room.ts`). */
  readonly size: number
  /** Cells of the grid of suppression that have had their finding, the earliest first. */
  readonly fired?: readonly number[] | undefined
  /** The event times between which entries were dropped for want of room. */
  readonly lost?: Span | undefined
  /** Up to where windows were judged, epoch milliseconds. */
  readonly judged?: number | undefined
  /** Since when late events have come in, and until when windows that hold them stay open. */
  readonly grace?: readonly [since: number, until: number] | undefined
  /** Windows that were judged by a tick which has not said that their findings are delivered. */
  readonly pending?: readonly Found[] | undefined
  /** When they are named again. */
  readonly retry?: number | undefined
}

/** Event times, both included. */
export type Span = readonly [from: number, to: number]

/** A window in which a correlation holds, as JSON. */
export interface Found {
  readonly start: number
  readonly end: number
  readonly value: number
  /** Times of the first and the last event. */
  readonly from: number
  readonly to: number
  readonly events: readonly string[]
  readonly carried?: readonly (readonly string[])[]
  /** For temporal types: when each rule was first seen, 0 when it was not. */
  readonly seen?: readonly number[]
  readonly flags: number
}

export const newGroup = (by: readonly string[]): Group => ({ by, entries: [], size: 0 })

/** So many new entries are each looked for; for more, the ids of the known ones are put into a set first. */
const SCANNED = 16

export interface Inserted {
  readonly entries: readonly Entry[]
  readonly fresh: readonly Entry[]
  /** The time of the earliest that is new. */
  readonly since: number
}

/** Puts in what is not there yet, and says from when on; undefined when nothing is new. No id stands in `added` twice. */
export function insert(entries: readonly Entry[], added: readonly Entry[]): Inserted | undefined {
  const fresh = unknownOf(entries, added)
  const first = fresh[0]
  if (!first) return undefined
  if (fresh.length > 1) fresh.sort(inOrder)
  return { entries: merged(entries, fresh), fresh, since: fresh[0]?.time ?? first.time }
}

function unknownOf(entries: readonly Entry[], added: readonly Entry[]): Entry[] {
  if (added.length > SCANNED) {
    const known = new Set(entries.map(({ id }) => id))
    return added.filter(({ id }) => !known.has(id))
  }
  return added.filter(({ id }) => {
    for (let i = entries.length - 1; i >= 0; i--) if (entries[i]?.id === id) return false
    return true
  })
}

const inOrder = (a: Entry, b: Entry): number => a.time - b.time || (a.id < b.id ? -1 : 1)

function merged(entries: readonly Entry[], fresh: readonly Entry[]): readonly Entry[] {
  const [first] = fresh
  const last = entries.at(-1)
  if (!first || !last || inOrder(last, first) < 0) return entries.concat(fresh)
  const out: Entry[] = []
  let at = 0
  for (const entry of fresh) {
    for (let next = entries[at]; next && inOrder(next, entry) < 0; next = entries[++at]) out.push(next)
    out.push(entry)
  }
  for (; at < entries.length; at++) out.push(entries[at] as Entry)
  return out
}

/** The place of the first entry that is later than `time`; the number of entries when none is. */
export function placeAfter(entries: readonly Entry[], time: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.time ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return low
}
