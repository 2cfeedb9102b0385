import type { CorrelationRule } from './correlation/model.ts'
import { covers } from './logsource.ts'
import { byReference } from './reference.ts'
import type { Locate, Path, Refusal, Rule } from './rule.ts'
import type { Condition } from './tree.ts'
import type { LogSource } from './types.ts'

/** A filter (meta rule) that has been read; `applyFilters` puts it into the rules that it names. */
export interface Filter {
  readonly id: string
  readonly title: string
  /** It must cover the log sources of the rules that it names. */
  readonly logsource: LogSource
  /** As written: that of the rules it is for. */
  readonly taxonomy: string
  /** Ids and names as written, or every rule of the log source. */
  readonly rules: readonly string[] | 'any'
  /** What must hold beside the rule's own condition. Its selections are named `<title>: <selection>`. */
  readonly condition: Condition
  /** As `Rule.fields`. */
  readonly fields: readonly string[]
  readonly file: string
  /** The parsed YAML, to be put into a pack; `parseDocument` reads it back. */
  readonly document: unknown
  readonly locate: Locate
}

/**
 * Puts each filter into the rules that it names: `(rule) and (filter)`, with no negation of its own, as pySigma does. So an exclusion says
 * `condition: not selection`. Each condition was resolved over its own selections, so neither captures the other's. A filter that names what
 * it cannot be put into is refused whole.
 */
export function applyFilters(
  rules: readonly Rule[],
  filters: readonly Filter[],
  correlations: readonly CorrelationRule[] = [],
): { rules: readonly Rule[]; refused: Refusal[] } {
  if (filters.length === 0) return { rules, refused: [] }
  const refused: Refusal[] = []
  const find = byReference(rules)
  const findCorrelation = byReference(correlations)
  const carried = new Map<Rule, Filter[]>()
  for (const filter of filters) {
    const targets: Rule[] = []
    const wrong: Refusal[] = []
    const refuse = (path: Path, reason: string): void =>
      void wrong.push({ file: filter.file, ...filter.locate(path), rule: filter.title, reason })
    if (filter.rules === 'any') targets.push(...rules.filter(rule => fits(filter, rule)))
    else {
      for (const [i, reference] of filter.rules.entries()) {
        const rule = find(reference)
        const reason = rule ? misfit(filter, rule) : unknown(reference, findCorrelation(reference))
        if (reason) refuse(['filter', 'rules', i], reason)
        else if (rule && !targets.includes(rule)) targets.push(rule)
      }
    }
    refused.push(...wrong)
    if (wrong.length === 0) for (const rule of targets) carried.set(rule, [...(carried.get(rule) ?? []), filter])
  }
  return { rules: rules.map(rule => withFilters(rule, carried.get(rule))), refused }
}

function withFilters(rule: Rule, filters: readonly Filter[] | undefined): Rule {
  if (!filters) return rule
  return {
    ...rule,
    condition: { kind: 'and', items: [rule.condition, ...filters.map(({ condition }) => condition)] },
    fields: [...new Set([rule, ...filters].flatMap(({ fields }) => fields))].sort(),
    filters: filters.map(({ id, title, file }) => ({ id, title, file })),
  }
}

const fits = (filter: Filter, rule: Rule): boolean => misfit(filter, rule) === undefined

function misfit(filter: Filter, rule: Rule): string | undefined {
  const taxonomy = rule.dialect ?? rule.taxonomy
  if (filter.taxonomy !== taxonomy)
    return `the rule "${rule.meta.title}" is written in the taxonomy ${taxonomy}, the filter in ${filter.taxonomy}`
  if (!covers(filter.logsource, rule.logsource))
    return `the filter's log source (${shown(filter.logsource)}) does not cover that of the rule "${rule.meta.title}" (${shown(rule.logsource)})`
  return undefined
}

function unknown(reference: string, correlation: CorrelationRule | undefined): string {
  if (correlation)
    return `"${correlation.meta.title}" is a correlation, and filters apply to rules only; name the rules that it counts`
  return `no rule has the id or name "${reference.slice(0, 80)}"`
}

const shown = (source: LogSource): string =>
  Object.entries(source)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
