import type { Engine, MatchedRule } from './match.ts'
import { planRules } from './plan/plan.ts'
import type { Rule } from './rule.ts'
import { runContent } from './runtime.ts'

export type { Engine, Match, MatchedRule } from './match.ts'

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
    { routing },
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
