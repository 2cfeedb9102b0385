import type { Dropped } from '@weir/schema'

/** A failure of our own, with how often it came since it was last reported. */
export interface Fault {
  readonly kind: string
  readonly count: number
}

/** What waits in the buffer: records by priority, and the share of its room that is taken, 0 to 1. */
export interface Waiting {
  kept: number
  log: number
  share: number
}

/** What was lost, what went wrong, and what waits. */
export interface Counters {
  drop(reason: string, records: number, bytes: number): void
  fault(kind: string): void
  /** Lost since this sandbox began, by reason. */
  totals(): readonly Dropped[]
  /** Lost since the last call. */
  takeDropped(): readonly Dropped[]
  /** Gone wrong since the last call. */
  takeFaults(): readonly Fault[]
  /** Something stands to be reported. */
  readonly dirty: boolean
  /** The buffer writes it. */
  readonly waiting: Waiting
  /** A new sandbox begins (a restore): totals start again, from what nobody has reported yet. */
  restart(): void
}

/** Reasons and kinds are words of ours, but one comes from an answer of the service: a hostile one must not grow the table for ever. */
const MAX_KINDS = 64
/** Some counts come from telemetry, which the function can forge: a batch holds whole numbers below this and no others, so that it stops here. */
const MOST = Number.MAX_SAFE_INTEGER - 1

export function createCounters(): Counters {
  let totals = new Map<string, Dropped>()
  let dropped = new Map<string, Dropped>()
  let faults = new Map<string, number>()
  const add = (to: Map<string, Dropped>, reason: string, records: number, bytes: number) => {
    const before = to.get(reason)
    to.set(reason, {
      reason,
      records: Math.min(MOST, (before?.records ?? 0) + records),
      bytes: Math.min(MOST, (before?.bytes ?? 0) + bytes),
    })
  }
  return {
    drop(reason, records, bytes) {
      add(totals, reason, records, bytes)
      add(dropped, reason, records, bytes)
    },
    fault(kind) {
      const name = faults.has(kind) || faults.size < MAX_KINDS ? kind : 'other'
      faults.set(name, (faults.get(name) ?? 0) + 1)
    },
    totals: () => [...totals.values()],
    takeDropped() {
      const taken = [...dropped.values()]
      dropped = new Map()
      return taken
    },
    takeFaults() {
      const taken = [...faults].map(([kind, count]) => ({ kind, count }))
      faults = new Map()
      return taken
    },
    get dirty() {
      return dropped.size > 0 || faults.size > 0
    },
    waiting: { kept: 0, log: 0, share: 0 },
    restart() {
      totals = new Map(dropped)
    },
  }
}
