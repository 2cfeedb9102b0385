import { linkCorrelations } from './correlation/link.ts'
import type { CorrelationRule } from './correlation/model.ts'
import { applyFilters, type Filter } from './filter.ts'
import { applyMappings, type FieldMapping } from './mapping.ts'
import type { ParseOptions, Place, Refusal, Rule } from './rule.ts'

/** What the documents of one or several files hold, each read on its own. */
export interface Parsed {
  readonly rules: readonly Rule[]
  readonly correlations: readonly CorrelationRule[]
  readonly filters: readonly Filter[]
  readonly refused: readonly Refusal[]
  /** Field mappings that came with them, as in a pack. */
  readonly mappings?: readonly FieldMapping[]
  /** The lists that `expand` was given: what it takes to read the documents again. */
  readonly placeholders?: NonNullable<ParseOptions['placeholders']>
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

/**
 * Brings together documents that speak of each other, wherever they were read. What names something that is not there is refused, and so is
 * what has an id or a name that one before it has. `mappings` come behind those of `parsed`.
 */
export function linkRules(parsed: readonly Parsed[], mappings: readonly FieldMapping[] = []): RuleSet {
  const unique = withoutDuplicates(parsed)
  const filtered = applyFilters(unique.rules, unique.filters, unique.correlations)
  const all = [...(unique.mappings ?? []), ...mappings]
  const mapped = applyMappings(filtered.rules, all)
  const linked = linkCorrelations(mapped.rules, unique.correlations, all)
  const refused = [...unique.refused, ...filtered.refused, ...mapped.refused, ...linked.refused]
  return { rules: mapped.rules, correlations: linked.correlations, silent: linked.silent, refused }
}

/** What a finding, a filter or a correlation calls a document by. */
interface Called {
  readonly id: string
  readonly name: string | undefined
  readonly title: string
  readonly file: string
  readonly place: Place
}

/** All documents in one, those left out whose id or name is taken; the refusal names both places. */
export function withoutDuplicates(parsed: readonly Parsed[]): Parsed {
  const ids = new Map<string, Called>()
  const names = new Map<string, Called>()
  const refused = parsed.flatMap(each => each.refused)
  const isNew = (called: Called): boolean => {
    const sameId = ids.get(called.id)
    const sameName = called.name === undefined ? undefined : names.get(called.name)
    const taken = sameId ?? sameName
    if (taken) {
      const what = sameId ? `id ${called.id}` : `name "${called.name}"`
      const { file, place } = taken
      const where = place.line > 0 ? `${file}:${place.line}:${place.column}` : file
      refused.push({
        file: called.file,
        ...called.place,
        rule: called.title,
        reason: `its ${what} is taken by "${taken.title}" in ${where}`,
      })
      return false
    }
    ids.set(called.id, called)
    if (called.name !== undefined) names.set(called.name, called)
    return true
  }
  const named = ({ meta, name, file }: Rule | CorrelationRule, place: Place): Called => ({ ...meta, name, file, place })
  return {
    rules: parsed.flatMap(({ rules }) => rules.filter(rule => isNew(named(rule, rule.place)))),
    correlations: parsed.flatMap(({ correlations }) =>
      correlations.filter(correlation => isNew(named(correlation, correlation.locate(['id'])))),
    ),
    filters: parsed.flatMap(({ filters }) =>
      filters.filter(({ id, title, file, locate }) => isNew({ id, title, file, name: undefined, place: locate(['id']) })),
    ),
    refused,
    mappings: parsed.flatMap(({ mappings = [] }) => mappings),
    // To assign `__proto__` would not make a list of that name.
    placeholders: Object.fromEntries(parsed.flatMap(({ placeholders = {} }) => Object.entries(placeholders))),
  }
}
