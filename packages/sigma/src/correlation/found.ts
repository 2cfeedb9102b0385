import { bytesOf } from './bytes.ts'
import { CAPPED, type Entry, type Found } from './group-state.ts'
import type { Caveat, CorrelationMatch, CorrelationRule } from './model.ts'
import { LATE } from './group-state.ts'

/** Uids that a finding shows. */
const EVENTS_LIMIT = 32
/** Different values that a window hands to the correlations above it, and their bytes as JSON. */
const CARRIED_LIMIT = 64
const CARRIED_BYTES = 30_000

/** Bytes of the findings that one fold tells of, as JSON: they wait in the group's state, or in the answer to its batch. */
export const FOUND_BYTES = 60_000

/** What a fold says of a window in which the correlation holds. */
export function foundIn(
  window: readonly Entry[],
  { start, end, value }: { readonly start: number; readonly end: number; readonly value: number },
  rule: CorrelationRule,
  lost: readonly [number, number] | undefined,
): Found {
  const from = window[0]?.time ?? start
  const to = window.at(-1)?.time ?? from
  const short = lost !== undefined && lost[0] <= Math.max(end, to) && lost[1] > to - rule.timespan
  return {
    start,
    end,
    value,
    from,
    to,
    events: window.flatMap(({ uid }) => (uid === '' ? [] : [uid])).slice(0, EVENTS_LIMIT),
    ...(rule.type === 'temporal' || rule.type === 'temporal_ordered'
      ? { seen: rule.references.map((_, i) => window.find(({ rules }) => rules & (1 << i))?.time ?? 0) }
      : {}),
    flags: window.reduce((flags, entry) => flags | entry.flags, short ? CAPPED : 0),
  }
}

/** What the events of a window carry, each once, as far as there is room. */
export function carriedBy(window: readonly Entry[]): { readonly ways: Ways; readonly cut: boolean } {
  const ways = new Map<string, readonly string[]>()
  let room = CARRIED_BYTES
  for (const { carried } of window) {
    for (const each of carried) {
      const key = JSON.stringify(each)
      if (ways.has(key)) continue
      room -= bytesOf(each) + 1
      if (room < 0 || ways.size === CARRIED_LIMIT) return { ways: ways.size > 0 ? [...ways.values()] : NOTHING, cut: true }
      ways.set(key, each)
    }
  }
  return { ways: [...ways.values()], cut: false }
}

/** In which ways a window's events carry what the correlations above ask for. */
export type Ways = readonly (readonly string[])[]

/** One way, with nothing carried. */
export const NOTHING: Ways = [[]]

/** What a finding calls one of its rules: with its id, where another is called the same. */
function labelOf({ inputs }: CorrelationRule, i: number): string {
  const { id = '', label = '' } = inputs[i] ?? {}
  return inputs.some((other, j) => j !== i && other.label === label) ? `${label} (${id})` : label
}

const CAVEATS: readonly (readonly [number, Caveat])[] = [
  [LATE, 'late'],
  [CAPPED, 'capped'],
]

/** A found window as a match of the rule, for whoever makes findings. */
export function matchOf(rule: CorrelationRule, group: string, by: readonly string[], found: Found): CorrelationMatch {
  const { start, end, value, from, to, seen, events, flags } = found
  const rules = seen?.flatMap((time, i) => (time === 0 ? [] : [[labelOf(rule, i), time] as const]))
  return {
    rule,
    group,
    groupBy: Object.fromEntries(rule.groupBy.map((field, i) => [field, by[i] ?? ''])),
    window: { start, end },
    evidence: { ...(rules ? { rules: Object.fromEntries(rules) } : { [rule.type]: value }), from, to },
    events,
    caveats: CAVEATS.flatMap(([flag, caveat]) => (flags & flag ? [caveat] : [])),
  }
}
