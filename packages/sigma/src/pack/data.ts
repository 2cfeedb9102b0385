import type { Input } from '../correlation/model.ts'
import { type MatchedRule, refuseDuplicates } from '../engine.ts'
import type { Question } from '../plan/expression.ts'
import { type Plan, type Planned, planRules } from '../plan/plan.ts'
import type { Rule } from '../rule.ts'
import type { RuleSet } from '../ruleset.ts'

export const PACK_FORMAT = 'weir-rule-pack'
/** Goes up with every change that an older reader would misread. */
export const PACK_VERSION = 1

/** Compiled rules as JSON. What is needed for every event is data; what is needed for a match only is text that is parsed then. */
export interface PackData {
  readonly format: typeof PACK_FORMAT
  readonly version: typeof PACK_VERSION
  /** The pack's name, 16 hexadecimal digits: of the rules as they were written, whatever compiled them. Every finding carries it. */
  readonly hash: string
  readonly plans: { readonly sigma: Plan; readonly ocsf: Plan }
  /** One JSON text a rule: a RuleText. */
  readonly rules: readonly string[]
  readonly correlations: readonly CorrelationData[]
  /** Ids of rules whose matches only feed correlations. */
  readonly silent: readonly string[]
}

/** What a match tells of its rule, and what each of its bindings asks. */
export interface RuleText {
  readonly rule: MatchedRule
  readonly questions: readonly Question[]
}

/** A correlation as its document, and the rules that it was linked to. */
export interface CorrelationData {
  readonly file: string
  readonly document: unknown
  readonly inputs: readonly Input[]
}

/** Compiles a rule set into a pack of this name. Throws when two rules have one id. */
export function compilePack(
  { rules, correlations, silent }: Pick<RuleSet, 'rules' | 'correlations' | 'silent'>,
  hash: string,
): PackData {
  refuseDuplicates(rules)
  const sigma = planRules(rules, 'sigma')
  const ocsf = planRules(rules, 'ocsf')
  return {
    format: PACK_FORMAT,
    version: PACK_VERSION,
    hash,
    plans: { sigma: sigma.plan, ocsf: ocsf.plan },
    rules: rules.map((rule, at) =>
      JSON.stringify({ rule: described(rule), questions: questionsOf(at, rule.taxonomy === 'sigma' ? sigma : ocsf) }),
    ),
    correlations: correlations.map(({ file, document, inputs }) => ({ file, document, inputs })),
    silent: [...silent].sort(),
  }
}

function questionsOf(rule: number, { plan, questions }: Planned): readonly Question[] {
  const from = firstUnit(plan, rule)
  const out: Question[] = []
  for (let unit = from; plan.units[unit]?.rule === rule; unit++) {
    const question = questions[unit]
    if (question) out.push(question)
  }
  return out
}

/** Where a rule's units begin; they stand in the order of their rules. */
export function firstUnit({ units }: Plan, rule: number): number {
  let low = 0
  let high = units.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((units[middle]?.rule ?? 0) < rule) low = middle + 1
    else high = middle
  }
  return low
}

function described({ meta, name, logsource, taxonomy, fields, file }: Rule): MatchedRule {
  return { meta, ...(name !== undefined && { name }), logsource, taxonomy, fields, file }
}
