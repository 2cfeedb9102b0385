import { gaugeOf, keeps } from './gauge.ts'
import { type Entry, type Found, insert, readEntries, type Stored, writeEntries } from './group-state.ts'
import type { Plan } from './plan.ts'
import { foundIn } from './found.ts'

/** A moment at which a correlation holds, for the correlations that name it: its time, the finding it belongs to, the event's uid. */
export type Moment = readonly [time: number, start: number, uid: string, flags: number]

export interface Answer {
  readonly found: readonly Found[]
  readonly moments: readonly Moment[]
}

/** Cells whose finding is remembered: more than a horizon has, unless the suppression is far shorter than the timespan. */
const FIRED_LIMIT = 2_048
/** Moments of one fold; far below what an answer may hold. */
const MOMENTS_LIMIT = 2_048

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

  for (const { from, to, time, value } of windows(entries, fresh.since, plan)) {
    const window = entries.slice(from, to)
    const cell = Math.floor(time / suppression)
    const last = window.at(-1)
    if (plan.chained && moments.length < MOMENTS_LIMIT) {
      moments.push([time, cell * suppression, last?.uid ?? '', flagsOf(window)])
    }
    if (fired.has(cell)) continue
    fired.add(cell)
    found.push(foundIn(window, { start: cell * suppression, end: (cell + 1) * suppression, value }, rule, stored.lost))
  }

  // An event may come `bound` late, after one whose clock ran `bound` ahead; its window reaches a timespan further back.
  const horizon = (entries.at(-1)?.time ?? 0) - rule.timespan - 2 * plan.bound
  const kept = entries.filter(({ time }) => time > horizon)
  const written = writeEntries(kept, stored, plan.limits, false)
  const cells = [...fired].filter(cell => (cell + 1) * suppression > horizon).sort((a, b) => a - b)
  const lost = written.lost && written.lost[1] > horizon ? { lost: written.lost } : {}
  return {
    state: { by: stored.by, at: stored.at, rows: written.rows, fired: cells.slice(-FIRED_LIMIT), ...lost },
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

const flagsOf = (window: readonly Entry[]): number => window.reduce((flags, entry) => flags | entry.flags, 0)
