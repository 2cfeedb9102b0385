import { fieldNameError } from '../field-name.ts'
import type { FieldMapping } from '../mapping.ts'
import { type Path, RuleError } from '../rule.ts'
import { isMap } from './detection.ts'
import { readSource } from './metadata.ts'

/** How many names or values one may stand for, and how many one mapping may hold. */
const NAMES_LIMIT = 32
const ENTRIES_LIMIT = 10_000

/**
 * Reads a list of mappings that is parsed already, as from a pack. Their `rules` may be a list of log sources, which makes a mapping of each.
 * Throws RuleError.
 */
export function readMappings(document: unknown): readonly FieldMapping[] {
  if (!Array.isArray(document)) throw new RuleError([], 'field mappings are a list, each with rules and fields')
  return document.flatMap((each, i) => readMapping(each, [i]))
}

function readMapping(mapping: unknown, path: Path): readonly FieldMapping[] {
  if (!isMap(mapping)) throw new RuleError(path, 'a mapping is a map with rules and fields')
  for (const key of Object.keys(mapping)) {
    if (!KEYS.includes(key))
      throw new RuleError([...path, key], `unknown key "${key.slice(0, 40)}"; a mapping has ${KEYS.join(', ')}`)
  }
  const { rules, taxonomy, events, fields, prefixes, values } = mapping
  if (taxonomy !== undefined && (typeof taxonomy !== 'string' || taxonomy === ''))
    throw new RuleError([...path, 'taxonomy'], 'taxonomy must be a text')
  const rest: Omit<FieldMapping, 'rules'> = {
    ...(taxonomy !== undefined && { taxonomy }),
    ...(events !== undefined && { events: readSource(events, [...path, 'events']) }),
    ...(fields !== undefined && { fields: entries(fields, [...path, 'fields'], names) }),
    ...(prefixes !== undefined && { prefixes: entries(prefixes, [...path, 'prefixes'], text) }),
    ...(values !== undefined && {
      values: entries(values, [...path, 'values'], (of, at) => entries(of, at, (one, place) => texts(one, place))),
    }),
  }
  const place = [...path, 'rules']
  if (!Array.isArray(rules)) return [{ rules: readSource(rules, place), ...rest }]
  return rules.map((source: unknown, i) => ({ rules: readSource(source, [...place, i]), ...rest }))
}

const KEYS: readonly string[] = ['rules', 'taxonomy', 'events', 'fields', 'prefixes', 'values']

function entries<T>(map: unknown, path: Path, read: (value: unknown, path: Path) => T): { readonly [key: string]: T } {
  if (!isMap(map)) throw new RuleError(path, `${String(path.at(-1))} must be a map`)
  const list = Object.entries(map)
  if (list.length > ENTRIES_LIMIT) throw new RuleError(path, `holds more than ${ENTRIES_LIMIT} entries`)
  return Object.fromEntries(list.map(([key, value]) => [key, read(value, [...path, key])]))
}

const names = (value: unknown, path: Path): string | readonly string[] =>
  Array.isArray(value) ? texts(value, path, true) : name(value, path)

function texts(value: unknown, path: Path, filled = false): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new RuleError(path, 'expected a list of texts')
  if (value.length > NAMES_LIMIT) throw new RuleError(path, `holds more than ${NAMES_LIMIT} entries`)
  return value.map((each: unknown, i) => (filled ? name(each, [...path, i]) : text(each, [...path, i])))
}

function text(value: unknown, path: Path): string {
  if (typeof value !== 'string') throw new RuleError(path, 'expected a text; put it in quotes')
  return value
}

function name(value: unknown, path: Path): string {
  if (typeof value !== 'string' || value === '') throw new RuleError(path, 'expected the name of a field in the event')
  const error = fieldNameError(value)
  if (error) throw new RuleError(path, error)
  return value
}
