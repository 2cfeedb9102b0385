import { digest } from './digest.ts'
import { isMonotone } from './gauge.ts'
import { silentIds, withCarried } from './link.ts'
import type { CorrelationRule } from './model.ts'
import type { Limits } from './room.ts'

export interface CorrelatorOptions {
  /**
   * How long after its time an event may come and how far a clock may run ahead, milliseconds; 10 minutes when left out. State grows with it, and
   * what waits for the end of its window waits so much longer.
   */
  readonly lateness?: number
  /** A group makes at most one finding in each cell of a grid of this length, milliseconds; the correlation's timespan when left out. */
  readonly suppression?: number
  /**
   * Events kept of a group whose condition `event_count` has been met, where that does not need more: a flood is not written down whole. What a
   * finding then counts is at least that. 100 when left out.
   */
  readonly flood?: number
  /** Events kept of one group; 4,096 when left out. */
  readonly entries?: number
  /** Bytes of one group's state as JSON, without findings that wait to be delivered; 100,000 when left out. */
  readonly bytes?: number
}

const LATENESS = 600_000
const ENTRIES = 4_096
const FLOOD = 100
/** With the findings that wait (`FOUND_BYTES`) less than a store keeps of a state (`STATE_BYTES`). */
const BYTES = 100_000
/** What waits for its window's end is told by a tick, each minute; after that long it counts as late for those that build on it. */
const TICK_SLACK = 300_000
const DAY = 86_400_000

/** Rises when what is kept of a group is written otherwise: older state is then left alone, and groups begin anew. */
const FORMAT = 1

/** A correlation as it runs. */
export interface Plan {
  readonly rule: CorrelationRule
  /** What keys of its state begin with. It holds a digest of the definition: a rule that is changed begins anew. */
  readonly prefix: string
  /** Fires at once, on a window that slides; else each window is judged when it is over. */
  readonly sliding: boolean
  /** Milliseconds after its time from which an event is late. */
  readonly bound: number
  readonly suppression: number
  /** Its findings are not answered. */
  readonly silent: boolean
  /** Others read its findings. */
  readonly chained: boolean
  readonly limits: Limits
  /** How many events are enough for a window, whatever else was in it; undefined where all are kept. */
  readonly enough: number | undefined
}

/** Everything of one correlation's state is under keys that begin so. */
export const KEY = 'correlation|'

/** Works out how each correlation runs; they stand behind those that they name. */
export function plansOf(correlations: readonly CorrelationRule[], options: CorrelatorOptions): readonly Plan[] {
  const { lateness = LATENESS, entries = ENTRIES, bytes = BYTES } = options
  const silent = silentIds(correlations)
  const named = new Set(correlations.flatMap(({ inputs }) => inputs.map(({ id }) => id)))
  const plans = new Map<string, Plan>()
  for (const rule of withCarried(correlations)) {
    const below = rule.inputs.flatMap(({ id, kind }) => {
      const plan = kind === 'correlation' ? plans.get(id) : undefined
      if (kind === 'correlation' && !plan)
        throw new RangeError(`the correlation ${id} stands behind ${rule.meta.id}, which names it; link them`)
      return plan ? [plan.sliding ? plan.bound : plan.bound + TICK_SLACK] : []
    })
    const suppression = Math.max(1_000, options.suppression ?? rule.timespan)
    const { meta, type, inputs, groupBy, timespan, bounds, branches, fields, percentile, carries } = rule
    const definition = digest(
      JSON.stringify([FORMAT, type, inputs, groupBy, timespan, bounds, branches, fields, percentile, carries, suppression]),
    )
    plans.set(meta.id, {
      rule,
      prefix: `${KEY}${meta.id}|${definition}|`,
      sliding: isMonotone(rule),
      bound: Math.max(lateness, ...below),
      suppression,
      silent: silent.has(meta.id),
      chained: named.has(meta.id),
      limits: { entries, bytes },
      enough: named.has(meta.id) ? undefined : enoughFor(rule, options.flood ?? FLOOD),
    })
  }
  return [...plans.values()]
}

function enoughFor({ type, bounds, inputs }: CorrelationRule, flood: number): number | undefined {
  const [bound] = bounds
  // A finding of another correlation counts once though it is many entries, so their number says nothing.
  const simple = type === 'event_count' && inputs.every(({ kind }) => kind === 'rule')
  if (!simple || bounds.length !== 1 || (bound?.op !== 'gt' && bound?.op !== 'gte')) return undefined
  return Math.max(bound.op === 'gt' ? bound.value + 1 : bound.value, flood, 1)
}

/** When a group's state may be forgotten, epoch milliseconds. */
export function expiryOf({ rule, bound, sliding }: Plan, now: number): number {
  // An event that came now may be up to `bound` early, and what belongs to it come a timespan later, again `bound` late. What a tick judges
  // waits for it, so it survives some hours without one.
  return now + rule.timespan + 3 * bound + (sliding ? 0 : DAY)
}
