import { planRules } from './plan/plan.ts'
import type { Rule } from './rule.ts'
import { runContent } from './runtime.ts'
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

export interface EngineOptions {
  /** `false`: every rule is tried on every event, whatever its log source. */
  readonly routing?: boolean
}

/** Compiles rules into one matcher. Throws when two rules have the same id: findings name rules by it. */
export function createEngine(rules: readonly Rule[], { routing = true }: EngineOptions = {}): Engine {
  refuseDuplicates(rules)
  const planned = { sigma: planRules(rules, 'sigma'), ocsf: planRules(rules, 'ocsf') }
  return runContent(
    {
      plans: { sigma: planned.sigma.plan, ocsf: planned.ocsf.plan },
      rules: () => rules,
      rule: at => known(rules[at]),
      question: (taxonomy, unit) => known(planned[taxonomy].questions[unit]),
    },
    routing,
  )
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('the plan names a rule that is not there')
  return value
}

/** Throws when two rules have one id. */
export function refuseDuplicates(rules: readonly MatchedRule[]): void {
  const seen = new Map<string, MatchedRule>()
  for (const rule of rules) {
    const other = seen.get(rule.meta.id)
    if (other) {
      throw new Error(
        `two rules have the id ${rule.meta.id}: "${other.meta.title}" in ${other.file} and "${rule.meta.title}" in ${rule.file}; remove one`,
      )
    }
    seen.set(rule.meta.id, rule)
  }
}
