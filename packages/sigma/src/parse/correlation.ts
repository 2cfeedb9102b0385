import type { Branch, CorrelationRule, CorrelationType } from '../correlation/model.ts'
import { fieldNameError } from '../field-name.ts'
import { type Locate, type Path, RuleError } from '../rule.ts'
import { readBounds, readFields, readPercentile, refuseImpossible } from './bounds.ts'
import { readBranches } from './branches.ts'
import { isMap } from './detection.ts'
import { own, readMeta, readName } from './metadata.ts'
import { readTimespan } from './timespan.ts'

type Map = Readonly<Record<string, unknown>>

/** How many rules one correlation may name; temporal types keep a bit for each. */
const REFERENCES_LIMIT = 1_000
const TEMPORAL_LIMIT = 30
const GROUP_BY_LIMIT = 16

/** As people may write it → what it is. pySigma's names for a temporal type with a boolean condition are taken. */
const TYPES: ReadonlyMap<string, CorrelationType> = new Map([
  ['event_count', 'event_count'],
  ['value_count', 'value_count'],
  ['temporal', 'temporal'],
  ['temporal_ordered', 'temporal_ordered'],
  ['temporal_extended', 'temporal'],
  ['temporal_ordered_extended', 'temporal_ordered'],
  ['value_sum', 'value_sum'],
  ['value_avg', 'value_avg'],
  ['value_percentile', 'value_percentile'],
  ['value_median', 'value_median'],
])
const KEYS: ReadonlySet<string> = new Set(['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'])

/** Reads a document with `correlation`. Throws RuleError. */
export function readCorrelation(document: Map, file: string, locate: Locate): CorrelationRule {
  const correlation = own(document, 'correlation')
  if (!isMap(correlation)) throw new RuleError(['correlation'], 'correlation must be a map with type, rules and timespan')
  for (const key of Object.keys(correlation)) {
    if (!KEYS.has(key))
      throw new RuleError(['correlation', key], `unknown key "${key.slice(0, 40)}"; write one of ${[...KEYS].join(', ')}`)
  }
  const type = readType(own(correlation, 'type'))
  const references = texts(correlation, 'rules', type.startsWith('temporal') ? TEMPORAL_LIMIT : REFERENCES_LIMIT)
  if (references.length === 0)
    throw new RuleError(['correlation', 'rules'], 'rules is missing: the ids or names of what is correlated')
  // Without an id it is named by its title and what it correlates, as a rule is by its title and log source.
  const meta = readMeta({ ...document, logsource: { correlation: own(correlation, 'type'), rules: references } })
  const name = readName(document)
  const rule = {
    meta,
    ...(name === undefined ? {} : { name }),
    type,
    references,
    inputs: [],
    carries: [],
    groupBy: fieldNames(texts(correlation, 'group-by', GROUP_BY_LIMIT)),
    timespan: readTimespan(own(correlation, 'timespan')),
    aliases: readAliases(own(correlation, 'aliases'), references),
    generate: readGenerate(document, correlation),
    ...readCondition(own(correlation, 'condition'), type, references),
    file,
    document,
    locate,
  }
  refuseImpossible(rule)
  return rule
}

function readType(written: unknown): CorrelationType {
  const type = typeof written === 'string' ? TYPES.get(written) : undefined
  if (type) return type
  const found = typeof written === 'string' ? `unknown type "${written.slice(0, 40)}"` : 'type is missing'
  throw new RuleError(['correlation', 'type'], `${found}; write one of ${[...new Set(TYPES.values())].join(', ')}`)
}

type ConditionPart = Pick<CorrelationRule, 'bounds' | 'branches' | 'fields' | 'percentile'>

function readCondition(written: unknown, type: CorrelationType, references: readonly string[]): ConditionPart {
  const path: Path = ['correlation', 'condition']
  const temporal = type === 'temporal' || type === 'temporal_ordered'
  if (temporal && (written === undefined || written === null)) return { bounds: [], branches: [everyOne(references)], fields: [] }
  if (typeof written === 'string') {
    if (!temporal)
      throw new RuleError(path, `a condition over names of rules is for temporal types; ${type} takes a map, such as "gte: 10"`)
    return { bounds: [], branches: readBranches(written, references, path), fields: [] }
  }
  if (!isMap(written)) throw new RuleError(path, `condition is missing: ${type} takes a map, such as "gte: 10"`)
  const percentile = readPercentile(written, type)
  return {
    bounds: readBounds(written, type),
    branches: [],
    fields: readFields(written, type),
    ...(percentile === undefined ? {} : { percentile }),
  }
}

const everyOne = (references: readonly string[]): Branch => ({ seen: references.map((_, i) => i), unseen: [] })

/** A text or a list of different texts; none where the key is not there. */
function texts(correlation: Map, key: string, limit: number): readonly string[] {
  const path: Path = ['correlation', key]
  const value = own(correlation, key)
  if (value === undefined || value === null) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > limit) throw new RuleError(path, `${key} holds more than ${limit} entries`)
  return list.map((entry, i) => {
    const place = Array.isArray(value) ? [...path, i] : path
    if (typeof entry !== 'string' || entry === '' || entry.length > 256)
      throw new RuleError(place, `${key} is a list of texts of at most 256 characters; put this one in quotes`)
    if (list.indexOf(entry) !== i) throw new RuleError(place, `"${entry}" stands twice in ${key}; remove one`)
    return entry
  })
}

function fieldNames(names: readonly string[]): readonly string[] {
  for (const error of names.map(fieldNameError)) if (error) throw new RuleError(['correlation', 'group-by'], error)
  return names
}

function readAliases(written: unknown, references: readonly string[]): CorrelationRule['aliases'] {
  const path: Path = ['correlation', 'aliases']
  if (written === undefined || written === null) return {}
  if (!isMap(written)) throw new RuleError(path, 'aliases is a map of alias to rule to field')
  for (const [alias, fields] of Object.entries(written)) {
    if (!isMap(fields)) throw new RuleError([...path, alias], `alias "${alias}" is a map of the name of a rule to a field`)
    for (const [reference, field] of Object.entries(fields)) {
      const place = [...path, alias, reference]
      if (!references.includes(reference))
        throw new RuleError(place, `"${reference}" is not one of this correlation's rules; write a name as it stands under rules`)
      if (typeof field !== 'string' || field === '') throw new RuleError(place, 'expected the name of a field')
      const error = fieldNameError(field)
      if (error) throw new RuleError(place, error)
    }
  }
  return written as CorrelationRule['aliases']
}

/** The specification puts it beside `correlation`, pySigma inside. */
function readGenerate(document: Map, correlation: Map): boolean {
  for (const [map, path] of [
    [document, ['generate']],
    [correlation, ['correlation', 'generate']],
  ] as const) {
    const value = own(map, 'generate')
    if (value === undefined || value === null) continue
    if (typeof value !== 'boolean') throw new RuleError(path, 'generate is true or false')
    return value
  }
  return false
}
