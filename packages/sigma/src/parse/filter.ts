import type { Filter } from '../filter.ts'
import { type Locate, type ParseOptions, RuleError } from '../rule.ts'
import type { Condition } from '../tree.ts'
import { DetectionReader, isMap } from './detection.ts'
import { checkVersion, derivedId, own, readLogSource, readMeta, readTaxonomy } from './metadata.ts'
import { readSelections } from './selections.ts'

/** How many rules one filter may name. */
const RULES_LIMIT = 10_000

/** Reads a document with `filter`. Throws RuleError. */
export function readFilter(
  document: Readonly<Record<string, unknown>>,
  file: string,
  options: ParseOptions,
  locate: Locate,
): Filter {
  const meta = readMeta(document)
  const { title } = meta
  // Filters for one log source are often called the same, and nothing outlives a change of them: all that is written makes the id.
  const id = typeof own(document, 'id') === 'string' ? meta.id : derivedId(JSON.stringify(document))
  const logsource = readLogSource(document)
  const taxonomy = readTaxonomy(document, options)
  const filter = own(document, 'filter')
  if (!isMap(filter)) throw new RuleError(['filter'], 'filter must be a map')
  const rules = readReferences(own(filter, 'rules'))
  const reader = new DetectionReader(options)
  const condition = readSelections(filter, reader, ['filter'], ['rules'])
  checkVersion(document, reader.fields)
  return {
    id,
    title,
    logsource,
    taxonomy: taxonomy.dialect ?? taxonomy.taxonomy,
    rules,
    condition: named(condition, title),
    fields: [...reader.fields].sort(),
    file,
    document,
    locate,
  }
}

function readReferences(rules: unknown): Filter['rules'] {
  const path = ['filter', 'rules']
  if (rules === 'any') return 'any'
  if (rules === undefined || rules === null)
    throw new RuleError(['filter'], 'filter.rules is missing; list the ids or names of rules, or write any')
  if (!Array.isArray(rules)) throw new RuleError(path, 'filter.rules must be a list of ids and names, or any')
  if (rules.length === 0) throw new RuleError(path, 'filter.rules is empty; name a rule, or write any')
  if (rules.length > RULES_LIMIT) throw new RuleError(path, `filter.rules names more than ${RULES_LIMIT} rules; write any`)
  const seen = new Set<string>()
  return rules.map((rule: unknown, i) => {
    if (typeof rule !== 'string' || rule === '') throw new RuleError([...path, i], 'a rule is named by its id or name, as a text')
    if (seen.has(rule)) throw new RuleError([...path, i], `"${rule.slice(0, 80)}" stands twice`)
    seen.add(rule)
    return rule
  })
}

/** A filter's selections carry its title, so that evidence does not take them for the rule's. */
function named(condition: Condition, title: string): Condition {
  if (condition.kind === 'selection') return { ...condition, name: `${title}: ${condition.name}` }
  if (condition.kind === 'not') return { ...condition, item: named(condition.item, title) }
  return { ...condition, items: condition.items.map(item => named(item, title)) }
}
