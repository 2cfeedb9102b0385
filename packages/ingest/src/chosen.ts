import { type CorrelationRule, LEVELS, type Level, type Rule, type RuleMeta, type RuleSet } from '@weir/sigma'

/** What a config and a command line leave out of a rule set. */
export interface Choice {
  /** Ids. */
  readonly disable: readonly string[]
  /** Findings below this level are not made. */
  readonly minLevel: Level
}

export interface Chosen {
  readonly rules: readonly Rule[]
  readonly correlations: readonly CorrelationRule[]
  /** Ids of those among them that make no findings of their own. */
  readonly silent: ReadonlySet<string>
  /** What a person may not expect of the choice, a line each. */
  readonly notes: readonly string[]
}

/** Whether a rule, correlation or detector makes findings. */
export function isChosen({ id, level }: RuleMeta, { disable, minLevel }: Choice): boolean {
  return !disable.includes(id) && LEVELS.indexOf(level) >= LEVELS.indexOf(minLevel)
}

/**
 * The rules and correlations that run. What is left out makes no findings; it still feeds a correlation that is not left out, which could not
 * hold without it, or would always hold where it stands under a `not`. A note says so of what is disabled by name.
 */
export function chooseRules(
  { rules, correlations, silent }: Pick<RuleSet, 'rules' | 'correlations' | 'silent'>,
  choice: Choice,
): Chosen {
  const named = new Map<string, CorrelationRule>(correlations.map(correlation => [correlation.meta.id, correlation]))
  /** Id → a correlation that needs it. */
  const needed = new Map<string, CorrelationRule>()
  const need = (correlation: CorrelationRule): void => {
    for (const { id } of correlation.inputs) {
      if (needed.has(id)) continue
      needed.set(id, correlation)
      const chained = named.get(id)
      if (chained) need(chained)
    }
  }
  for (const correlation of correlations) {
    if (isChosen(correlation.meta, choice) && !silent.has(correlation.meta.id)) need(correlation)
  }
  const heard = ({ meta }: Rule | CorrelationRule): boolean => isChosen(meta, choice) && !silent.has(meta.id)
  const runs = (rule: Rule | CorrelationRule): boolean => heard(rule) || needed.has(rule.meta.id)
  const running = [...rules.filter(runs), ...correlations.filter(runs)]
  return {
    rules: rules.filter(runs),
    correlations: correlations.filter(runs),
    silent: new Set(running.filter(rule => !heard(rule)).map(({ meta }) => meta.id)),
    notes: running
      .filter(({ meta }) => choice.disable.includes(meta.id))
      .map(
        ({ meta }) =>
          `rules.disable: "${meta.title}" makes no findings, but runs all the same: the correlation "${needed.get(meta.id)?.meta.title}" needs it; disable that one too`,
      ),
  }
}
