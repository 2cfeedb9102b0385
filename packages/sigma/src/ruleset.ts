import { linkCorrelations } from './correlation/link.ts'
import type { CorrelationRule } from './correlation/model.ts'
import { applyFilters, type Filter } from './filter.ts'
import { applyMappings, type FieldMapping } from './mapping.ts'
import type { Refusal, Rule } from './rule.ts'

/** What the documents of one or several files hold, each read on its own. */
export interface Parsed {
  readonly rules: readonly Rule[]
  readonly correlations: readonly CorrelationRule[]
  readonly filters: readonly Filter[]
  readonly refused: readonly Refusal[]
}

/** Rules that can run: filters are in them, field names are the events', correlations know their rules. */
export interface RuleSet {
  readonly rules: readonly Rule[]
  /** Each behind those it names. */
  readonly correlations: readonly CorrelationRule[]
  /** Ids of rules that only feed correlations (`generate: false`): their matches are no findings. */
  readonly silent: ReadonlySet<string>
  readonly refused: readonly Refusal[]
}

/** Brings together documents that speak of each other, wherever they were read. What names something that is not there is refused. */
export function linkRules(parsed: readonly Parsed[], mappings: readonly FieldMapping[] = []): RuleSet {
  const filtered = applyFilters(
    parsed.flatMap(({ rules }) => rules),
    parsed.flatMap(({ filters }) => filters),
  )
  const rules = applyMappings(filtered.rules, mappings)
  const linked = linkCorrelations(
    rules,
    parsed.flatMap(({ correlations }) => correlations),
  )
  const refused = [...parsed.flatMap(each => each.refused), ...filtered.refused, ...linked.refused]
  return { rules, correlations: linked.correlations, silent: linked.silent, refused }
}
