import { bytesOf } from './bytes.ts'
import { carriedBy, FOUND_BYTES, foundIn, NOTHING, type Ways } from './found.ts'
import { gaugeOf, keeps, mostOf } from './gauge.ts'
import { CAPPED, type Entry, type Found, type Group, insert, placeAfter } from './group-state.ts'
import type { Plan } from './plan.ts'
import { besideOf, fit, sizeOf } from './room.ts'

/**
 * A moment at which a correlation holds, for the correlations that name it: its time, the start of the finding it belongs to, the event's uid, and
 * in which ways the window's events carry what the correlations above ask for.
 */
export type Moment = readonly [time: number, start: number, uid: string, flags: number, ways: Ways]

/** What a fold says; mostly nothing, and then it says null: answers are kept for each batch. */
export interface Answer {
  readonly found: readonly Found[]
  /** Of a condition that fires at once; of one that waits for its window's end, the findings say it all (`momentsOf`). */
  readonly moments?: readonly Moment[]
  /** Events that came for windows which were judged before. */
  readonly missed?: number
}

/** Cells whose finding is remembered: more than a horizon has, unless the suppression is far shorter than the timespan. */
const FIRED_LIMIT = 2_048
/** Bytes that moments of one fold may take as JSON: an answer is kept for the case that its batch comes again. */
export const MOMENTS_BYTES = 60_000
/** Bytes of the findings of one fold that uids may take: they only serve to be shown. */
const UIDS_BYTES = FOUND_BYTES / 2
/** Events that a group in flood keeps beyond what it needs, before they are looked through. */
const SPARE = 32

/**
 * Counts events into a group whose condition fires at once. The window that ends with each event is tested, also those that end after a late
 * one, so what fires depends on which events there are and not on when they came: each new event can only bring more windows to fire. A finding
 * is named by the cell, of a grid of event time, in which the window ends.
 */
export function slide(
  group: Group,
  added: readonly Entry[],
  plan: Plan,
): { readonly state: Group; readonly answer: Answer | null } {
  const { rule, suppression } = plan
  const inserted = insert(group.entries, added)
  if (!inserted) return { state: group, answer: null }
  const { entries, since } = inserted
  const newest = entries.at(-1)?.time ?? 0

  const before = group.fired ?? NO_CELLS
  let fired: Set<number> | undefined
  let answer: Answer | null = null
  if ((plan.chained || !areFired(before, since, newest, suppression)) && mayHold(entries, since, plan)) {
    fired = new Set(before)
    answer = tell(entries, since, fired, group, plan)
    if (answer.found.length === 0 && !answer.moments) answer = null
    if (fired.size === before.length) fired = undefined
  }

  // An event may come `bound` late, after one whose clock ran `bound` ahead; its window reaches a timespan further back.
  const horizon = newest - rule.timespan - 2 * plan.bound
  let cells = fired ? [...fired].sort((a, b) => a - b) : before
  const kept = after(horizon, thinned(entries, cells, plan))
  const live = cells.findIndex(cell => (cell + 1) * suppression > horizon)
  const from = Math.max(live < 0 ? cells.length : live, cells.length - FIRED_LIMIT)
  if (from > 0) cells = cells.slice(from)
  const beside = besideOf({ by: group.by, fired: cells })
  const fitted = fit(kept, group.size + sizeOf(inserted.fresh), beside, group.lost, plan.limits, false)
  const { lost } = fitted
  return {
    state: {
      by: group.by,
      entries: fitted.entries,
      size: fitted.size,
      fired: cells.length > 0 ? cells : undefined,
      lost: lost && lost[1] > horizon ? lost : undefined,
    },
    answer,
  }
}

const NO_CELLS: readonly number[] = []

/** Whether all cells between two moments have had their finding. */
function areFired(fired: readonly number[], from: number, to: number, suppression: number): boolean {
  if (fired.length === 0) return false
  const last = Math.floor(to / suppression)
  let at = fired.indexOf(Math.floor(from / suppression))
  if (at < 0) return false
  // Each cell stands once and in order, so the next is its neighbour or another is missing.
  for (let cell = fired[at] as number; cell < last; cell++) if (fired[++at] !== cell + 1) return false
  return true
}

/** False where no window that ends at `since` or later can hold, by what is known without looking at each. */
function mayHold(entries: readonly Entry[], since: number, { rule }: Plan): boolean {
  return keeps(rule.bounds, mostOf(rule, entries, placeAfter(entries, since - rule.timespan)))
}

const after = (time: number, entries: readonly Entry[]): readonly Entry[] => {
  const from = placeAfter(entries, time)
  return from === 0 ? entries : entries.slice(from)
}

/**
 * Looks at each window that ends at `since` or later, and adds to `fired` the cells that have their finding now. Where there are more than an
 * answer holds, the last that is told says so, and the others have none.
 */
function tell(entries: readonly Entry[], since: number, fired: Set<number>, { lost }: Group, plan: Plan): Answer {
  const { rule, suppression } = plan
  const found: Found[] = []
  const moments: Moment[] = []
  let room = MOMENTS_BYTES
  let left = FOUND_BYTES
  let uids = UIDS_BYTES
  for (const { from, to, time, value } of windows(entries, since, plan)) {
    const cell = Math.floor(time / suppression)
    const start = cell * suppression
    if (plan.chained && room > 0) {
      const moment = momentOf(entries.slice(from, to), time, start, plan)
      room -= bytesOf(moment) + 1
      moments.push(room > 0 ? moment : [time, start, '', moment[3] | CAPPED, NOTHING])
    }
    if (left < 0 || fired.has(cell)) continue
    const whole = foundIn(entries.slice(from, to), { start, end: start + suppression, value }, rule, lost)
    uids -= bytesOf(whole.events)
    const one = uids >= 0 ? whole : { ...whole, events: [] }
    left -= bytesOf(one) + 1
    const last = found.at(-1)
    if (left < 0 && last) {
      found[found.length - 1] = { ...last, flags: last.flags | CAPPED }
      continue
    }
    fired.add(cell)
    found.push(one)
  }
  return moments.length > 0 ? { found, moments } : { found }
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
  let from = placeAfter(entries, since - rule.timespan)
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
  const uid = window.at(-1)?.uid ?? ''
  if (rule.carries.length === 0) return [time, start, uid, flags, NOTHING]
  const { ways, cut } = carriedBy(window)
  return [time, start, uid, cut ? flags | CAPPED : flags, ways]
}

/**
 * Leaves out events that no window needs: one that ends soon after the event has had its finding, and one that ends later is met by the events
 * after it, which are kept. So the state of a group in flood stays small, and the findings are the same.
 */
function thinned(entries: readonly Entry[], cells: readonly number[], { rule, suppression, enough }: Plan): readonly Entry[] {
  // Not each time, but when there is something to gain.
  if (enough === undefined || entries.length <= enough + Math.min(SPARE, enough / 2) || cells.length === 0) return entries
  const kept: Entry[] = []
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as Entry
    const met = kept[kept.length - enough]?.time
    const last = entry.time + rule.timespan - 1
    if (met === undefined || !areFired(cells, entry.time, Math.min(met, last), suppression)) kept.push(entry)
  }
  return kept.length === entries.length ? entries : kept.reverse()
}
