import { covers } from './logsource.ts'
import type { Binding, Refusal, Rule } from './rule.ts'
import type { Condition, Detection, Item, StringValue, Value } from './tree.ts'
import type { LogSource } from './types.ts'
import { fold, MANY, parseString, type Pattern } from './values.ts'

/** How rules of one log source are read on its events, or on those of another, whose fields have other names. */
export interface FieldMapping {
  /** The rules it is for: each of product, service and category that stands here is the rule's. */
  readonly rules: LogSource
  /** The taxonomy that these rules are written in; `sigma` where it is left out. */
  readonly taxonomy?: string
  /** The events they are then tried on too; the rule's own log source where it is left out, and then the names take the place of the rule's. */
  readonly events?: LogSource
  /** A rule's field name → the event's. With several names, any of the fields will do, as if it were one with all their values. */
  readonly fields?: { readonly [field: string]: string | readonly string[] }
  /** What a rule's field name begins with → what it begins with in the event; the longest decides. For names that `fields` does not have. */
  readonly prefixes?: { readonly [prefix: string]: string }
  /**
   * A rule's field name → a value of it → further values that mean the same. All are Sigma strings. A rule's value is found whatever its case
   * and whatever wildcards stand around it, so under `contains` and its like too.
   */
  readonly values?: { readonly [field: string]: { readonly [value: string]: readonly string[] } }
}

/**
 * Gives each rule the names that its events use. Of mappings for the same rules and events the last one that speaks of a name decides, so a
 * user's come behind Weir's own. Refuses rules of a taxonomy of the user's that no mapping translates for their log source.
 */
export function applyMappings(
  rules: readonly Rule[],
  mappings: readonly FieldMapping[],
): { readonly rules: readonly Rule[]; readonly refused: readonly Refusal[] } {
  const refused: Refusal[] = []
  const mapped = rules.flatMap(rule => {
    const own = mappings.filter(mapping => isFor(mapping, rule))
    if (rule.dialect !== undefined && own.length === 0) {
      refused.push({
        file: rule.file,
        ...rule.place,
        rule: rule.meta.title,
        reason: `no field mapping is for the taxonomy "${rule.dialect}" and its log source`,
      })
      return []
    }
    return [own.length === 0 ? rule : bound(rule, own)]
  })
  return { rules: mapped, refused }
}

/** Those mappings that are for any of the rules: what a pack of them needs. */
export const mappingsFor = (rules: readonly Rule[], mappings: readonly FieldMapping[]): readonly FieldMapping[] =>
  mappings.filter(mapping => rules.some(rule => isFor(mapping, rule)))

function isFor({ rules, taxonomy = 'sigma', events }: FieldMapping, rule: Rule): boolean {
  if (taxonomy !== (rule.dialect ?? rule.taxonomy) || !covers(rules, rule.logsource)) return false
  // A rule for Apache's web server is not one for another's, though a mapping says "web server" only.
  return events === undefined || KEYS.every(key => rules[key] !== undefined || agrees(rule.logsource[key], events[key]))
}

const KEYS = ['product', 'service', 'category'] as const
const agrees = (wanted: string | undefined, has: string | undefined): boolean =>
  wanted === undefined || wanted.toLowerCase() === has?.toLowerCase()

function bound(rule: Rule, mappings: readonly FieldMapping[]): Rule {
  const bySource = new Map<string, { logsource: LogSource; mappings: FieldMapping[] }>()
  for (const mapping of mappings) {
    const logsource = mapping.events ?? rule.logsource
    const key = KEYS.map(name => logsource[name]?.toLowerCase() ?? '').join('\0')
    const group = bySource.get(key) ?? { logsource, mappings: [] }
    bySource.set(key, group)
    group.mappings.push(mapping)
  }
  const bindings = [...bySource.values()].map(group => binding(rule, group.logsource, group.mappings))
  const inPlace = bindings.find(({ logsource }) => covers(logsource, rule.logsource) && covers(rule.logsource, logsource))
  const also = bindings.filter(each => each !== inPlace)
  return {
    ...rule,
    ...(inPlace && { condition: inPlace.condition, fields: inPlace.fields }),
    ...(also.length > 0 && { also: [...(rule.also ?? []), ...also] }),
  }
}

function binding(rule: Rule, logsource: LogSource, mappings: readonly FieldMapping[]): Binding {
  const names = namer(mappings)
  const synonyms = synonymsOf(mappings)
  const fields = new Set<string>()
  const known = new Map<Detection, Detection>()

  function detection(tree: Detection): Detection {
    let mapped = known.get(tree)
    if (!mapped) {
      mapped = tree.kind === 'item' ? item(tree.item) : { ...tree, items: tree.items.map(detection) }
      known.set(tree, mapped)
    }
    return mapped
  }

  function item(written: Item): Detection {
    if (written.field === undefined) return { kind: 'item', item: written }
    const targets = names(written.field)
    const values = written.values.flatMap(value => translated(value, written, synonyms, names))
    for (const field of [...targets, ...values.flatMap(referenced)]) fields.add(field)
    return overFields({ ...written, values }, targets)
  }

  function condition(tree: Condition): Condition {
    if (tree.kind === 'selection') return { ...tree, detection: detection(tree.detection) }
    if (tree.kind === 'not') return { ...tree, item: condition(tree.item) }
    return { ...tree, items: tree.items.map(condition) }
  }

  const mapped = condition(rule.condition)
  return { logsource, condition: mapped, fields: [...fields].sort() }
}

/**
 * What a field of a rule, or of a correlation over it, is called in events of `source`: any of these names. The same answer as `applyMappings`
 * puts into the rule's condition.
 */
export function eventNames(
  rule: Rule,
  mappings: readonly FieldMapping[],
  source: LogSource,
): (field: string) => readonly string[] {
  return namer(mappings.filter(mapping => isFor(mapping, rule) && covers(mapping.events ?? rule.logsource, source)))
}

function namer(mappings: readonly FieldMapping[]): (field: string) => readonly string[] {
  const prefixes = [...new Map(mappings.flatMap(({ prefixes = {} }) => Object.entries(prefixes)))].sort(
    ([a], [b]) => b.length - a.length,
  )
  return field => {
    const speaks = mappings.findLast(({ fields }) => fields && Object.hasOwn(fields, field))
    const names = speaks?.fields?.[field]
    if (names !== undefined) return typeof names === 'string' ? [names] : names
    const prefix = prefixes.find(([begins]) => field.startsWith(begins) && field.length > begins.length)
    return [prefix ? prefix[1] + field.slice(prefix[0].length) : field]
  }
}

/** Further values by field and by what identifies a value. */
type Synonyms = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

function synonymsOf(mappings: readonly FieldMapping[]): Synonyms {
  const all = new Map<string, Map<string, readonly string[]>>()
  for (const [field, ofField] of mappings.flatMap(({ values = {} }) => Object.entries(values))) {
    const known = all.get(field) ?? new Map<string, readonly string[]>()
    all.set(field, known)
    for (const [value, further] of Object.entries(ofField)) known.set(identity(parseString(value)), further)
  }
  return all
}

/** A pattern without the wildcards at its ends and without case. */
function identity(pattern: Pattern): string {
  const from = pattern[0] === MANY ? 1 : 0
  const to = pattern.length > from && pattern.at(-1) === MANY ? -1 : undefined
  return JSON.stringify(pattern.slice(from, to).map(part => (typeof part === 'string' ? fold(part) : part)))
}

/** A value with those that mean the same, and with the event's names in a field reference. */
function translated(
  value: Value,
  { field = '', all }: Item,
  synonyms: Synonyms,
  names: (field: string) => readonly string[],
): readonly Value[] {
  const ofField = synonyms.get(field)
  const several =
    value.kind === 'fieldref'
      ? names(value.field).map(name => ({ ...value, field: name }))
      : ofField
        ? withSynonyms(value, ofField)
        : [value]
  return all && several.length > 1 ? [{ kind: 'any', values: several }] : several
}

function withSynonyms(value: Value, synonyms: ReadonlyMap<string, readonly string[]>): readonly Value[] {
  if (value.kind === 'any') return [{ kind: 'any', values: value.values.flatMap(one => withSynonyms(one, synonyms)) }]
  const number = value.kind === 'number' ? String(value.number) : undefined
  if (value.kind !== 'string' && number === undefined) return [value]
  const further = synonyms.get(identity(value.kind === 'string' ? value.pattern : [number ?? '']))
  if (!further) return [value]
  const like: StringValue =
    value.kind === 'string' ? value : { kind: 'string', pattern: [], source: '', cased: false, bytes: false }
  return [value, ...further.map(source => ({ ...like, pattern: parseString(source), source }))]
}

const referenced = (value: Value): readonly string[] =>
  value.kind === 'fieldref' ? [value.field] : value.kind === 'any' ? value.values.flatMap(referenced) : []

/** One item over several fields: a value may stand in any of them, null and absence must hold for all. */
function overFields(item: Item, fields: readonly string[]): Detection {
  const [only] = fields
  if (fields.length === 1) return { kind: 'item', item: { ...item, field: only } }
  const part = (field: string, values: readonly Value[]): Detection => ({
    kind: 'item',
    // The item's own negation turns what its parts are linked by: none of the fields, not some.
    item: { field, values, all: false, negated: item.negated },
  })
  const linked = (kind: 'and' | 'or', items: readonly Detection[]): Detection => {
    const [first] = items
    if (items.length === 1 && first) return first
    return { kind: item.negated ? OPPOSITE[kind] : kind, items }
  }
  const inAny = (values: readonly Value[]): Detection =>
    linked(
      'or',
      fields.map(field => part(field, values)),
    )
  const parts = item.values.filter(isAbsence).map(value =>
    linked(
      'and',
      fields.map(field => part(field, [value])),
    ),
  )
  const present = item.values.filter(value => !isAbsence(value))
  if (item.all) return linked('and', [...parts, ...present.map(value => inAny([value]))])
  return linked('or', present.length > 0 ? [...parts, inAny(present)] : parts)
}

const OPPOSITE = { and: 'or', or: 'and' } as const
const isAbsence = (value: Value): boolean => value.kind === 'null' || (value.kind === 'exists' && !value.exists)
