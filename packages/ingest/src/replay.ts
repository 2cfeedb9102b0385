import type { CorrelationMatch, Due } from '@weir/sigma'
import type { EventCorrelator, Matched } from './correlate.ts'
import { WeirError } from './errors.ts'
import type { Event } from './event.ts'
import { memoryState } from './state/memory.ts'

/** Runs correlations over events of the past, as if each had come when it happened. */
export interface Replay {
  /** In place of the correlator: holds back what it is given. */
  readonly correlator: EventCorrelator
  /** Events so far that rules matched and that say no time, so that no window could hold them. */
  readonly undated: number
  /**
   * Counts what was held back, in the order of its time, and closes the windows that are over when the newest event of all happens; without
   * `newest` every window. NaN, from an event that says no time, stands for the newest of those held back. Answers how many groups then have a
   * window that is open: what did not happen may be in input that is not here.
   */
  finish(deliver: Deliver, newest?: number): Promise<number>
}

/** Takes what holds, and the events at hand, by uid. */
export type Deliver = (matches: readonly CorrelationMatch[], atHand: ReadonlyMap<string, Event>) => Promise<void>

/** Events held back at most; beyond it the earlier half is counted, and what is older and comes after that is late. */
const HELD = 200_000
const SLICE_MS = 60_000 // as often as a tick
/** How late an event may be here, in the order of time: give it to the correlator, that no window waits longer. */
export const REPLAY_LATENESS_MS = SLICE_MS
const GROUPS_AT_ONCE = 1_000
/** The last moment that a Date can hold. */
const END_OF_TIME = 8.64e15

/**
 * Files come in any order: one region's trail after the other's. On a stream an event of an hour ago is late, because windows have been judged
 * since; here none is judged until all files are read. State is this run's own: old events must not be counted into windows of today.
 */
export function createReplay(
  correlator: EventCorrelator,
  { now, held = HELD }: { readonly now: () => number; readonly held?: number },
): Replay {
  const state = memoryState()
  let waiting: Matched[] = []
  let clock = Number.NEGATIVE_INFINITY
  let slices = 0
  let undated = 0
  let latest = Number.NEGATIVE_INFINITY

  /** Moves the clock on; windows close on the way when their time comes, as ticks would have closed them. */
  const advance = async (until: number, deliver: (matches: readonly CorrelationMatch[]) => Promise<void>): Promise<void> => {
    let last: Due | undefined
    for (let [next] = await state.due(until, 1); next; [next] = await state.due(until, 1)) {
      if (next.key === last?.key && next.wakeAt === last.wakeAt) throw new WeirError('a window that is over stays open')
      last = next
      clock = Math.max(clock, next.wakeAt)
      await correlator.close({ now: clock, state }, GROUPS_AT_ONCE, deliver)
    }
    clock = Math.max(clock, until)
  }

  const count = async (matched: readonly Matched[], deliver: Deliver): Promise<void> => {
    const atHand = new Map(matched.map(({ event }) => [event.uid, event]))
    const tell = (matches: readonly CorrelationMatch[]): Promise<void> => deliver(matches, atHand)
    for (const { end, slice } of slicesOf(matched, now())) {
      await advance(end, tell)
      await tell(await correlator.observe(slice, { batch: `replay/${slices++}`, now: clock, state }))
    }
  }

  return {
    correlator: {
      async observe(matched) {
        for (const each of matched) {
          const { time } = each.event
          if (!Number.isFinite(time)) {
            undated++
            continue
          }
          latest = Math.max(latest, time)
          waiting.push(each)
        }
        if (waiting.length <= held) return []
        const ordered = waiting.toSorted((a, b) => a.event.time - b.event.time)
        waiting = ordered.splice(held / 2)
        const found: CorrelationMatch[] = []
        await count(ordered, async matches => void found.push(...matches))
        return found
      },
      close: async () => [],
    },
    get undated() {
      return undated
    },
    async finish(deliver, newest = END_OF_TIME) {
      const all = waiting
      waiting = []
      await count(all, deliver)
      const atHand = new Map(all.map(({ event }) => [event.uid, event]))
      await advance(Math.min(Number.isNaN(newest) ? latest : newest, END_OF_TIME) + REPLAY_LATENESS_MS, matches =>
        deliver(matches, atHand),
      )
      return (await state.due(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).length
    },
  }
}

/** In the order of event time, a minute at a time. What claims to be of the future comes now. */
function slicesOf(matched: readonly Matched[], now: number) {
  const minutes = new Map<number, Matched[]>()
  for (const each of matched) {
    const end = Math.min(now, (Math.floor(each.event.time / SLICE_MS) + 1) * SLICE_MS)
    const slice = minutes.get(end)
    if (slice) slice.push(each)
    else minutes.set(end, [each])
  }
  return [...minutes].toSorted(([a], [b]) => a - b).map(([end, slice]) => ({ end, slice }))
}
