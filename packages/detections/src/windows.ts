import type { DetectorContext, DetectorEvent } from './detector.ts'

/** The events of one batch that share a group and an event-time window. */
export interface Bucket {
  readonly group: string
  /** The window's start and length, milliseconds. */
  readonly start: number
  readonly length: number
  readonly events: readonly DetectorEvent[]
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** How long a window's state outlives it: a stream keeps records for a day by default, and a redelivery must find its answer. */
const KEEP_MS = 2 * DAY_MS
/** A batch of one sandbox covers seconds, but says itself when its events happened: forged times must not open windows without end. */
const CLAIMED_WINDOWS = 8
const GROUP_LENGTH = 512
/** The last moment that a Date can hold: later ones cannot be printed. */
const LATEST_MS = 8.64e15

/**
 * Sorts events into tumbling windows of their own time, by group; an event without a group or a possible time is left out. Of events that only their sender
 * vouches for, a group's eight fullest windows are kept.
 */
export function buckets(
  events: readonly DetectorEvent[],
  length: number,
  groupOf: (event: DetectorEvent) => string | undefined,
): readonly Bucket[] {
  const groups = new Map<string, Map<number, DetectorEvent[]>>()
  for (const event of events) {
    const group = groupOf(event)?.slice(0, GROUP_LENGTH)
    if (!group || !(event.time >= 0 && event.time <= LATEST_MS)) continue
    const windows = groups.get(group) ?? new Map<number, DetectorEvent[]>()
    groups.set(group, windows)
    const start = Math.floor(event.time / length) * length
    const window = windows.get(start)
    if (window) window.push(event)
    else windows.set(start, [event])
  }
  return [...groups].flatMap(([group, windows]) => {
    const all = [...windows].map(([start, held]) => ({ group, start, length, events: held }))
    const claimed = all.some(bucket => bucket.events.some(event => event.identity.claimed))
    if (!claimed || all.length <= CLAIMED_WINDOWS) return all
    return all.toSorted((a, b) => b.events.length - a.events.length || a.start - b.start).slice(0, CLAIMED_WINDOWS)
  })
}

/** Folds a bucket into its window's state, once per batch; `detector` is the detector's id. */
export function foldWindow<State, Answer>(
  detector: string,
  { group, start, length }: Bucket,
  { batch, now, state }: DetectorContext,
  initial: State,
  reduce: (state: State) => { readonly state: State; readonly answer: Answer },
): Promise<Answer> {
  return state.fold({
    key: `${detector}|${start}|${group}`,
    batch,
    now,
    expiresAt: Math.max(now, start + length) + KEEP_MS,
    initial,
    reduce,
  })
}

/** What is remembered of a group beyond its windows is forgotten so long after it was last seen. */
const MEMORY_MS = 30 * DAY_MS

/**
 * Folds into what is remembered of a group, once per batch: for what is new only because it was never seen before. Call it once for a group and
 * batch; `group` is cut to a length that a key may have.
 */
export function foldMemory<State, Answer>(
  detector: string,
  group: string,
  { batch, now, state }: DetectorContext,
  initial: State,
  reduce: (state: State) => { readonly state: State; readonly answer: Answer },
): Promise<Answer> {
  const key = `${detector}|${group.slice(0, GROUP_LENGTH)}`
  return state.fold({ key, batch, now, expiresAt: now + MEMORY_MS, initial, reduce })
}

/** True for the first batch of a group and window: for what is worth telling once. */
export function firstInWindow(detector: string, bucket: Bucket, context: DetectorContext): Promise<boolean> {
  return foldWindow(detector, bucket, context, false, seen => ({ state: true, answer: !seen }))
}
