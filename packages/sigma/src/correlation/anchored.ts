import { foundIn } from './found.ts'
import { gaugeOf, keeps } from './gauge.ts'
import { type Entry, type Found, insert, LATE, readEntries, type Stored, writeEntries } from './group-state.ts'
import type { CorrelationRule } from './model.ts'
import type { Plan } from './plan.ts'
import { type Moment, NOTHING } from './sliding.ts'

/** Windows in which the condition holds that one fold tells of: they stay in the state until they are delivered. The rest is due at once. */
const FOUND_LIMIT = 32
/** For how many lateness bounds late events may hold a window open, or whoever sends them could keep it from being judged. */
const GRACE_LIMIT = 6

/**
 * Counts events into a group whose condition can cease to hold, and judges the windows that are over. The first event opens a window [t, t +
 * timespan), the next one is opened by the first event after it; of a temporal condition only by a rule that it wants to see. A window is over
 * when nothing that belongs into it can come any more but late: from its end plus the bound on. So which windows there are depends on which
 * events there are, and not on the order in which they came.
 */
export function anchor(stored: Stored, added: Iterable<Entry>, now: number, plan: Plan): Anchored {
  const { rule, bound, limits } = plan
  const windows = new Windows(stored, now, plan)
  // What is over is judged before a late event can hold it open.
  windows.judge()
  windows.insert(added)
  windows.judge()

  const { entries, judged, grace, opens } = windows
  const horizon = Math.max(judged, (entries.at(-1)?.time ?? 0) - rule.timespan - 2 * bound)
  const open = entries.find(opens)?.time ?? Number.POSITIVE_INFINITY
  const kept = entries.filter(({ time }) => time >= Math.min(horizon, open))
  const { lost, ...written } = writeEntries(kept, stored, limits, true)
  return {
    state: {
      by: stored.by,
      at: stored.at,
      ...written,
      ...(judged > Number.NEGATIVE_INFINITY ? { judged } : {}),
      ...(grace && grace[1] > now ? { grace } : {}),
      ...(stored.pending && stored.retry !== undefined ? { pending: stored.pending, retry: stored.retry } : {}),
      ...(lost && lost[1] >= judged ? { lost } : {}),
    },
    found: windows.found,
    wakeAt: windows.wakeAt,
  }
}

export interface Anchored {
  readonly state: Stored
  readonly found: readonly Found[]
  /** When the next window is over. */
  readonly wakeAt: number | undefined
}

class Windows {
  readonly found: Found[] = []
  readonly opens: (entry: Entry) => boolean
  entries: Entry[]
  judged: number
  grace: Stored['grace']
  wakeAt: number | undefined
  readonly #now: number
  readonly #plan: Plan
  readonly #lost: Stored['lost']

  constructor(stored: Stored, now: number, plan: Plan) {
    this.entries = readEntries(stored)
    this.judged = stored.judged ?? Number.NEGATIVE_INFINITY
    this.grace = stored.grace
    this.opens = opener(plan.rule)
    this.#now = now
    this.#plan = plan
    this.#lost = stored.lost
  }

  insert(added: Iterable<Entry>): void {
    // A window that was judged stays judged.
    const open = [...added].filter(({ time }) => time >= this.judged)
    const { bound } = this.#plan
    if (insert(this.entries, open) && open.some(({ flags }) => flags & LATE)) {
      const [since] = this.grace && this.grace[1] > this.#now ? this.grace : [this.#now]
      this.grace = [since, Math.min(this.#now + bound, since + GRACE_LIMIT * bound)]
    }
  }

  judge(): void {
    const { rule, bound } = this.#plan
    this.wakeAt = undefined
    for (let first = this.entries.find(this.opens); first; first = this.entries.find(this.opens)) {
      const start = first.time
      const end = start + rule.timespan
      const window = this.entries.filter(({ time }) => time >= start && time < end)
      const late = window.some(({ flags }) => flags & LATE)
      const over = Math.max(end + bound, late ? (this.grace?.[1] ?? 0) : 0)
      if (this.#now < over || this.found.length >= FOUND_LIMIT) {
        this.wakeAt = over
        return
      }
      const gauge = gaugeOf(rule)
      for (const entry of window) gauge.add(entry)
      const value = gauge.value(start - 1)
      if (keeps(rule.bounds, value)) this.found.push(foundIn(window, { start, end, value }, rule, this.#lost))
      this.judged = end
      this.entries = this.entries.filter(({ time }) => time >= end)
    }
  }
}

/** Whether an event opens a window. */
function opener({ branches }: CorrelationRule): (entry: Entry) => boolean {
  if (branches.length === 0) return () => true
  let wanted = 0
  for (const { seen } of branches) for (const rule of seen) wanted |= 1 << rule
  return ({ rules }) => (rules & wanted) !== 0
}

/** When the tick is to look at the group again: for findings that may not have been delivered, then for a window that is over. */
export const wakeUp = ({ retry }: Stored, wakeAt: number | undefined): number | undefined => retry ?? wakeAt

/** A window that was judged at its end is known then, and not before. */
export const momentsOf = (found: readonly Found[]): readonly Moment[] =>
  found.map(({ start, end, events, flags, carried }) => [end, start, events[0] ?? '', flags, carried ?? NOTHING])
