import { CAPPED, type Entry, type Found } from './group-state.ts'
import type { Caveat, CorrelationMatch, CorrelationRule } from './model.ts'
import { LATE } from './group-state.ts'

/** Uids that a finding shows. */
const EVENTS_LIMIT = 32
/** Different values that a window hands to the correlations above it. */
const CARRIED_LIMIT = 64

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
    ...(rule.carries.length > 0 ? { carried: carriedBy(window) } : {}),
    flags: window.reduce((flags, entry) => flags | entry.flags, short ? CAPPED : 0),
  }
}

/** What the events of a window carry, each once. */
export const carriedBy = (window: readonly Entry[]): readonly (readonly string[])[] =>
  [...new Map(window.flatMap(({ carried }) => carried.map(each => [JSON.stringify(each), each] as const))).values()].slice(
    0,
    CARRIED_LIMIT,
  )

const CAVEATS: readonly (readonly [number, Caveat])[] = [
  [LATE, 'late'],
  [CAPPED, 'capped'],
]

/** A found window as a match of the rule, for whoever makes findings. */
export function matchOf(rule: CorrelationRule, group: string, by: readonly string[], found: Found): CorrelationMatch {
  const { start, end, value, from, to, seen, events, flags } = found
  const rules = seen?.flatMap((time, i) => (time === 0 ? [] : [[rule.inputs[i]?.label ?? '', time] as const]))
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
