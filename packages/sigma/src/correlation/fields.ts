import { numberOf } from '../number.ts'
import { covers } from '../logsource.ts'
import type { Rule } from '../rule.ts'
import type { LogSource, SigmaEvent } from '../types.ts'
import { fold } from '../values.ts'
import { collect, Field, type Step, steps, textOf } from '../view.ts'
import { beginningOf, bytesOf } from './bytes.ts'
import { digest } from './digest.ts'
import type { CorrelationRule, EventNames, Input } from './model.ts'

/** How many groups one event may belong to, and how many values it may bring, when its fields are arrays. */
export const GROUPS_LIMIT = 16
export const VALUES_LIMIT = 64
/** A longer group is named by its beginning and its digest, and so is one that is not well-formed: not every store could tell it apart. */
const GROUP_LENGTH = 256
/** How long a value is kept, to be shown and for the correlations above. */
const KEPT_LENGTH = 1_024
/** Bytes that the shown values of one group take together as JSON, and those of one character at most. */
const SHOWN_BYTES = 20_000
const MOST_BYTES = 6
/** Numbers from here on are not added up: what is kept of them is no longer exact. */
const NUMBER_LIMIT = 1e18

/** What is read of an event, or of another correlation's finding: all values of a field that are not null. */
export type Read = (field: string) => readonly unknown[]

export interface Group {
  /** Group-by values as one text, without case, as rules compare them; '' without group-by. */
  readonly key: string
  /** The values as they stand in the event, in the order of group-by. */
  readonly shown: readonly string[]
}

/** The groups an event belongs to: none when a field is missing or null, one for each member (and combination) where fields are arrays. */
export function groupsOf(fields: readonly string[], read: Read): { readonly groups: readonly Group[]; readonly cut: boolean } {
  const { rows, cut } = combinations(fields, read, GROUPS_LIMIT)
  const groups = rows.map(row => ({
    key: groupKey(row.map(fold)),
    shown: shownOf(row),
  }))
  return { groups, cut }
}

/** The beginnings of values that do not fit. */
function shownOf(row: readonly string[]): readonly string[] {
  const most = SHOWN_BYTES / MOST_BYTES / row.length
  if (row.every(({ length }) => length <= KEPT_LENGTH && length < most - 1)) return row
  for (let length = KEPT_LENGTH; ; length = Math.floor(length / 2)) {
    const shown = row.map(text => beginningOf(text, length))
    if (length === 1 || bytesOf(shown) <= SHOWN_BYTES) return shown
  }
}

/** What an event hands to the correlations above the one that counts it. */
export function carriedOf({ carries }: Input, read: Read): ReturnType<typeof combinations> {
  if (carries.length === 0) return NOTHING
  const { rows, cut } = combinations(carries, read, GROUPS_LIMIT)
  const kept = rows.filter(row => row.every(text => text.length <= KEPT_LENGTH))
  return { rows: kept, cut: cut || kept.length < rows.length }
}

function groupKey(values: readonly string[]): string {
  const [only] = values
  const key = values.length > 1 || only === undefined ? (only === undefined ? '' : JSON.stringify(values)) : only
  if (key.isWellFormed()) return key.length <= GROUP_LENGTH ? key : `${beginningOf(key, GROUP_LENGTH - 40)}${digest(key, 40)}`
  // As UTF-8 all half surrogate pairs are one.
  return `${key.slice(0, GROUP_LENGTH - 40).toWellFormed()}${digest(JSON.stringify(key), 40)}`
}

/** What an event brings to a figure: for `value_count` digests of its values, for the others its numbers; undefined when it brings none. */
export function valuesOf(
  rule: CorrelationRule,
  input: Input,
  read: Read,
): { readonly values: readonly string[]; readonly cut: boolean } | undefined {
  if (rule.fields.length === 0) return NO_VALUES
  if (rule.type === 'value_count') {
    const { rows, cut } = combinations(input.fields, read, VALUES_LIMIT)
    if (rows.length === 0) return undefined
    const values = rows.map(row => digest(JSON.stringify(row.map(fold))))
    return { values: values.length === 1 ? values : [...new Set(values)], cut }
  }
  const numbers = input.fields
    .flatMap(field => read(field))
    .flatMap(value => {
      const number = numberOf(value)
      return number !== undefined && Math.abs(number) < NUMBER_LIMIT ? [String(number)] : []
    })
  return numbers.length === 0 ? undefined : { values: numbers.slice(0, VALUES_LIMIT), cut: numbers.length > VALUES_LIMIT }
}

/** Each way to take one value of each field, in the order of the arrays; at most `limit`. One empty row without fields. */
function combinations(
  fields: readonly string[],
  read: Read,
  limit: number,
): { readonly rows: readonly (readonly string[])[]; readonly cut: boolean } {
  const plain = plainRow(fields, read)
  if (plain) return { rows: [plain], cut: false }
  let rows: readonly (readonly string[])[] = [[]]
  let cut = false
  for (const field of fields) {
    const texts = [
      ...new Set(
        read(field)
          .slice(0, limit + 1)
          .map(textOf),
      ),
    ]
    cut ||= rows.length * texts.length > limit
    rows = rows.flatMap(row => texts.map(text => [...row, text])).slice(0, limit)
  }
  return { rows, cut }
}

/** The only row, where each field has one value. */
function plainRow(fields: readonly string[], read: Read): readonly string[] | undefined {
  const row: string[] = fields.map(() => '')
  for (const [i, field] of fields.entries()) {
    const values = read(field)
    if (values.length !== 1) return undefined
    row[i] = textOf(values[0])
  }
  return row
}

const NOTHING: ReturnType<typeof combinations> = { rows: [], cut: false }
const NO_VALUES = { values: [], cut: false }

/** Reads the event of a rule's match as the rule itself does: the body of its taxonomy, under the names of the event's log source. */
export function readEvent(event: SigmaEvent, { taxonomy }: Pick<Rule, 'taxonomy'>, input: Input): Read {
  const names = namesFor(input, event.logsource)
  return field => {
    const body = taxonomy === 'ocsf' ? event.ocsf : event.record
    const called = names && Object.hasOwn(names, field) ? names[field] : undefined
    return called ? called.flatMap(name => readField(body, name)) : readField(body, field)
  }
}

/** Events of one source mostly share the log source's object, so what was found for it is kept. */
const found = new WeakMap<readonly EventNames[], WeakMap<LogSource, EventNames['fields'] | typeof NO_NAMES>>()
const NO_NAMES = {}

function namesFor({ names }: Input, logsource: LogSource): EventNames['fields'] | undefined {
  if (names.length === 0) return undefined
  let known = found.get(names)
  if (!known) found.set(names, (known = new WeakMap()))
  let fields = known.get(logsource)
  if (!fields) known.set(logsource, (fields = names.find(({ source }) => covers(source, logsource))?.fields ?? NO_NAMES))
  return fields
}

/**
 * What stands under a field name, arrays as their members, nulls left out. As for rules: a key that holds the dots itself wins, and arrays on
 * the way stand for each of their members.
 */
export function readField(root: unknown, name: string): readonly unknown[] {
  const field = new Field()
  collect(root, pathOf(name), field)
  return field.values
}

/** Names come from rules, so there are not many of them; who loads rules all day long begins anew. */
const paths = new Map<string, readonly Step[]>()
const PATHS_LIMIT = 10_000

function pathOf(name: string): readonly Step[] {
  let path = paths.get(name)
  if (!path) {
    if (paths.size >= PATHS_LIMIT) paths.clear()
    path = steps(name)
    paths.set(name, path)
  }
  return path
}
