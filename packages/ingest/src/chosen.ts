import { type CorrelationRule, LEVELS, type Level, type OpenPack, type RuleMeta } from '@weir/sigma'

/** What a config and a command line leave out of a pack. */
export interface Choice {
  /** Ids. */
  readonly disable: readonly string[]
  /** Findings below this level are not made. */
  readonly minLevel: Level
}

export interface Chosen {
  /** The correlations that run. Rules all run: one that is left out may feed a correlation, and none is read before it matches. */
  readonly correlations: readonly CorrelationRule[]
  /** Whether what a rule or correlation finds is a finding. */
  readonly isHeard: (meta: RuleMeta) => boolean
  /** What a person may not expect of the choice, a line each. */
  readonly notes: readonly string[]
}

/** Whether a rule, correlation or detector makes findings. */
export function isChosen({ id, level }: RuleMeta, { disable, minLevel }: Choice): boolean {
  return !disable.includes(id) && LEVELS.indexOf(level) >= LEVELS.indexOf(minLevel)
}

/**
 * What a choice leaves of a pack. What is left out makes no findings; it still feeds a correlation that is not left out, which could not hold
 * without it, or would always hold where it stands under a `not`. A note says so of what is disabled by name.
 */
export function choose(
  { engine, correlations, silent }: Pick<OpenPack, 'engine' | 'correlations' | 'silent'>,
  choice: Choice,
): Chosen {
  const isHeard = (meta: RuleMeta): boolean => isChosen(meta, choice) && !silent.has(meta.id)
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
  for (const correlation of correlations) if (isHeard(correlation.meta)) need(correlation)
  const kept = choice.disable.filter(id => needed.has(id))
  // The rules of a pack are read for a note only.
  const titles = new Map(kept.length > 0 ? [...engine.rules, ...correlations].map(({ meta }) => [meta.id, meta.title]) : [])
  return {
    correlations: correlations.filter(({ meta }) => isHeard(meta) || needed.has(meta.id)),
    isHeard,
    notes: kept.map(
      id =>
        `rules.disable: "${titles.get(id)}" makes no findings, but runs all the same: the correlation "${needed.get(id)?.meta.title}" needs it; disable that one too`,
    ),
  }
}
