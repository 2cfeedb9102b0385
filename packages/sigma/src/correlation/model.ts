import type { Match } from '../match.ts'
import type { Locate } from '../rule.ts'
import type { StateStore } from '../state.ts'
import type { LogSource, RuleMeta, SigmaEvent } from '../types.ts'

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'value_median'

export type Operator = 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq'

/** What a correlation's figure is compared with; of several bounds, each must hold. */
export interface Bound {
  readonly op: Operator
  readonly value: number
}

/** One way in which a temporal condition holds: these rules are seen, and those are not. Indexes into `references`. */
export interface Branch {
  readonly seen: readonly number[]
  readonly unseen: readonly number[]
}

/** A correlation rule that has been read; `linkRules` finds the rules that it names. */
export interface CorrelationRule {
  readonly meta: RuleMeta
  readonly name?: string
  readonly type: CorrelationType
  /** Ids or names, as written. */
  readonly references: readonly string[]
  /** What the references are, in their order; empty until `linkRules` has found them. */
  readonly inputs: readonly Input[]
  /** Fields that are kept of its events because a correlation that names it groups or counts by them; `linkRules` finds them. */
  readonly carries: readonly string[]
  readonly groupBy: readonly string[]
  /** Milliseconds. */
  readonly timespan: number
  /** Alias → reference → the field that the alias stands for in that rule's events. */
  readonly aliases: { readonly [alias: string]: { readonly [reference: string]: string } }
  /** Compared with the figure; empty where `branches` say it all. */
  readonly bounds: readonly Bound[]
  /** For temporal types without bounds. */
  readonly branches: readonly Branch[]
  /** What `value_…` types read; several only for `value_count`, which then counts their combinations. */
  readonly fields: readonly string[]
  /** 0 to 100, for `value_percentile` and `value_median`. */
  readonly percentile?: number
  /** Whether the rules that it names make findings of their own. */
  readonly generate: boolean
  readonly file: string
  /** The parsed YAML, to be put into a pack; `parseDocument` reads it back. */
  readonly document: unknown
  readonly locate: Locate
}

/** A rule or correlation that a correlation looks at. */
export interface Input {
  readonly id: string
  readonly kind: 'rule' | 'correlation'
  /** Name or title, for people. */
  readonly label: string
  /** Group-by fields as this rule's events call them: aliases are resolved. */
  readonly groupBy: readonly string[]
  /** As `groupBy`, for `fields`. */
  readonly fields: readonly string[]
  /** As `groupBy`, for `carries`. */
  readonly carries: readonly string[]
  /** Where events call these fields otherwise, by their log source; the first that covers an event's decides. */
  readonly names: readonly EventNames[]
}

/** What fields are called in events of a log source, each by one or several names. */
export interface EventNames {
  readonly source: LogSource
  readonly fields: { readonly [field: string]: readonly string[] }
}

/** An event that rules matched. */
export interface Observation {
  readonly event: SigmaEvent & { readonly uid: string /** Epoch milliseconds. */; readonly time: number }
  readonly matches: readonly Match[]
}

export interface CorrelatorContext {
  /** Names the batch, the same on redelivery; at most 200 characters. */
  readonly batch: string
  /** Epoch milliseconds. Whoever replays old events gives the time at which they came, or they are all late. */
  readonly now: number
  readonly state: StateStore
  /** Told of events that came for a window which was judged before: they are not counted. Of a batch that comes again, once more. */
  readonly late?: (rule: CorrelationRule, events: number) => void
}

/** One correlation that holds for one group in one window: a finding. Its uid is made of rule, group and window. */
export interface CorrelationMatch {
  readonly rule: CorrelationRule
  /** The group-by values, as one text that tells groups apart; '' without group-by. */
  readonly group: string
  /** Group-by field → value. */
  readonly groupBy: Readonly<Record<string, string>>
  /**
   * What tells this finding from the group's others, epoch milliseconds of event time. Of a condition that fires at once it is the cell of a
   * grid as long as the suppression in which the last event lies; of one that waits for its end it is the window itself.
   */
  readonly window: { readonly start: number; readonly end: number }
  /**
   * What was counted or computed (`event_count`, `value_sum` … → number; for temporal types `rules`: label → when it was first seen), and
   * `from` and `to`: the times of the first and the last event that took part.
   */
  readonly evidence: Readonly<Record<string, unknown>>
  /** Uids of the events that took part, at most 32, the earliest first. Of a busy group's, some may be forgotten. */
  readonly events: readonly string[]
  /** What makes the answer less than exact: an event came later than the lateness bound (or from the future), a cap was hit. */
  readonly caveats: readonly Caveat[]
}

export type Caveat = 'late' | 'capped'

/** Runs correlations over the matches of rules. State lives in the store, so that several workers count together. */
export interface Correlator {
  /**
   * Counts a batch's matches. One fold per group, correlation and batch; a batch that comes again answers as it did. A correlation that only
   * feeds others (`generate: false`) is counted and not answered.
   */
  observe(observations: readonly Observation[], context: CorrelatorContext): Promise<readonly CorrelationMatch[]>
  /**
   * Closes windows that no event closes (`lt`, `eq`, `not`): run each minute. At most `limit` groups a call. What `deliver` is given is named
   * again by a later call when `deliver` throws or the process ends before it is through; without `deliver`, what is answered counts as
   * delivered.
   *
   * A group whose state cannot be folded stays due, and the others are closed all the same. `context.failed` is told of it, by its correlation
   * (none, where that is gone); without it, `close` rejects once it is through with the others.
   */
  close(
    context: Omit<CorrelatorContext, 'batch'> & { readonly failed?: (rule: CorrelationRule | undefined, error: unknown) => void },
    limit: number,
    deliver?: (matches: readonly CorrelationMatch[]) => Promise<void>,
  ): Promise<readonly CorrelationMatch[]>
}
