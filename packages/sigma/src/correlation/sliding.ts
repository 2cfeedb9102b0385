import { gaugeOf, keeps } from './gauge.ts'
import { CAPPED, type Entry, type Found, insert, readEntries, type Stored, writeEntries } from './group-state.ts'
import type { Plan } from './plan.ts'
import { carriedBy, foundIn } from './found.ts'

/**
 * A moment at which a correlation holds, for the correlations that name it: its time, the start of the finding it belongs to, the event's uid, and
 * in which ways the window's events carry what the correlations above ask for.
 */
export type Moment = readonly [time: number, start: number, uid: string, flags: number, ways: readonly (readonly string[])[]]

/** One way, with nothing carried. */
export const NOTHING: Moment[4] = [[]]

export interface Answer {
  readonly found: readonly Found[]
  readonly moments: readonly Moment[]
}

/** Cells whose finding is remembered: more than a horizon has, unless the suppression is far shorter than the timespan. */
const FIRED_LIMIT = 2_048
/** Characters that moments of one fold may take: an answer is kept for the case that its batch comes again. */
const MOMENTS_LENGTH = 60_000
/** Uids that the findings of one fold show together, for the same reason. */
const UIDS_LIMIT = 512

/**
 * Counts events into a group whose condition fires at once. The window that ends with each event is tested, also those that end after a late
 * one, so what fires depends on which events there are and not on when they came: each new event can only bring more windows to fire. A finding
 * is named by the cell, of a grid of event time, in which the window ends.
 */
export function slide(stored: Stored, added: Iterable<Entry>, plan: Plan): { readonly state: Stored; readonly answer: Answer } {
  const { rule, suppression } = plan
  const entries = readEntries(stored)
  const fired = new Set(stored.fired)
  const found: Found[] = []
  const moments: Moment[] = []
  const fresh = insert(entries, added)
  if (!fresh) return { state: stored, answer: { found, moments } }

  let room = MOMENTS_LENGTH
  let uids = UIDS_LIMIT
  for (const { from, to, time, value } of windows(entries, fresh.since, plan)) {
    const cell = Math.floor(time / suppression)
    const start = cell * suppression
    if (plan.chained && room > 0) {
      const moment = momentOf(entries.slice(from, to), time, start, plan)
      room -= JSON.stringify(moment).length
      moments.push(room > 0 ? moment : [time, start, moment[2], moment[3] | CAPPED, NOTHING])
    }
    if (fired.has(cell)) continue
    fired.add(cell)
    const one = foundIn(entries.slice(from, to), { start, end: start + suppression, value }, rule, stored.lost)
    uids -= one.events.length
    found.push(uids >= 0 ? one : { ...one, events: [] })
  }

  // An event may come `bound` late, after one whose clock ran `bound` ahead; its window reaches a timespan further back.
  const horizon = (entries.at(-1)?.time ?? 0) - rule.timespan - 2 * plan.bound
  const kept = thinned(entries, fired, plan).filter(({ time }) => time > horizon)
  const { lost: dropped, ...written } = writeEntries(kept, stored, plan.limits, false)
  const cells = [...fired].filter(cell => (cell + 1) * suppression > horizon).sort((a, b) => a - b)
  const lost = dropped && dropped[1] > horizon ? { lost: dropped } : {}
  return {
    state: { by: stored.by, at: stored.at, ...written, fired: cells.slice(-FIRED_LIMIT), ...lost },
    answer: { found, moments },
  }
}

interface Window {
  /** Entries from (included) and to (excluded). */
  readonly from: number
  readonly to: number
  /** When it ends, with an event. */
  readonly time: number
  readonly value: number
}

/** The windows that end at `since` or later and in which the condition holds. All events of one moment are in or out together. */
function* windows(entries: readonly Entry[], since: number, { rule }: Plan): Generator<Window> {
  const gauge = gaugeOf(rule)
  let from = entries.findIndex(({ time }) => time > since - rule.timespan)
  let to = from
  for (let next = entries[to]; next; next = entries[to]) {
    const { time } = next
    for (let at: Entry | undefined = next; at?.time === time; at = entries[to]) {
      gauge.add(at)
      to++
    }
    for (let at = entries[from]; at && at.time <= time - rule.timespan; at = entries[from]) {
      gauge.remove(at)
      from++
    }
    if (time < since) continue
    const value = gauge.value(time - rule.timespan)
    if (keeps(rule.bounds, value)) yield { from, to, time, value }
  }
}

function momentOf(window: readonly Entry[], time: number, start: number, { rule }: Plan): Moment {
  const flags = window.reduce((flags, entry) => flags | entry.flags, 0)
  return [time, start, window.at(-1)?.uid ?? '', flags, rule.carries.length > 0 ? carriedBy(window) : NOTHING]
}

/**
 * Leaves out events that no window needs: one that ends soon after the event has had its finding, and one that ends later is met by the events
 * after it, which are kept. So the state of a group in flood stays small, and the findings are the same.
 */
function thinned(entries: readonly Entry[], fired: ReadonlySet<number>, { rule, suppression, enough }: Plan): readonly Entry[] {
  if (enough === undefined || entries.length <= enough) return entries
  const kept: Entry[] = []
  const told = (from: number, to: number): boolean => {
    for (let cell = Math.floor(from / suppression); cell <= Math.floor(to / suppression); cell++)
      if (!fired.has(cell)) return false
    return true
  }
  for (const entry of entries.toReversed()) {
    const met = kept[kept.length - enough]?.time
    const last = entry.time + rule.timespan - 1
    if (met === undefined || !told(entry.time, Math.min(met, last))) kept.push(entry)
  }
  return kept.reverse()
}
