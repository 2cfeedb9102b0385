import { bytesOf } from './bytes.ts'
import { carriedBy, FOUND_BYTES, foundIn, NOTHING } from './found.ts'
import { gaugeOf, keeps } from './gauge.ts'
import { CAPPED, type Entry, type Found, type Group, insert, LATE } from './group-state.ts'
import type { CorrelationRule } from './model.ts'
import type { Plan } from './plan.ts'
import { besideOf, fit, sizeOf } from './room.ts'
import type { Moment } from './sliding.ts'

/** Windows in which the condition holds that one fold tells of, if they have room: they stay in the state until delivered. The rest is due at once. */
const FOUND_LIMIT = 32
/** For how many lateness bounds late events may hold a window open, or whoever sends them could keep it from being judged. */
const GRACE_LIMIT = 6

/**
 * Counts events into a group whose condition can cease to hold, and judges the windows that are over. The first event opens a window [t, t +
 * timespan), the next one is opened by the first event after it; of a temporal condition only by a rule that it wants to see. A window is over
 * when nothing that belongs into it can come any more but late: from its end plus the bound on. So which windows there are depends on which
 * events there are, and not on the order in which they came.
 */
export function anchor(group: Group, added: readonly Entry[], now: number, plan: Plan): Anchored {
  const { rule, bound, limits } = plan
  const windows = new Windows(group, now, plan)
  // What is over is judged before a late event can hold it open.
  windows.judge()
  if (added.length > 0) {
    windows.insert(added)
    windows.judge()
  }

  const { entries, judged, grace } = windows
  const horizon = Math.max(judged, (entries.at(-1)?.time ?? 0) - rule.timespan - 2 * bound)
  const open = windows.firstOpen()?.time ?? Number.POSITIVE_INFINITY
  const first = entries[0]?.time ?? Number.POSITIVE_INFINITY
  const from = Math.min(horizon, open)
  const fitted = fit(
    first >= from ? entries : entries.filter(({ time }) => time >= from),
    group.size + windows.added,
    besideOf(group),
    group.lost,
    limits,
    true,
  )
  const { lost } = fitted
  return {
    state: {
      by: group.by,
      entries: fitted.entries,
      size: fitted.size,
      ...(judged > Number.NEGATIVE_INFINITY && { judged }),
      ...(grace && grace[1] > now && { grace }),
      ...(group.pending && group.retry !== undefined && { pending: group.pending, retry: group.retry }),
      ...(lost && lost[1] >= judged && { lost }),
    },
    found: windows.found,
    wakeAt: windows.wakeAt,
    missed: windows.missed,
  }
}

export interface Anchored {
  readonly state: Group
  readonly found: readonly Found[]
  /** When the next window is over. */
  readonly wakeAt: number | undefined
  /** Events that came for windows that were judged before. */
  readonly missed: number
}

class Windows {
  readonly found: Found[] = []
  entries: readonly Entry[]
  judged: number
  grace: Group['grace']
  wakeAt: number | undefined
  missed = 0
  /** Characters of what was new. */
  added = 0
  readonly #now: number
  readonly #plan: Plan
  readonly #lost: Group['lost']
  readonly #opens: number
  #room = FOUND_BYTES

  constructor({ entries, judged = Number.NEGATIVE_INFINITY, grace, lost }: Group, now: number, plan: Plan) {
    this.entries = entries
    this.judged = judged
    this.grace = grace
    this.#now = now
    this.#plan = plan
    this.#lost = lost
    this.#opens = openersOf(plan.rule)
  }

  insert(added: readonly Entry[]): void {
    // A window that was judged stays judged.
    const open = added.filter(({ time }) => time >= this.judged)
    this.missed += added.length - open.length
    const inserted = insert(this.entries, open)
    if (!inserted) return
    this.entries = inserted.entries
    this.added += sizeOf(inserted.fresh)
    if (open.some(({ flags }) => flags & LATE)) {
      const { bound } = this.#plan
      const [since] = this.grace && this.grace[1] > this.#now ? this.grace : [this.#now]
      this.grace = [since, Math.min(this.#now + bound, since + GRACE_LIMIT * bound)]
    }
  }

  firstOpen(): Entry | undefined {
    const opens = this.#opens
    return opens === ANY ? this.entries[0] : this.entries.find(({ rules }) => (rules & opens) !== 0)
  }

  judge(): void {
    const { rule, bound } = this.#plan
    this.wakeAt = undefined
    for (let first = this.firstOpen(); first; first = this.firstOpen()) {
      const start = first.time
      const end = start + rule.timespan
      const held = this.grace?.[1] ?? 0
      let over = end + bound
      if (held > over && this.entries.some(({ time, flags }) => flags & LATE && time >= start && time < end)) over = held
      if (this.#now < over || this.found.length >= FOUND_LIMIT) {
        this.wakeAt = over
        return
      }
      const window = this.entries.filter(({ time }) => time >= start && time < end)
      const gauge = gaugeOf(rule)
      for (const entry of window) gauge.add(entry)
      const value = gauge.value(start - 1)
      if (
        keeps(rule.bounds, value) &&
        !this.#tell(withCarried(foundIn(window, { start, end, value }, rule, this.#lost), window, rule))
      ) {
        this.wakeAt = over
        return
      }
      this.judged = end
      this.entries = this.entries.filter(({ time }) => time >= end)
    }
  }

  /** False where there is no more room. One alone always has it: what it carries and the uids that are kept are bounded. */
  #tell(found: Found): boolean {
    this.#room -= bytesOf(found) + 1
    if (this.#room < 0 && this.found.length > 0) return false
    this.found.push(found)
    return true
  }
}

function withCarried(found: Found, window: readonly Entry[], { carries }: CorrelationRule): Found {
  if (carries.length === 0) return found
  const { ways, cut } = carriedBy(window)
  return { ...found, carried: ways, flags: cut ? found.flags | CAPPED : found.flags }
}

const ANY = -1

/** Which rules' events open a window, a bit each; ANY where all do. */
function openersOf({ branches }: CorrelationRule): number {
  if (branches.length === 0) return ANY
  let wanted = 0
  for (const { seen } of branches) for (const rule of seen) wanted |= 1 << rule
  return wanted
}

/** When the tick is to look at the group again: for findings that may not have been delivered, then for a window that is over. */
export const wakeUp = ({ retry }: Group, wakeAt: number | undefined): number | undefined => retry ?? wakeAt

/** A window that was judged at its end is known then, and not before. */
export const momentsOf = (found: readonly Found[]): readonly Moment[] =>
  found.map(({ start, end, events, flags, carried }) => [end, start, events[0] ?? '', flags, carried ?? NOTHING])
