import type { Match } from '../engine.ts'
import type { Locate } from '../rule.ts'
import type { StateStore } from '../state.ts'
import type { RuleMeta, SigmaEvent } from '../types.ts'

/** A correlation rule that has been read; `linkRules` finds the rules that it names. */
export interface CorrelationRule {
  readonly meta: RuleMeta
  readonly name?: string
  /** Ids or names, as written. */
  readonly references: readonly string[]
  readonly file: string
  /** The parsed YAML, to be put into a pack; `parseDocument` reads it back. */
  readonly document: unknown
  readonly locate: Locate
}

/** An event that rules matched. */
export interface Observation {
  readonly event: SigmaEvent & { readonly uid: string /** Epoch milliseconds. */; readonly time: number }
  readonly matches: readonly Match[]
}

export interface CorrelatorContext {
  /** Names the batch, the same on redelivery; at most 200 characters. */
  readonly batch: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly state: StateStore
}

/** One correlation that holds for one group in one window: a finding. Its uid is made of rule, group and window. */
export interface CorrelationMatch {
  readonly rule: CorrelationRule
  /** The group-by values, as one text that tells groups apart; '' without group-by. */
  readonly group: string
  /** Group-by field → value. */
  readonly groupBy: Readonly<Record<string, string>>
  /** Epoch milliseconds, event time. */
  readonly window: { readonly start: number; readonly end: number }
  /** What was counted or computed: `event_count`, `value_sum` … → number; for temporal types the rules seen. */
  readonly evidence: Readonly<Record<string, unknown>>
  /** Uids of the events that took part, at most 32, the earliest first. */
  readonly events: readonly string[]
  /** What makes the answer less than exact: an event came later than the lateness bound, a cap was hit. */
  readonly caveats: readonly ('late' | 'capped')[]
}

/** Runs correlations over the matches of rules. State lives in the store, so that several workers count together. */
export interface Correlator {
  /** Counts a batch's matches. One fold per group, correlation and batch; a batch that comes again answers as it did. */
  observe(observations: readonly Observation[], context: CorrelatorContext): Promise<readonly CorrelationMatch[]>
  /** Closes windows that no event closes (`lt`, `eq`, `not`): run each minute. At most `limit` groups a call. */
  close(context: Omit<CorrelatorContext, 'batch'>, limit: number): Promise<readonly CorrelationMatch[]>
}
