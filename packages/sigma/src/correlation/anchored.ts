import { foundIn } from './found.ts'
import { gaugeOf, keeps } from './gauge.ts'
import { type Entry, type Found, insert, LATE, readEntries, type Stored, writeEntries } from './group-state.ts'
import type { CorrelationRule } from './model.ts'
import type { Plan } from './plan.ts'
import { type Moment, NOTHING } from './sliding.ts'

/** Windows in which the condition holds that one fold tells of: they stay in the state until they are delivered. The rest is due at once. */
const FOUND_LIMIT = 32

/**
 * Counts events into a group whose condition can cease to hold, and judges the windows that are over. The first event opens a window [t, t +
 * timespan), the next one is opened by the first event after it; of a temporal condition only by a rule that it wants to see. A window is over
 * when nothing that belongs into it can come any more but late: from its end plus the bound on. So which windows there are depends on which
 * events there are, and not on the order in which they came.
 */
export function anchor(
  stored: Stored,
  added: Iterable<Entry>,
  now: number,
  plan: Plan,
): { readonly state: Stored; readonly found: readonly Found[]; readonly wakeAt: number | undefined } {
  const { rule, bound } = plan
  const judgedBefore = stored.judged ?? Number.NEGATIVE_INFINITY
  let entries = readEntries(stored)
  let grace = stored.grace ?? 0
  const inTime: Entry[] = []
  for (const entry of added) {
    // A window that was judged stays judged.
    if (entry.time < judgedBefore) continue
    if (entry.flags & LATE) grace = Math.max(grace, now + bound)
    inTime.push(entry)
  }
  insert(entries, inTime)

  const found: Found[] = []
  let judged = judgedBefore
  let wakeAt: number | undefined
  const opens = opener(rule)
  for (let first = entries.find(opens); first; first = entries.find(opens)) {
    const start = first.time
    const end = start + rule.timespan
    const window = entries.filter(({ time }) => time >= start && time < end)
    const over = end + bound
    wakeAt = window.some(({ flags }) => flags & LATE) ? Math.max(over, grace) : over
    if (now < wakeAt || found.length >= FOUND_LIMIT) break
    wakeAt = undefined
    const gauge = gaugeOf(rule)
    for (const entry of window) gauge.add(entry)
    const value = gauge.value(start - 1)
    if (keeps(rule.bounds, value)) found.push(foundIn(window, { start, end, value }, rule, stored.lost))
    judged = end
    entries = entries.filter(({ time }) => time >= end)
  }

  const horizon = Math.max(judged, (entries.at(-1)?.time ?? 0) - rule.timespan - 2 * bound)
  const open = entries.find(opens)?.time ?? Number.POSITIVE_INFINITY
  const kept = entries.filter(({ time }) => time >= Math.min(horizon, open))
  const { lost, ...written } = writeEntries(kept, stored, plan.limits, true)
  return {
    state: {
      by: stored.by,
      at: stored.at,
      ...written,
      ...(judged > Number.NEGATIVE_INFINITY ? { judged } : {}),
      ...(grace > Math.max(now, 0) ? { grace } : {}),
      ...(stored.pending && stored.retry !== undefined ? { pending: stored.pending, retry: stored.retry } : {}),
      ...(lost && lost[1] >= judged ? { lost } : {}),
    },
    found,
    wakeAt,
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
