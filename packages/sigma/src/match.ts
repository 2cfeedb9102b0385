import type { Rule } from './rule.ts'
import type { SigmaEvent } from './types.ts'

/** What a match says of its rule: all but its document and its condition. */
export type MatchedRule = Pick<Rule, 'meta' | 'name' | 'logsource' | 'taxonomy' | 'fields' | 'file'>

/** One rule that holds for one event. */
export interface Match {
  readonly rule: MatchedRule
  /** The selections of the condition that hold, those under a `not` left out. */
  readonly selections: readonly string[]
  /** Evidence: field name to the value that matched. At most 32 fields, texts cut at 1,024 characters, objects as JSON text. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Engine {
  /** The rules of the event's log source that hold, in the order in which they were given. A rule is in it once. */
  match(event: SigmaEvent): Match[]
  readonly rules: readonly MatchedRule[]
}
