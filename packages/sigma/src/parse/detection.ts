import { fieldNameError } from '../field-name.ts'
import { speaksOfPlaceholders } from '../modifiers/expand.ts'
import { MODIFIERS } from '../modifiers/table.ts'
import { compileRegex } from '../regex.ts'
import { type ParseOptions, type Path, RuleError } from '../rule.ts'
import type { Detection, Item, Value } from '../tree.ts'
import { parseString, wildcards, WILDCARDS_LIMIT } from '../values.ts'

/** How many values the selections of one rule may have together, before and after expansion. */
export const VALUES_LIMIT = 50_000
/** How many modifiers one field may carry. */
const CHAIN_LIMIT = 16

/** Reads what stands under search identifiers. One reader serves one rule, and counts what that rule holds. */
export class DetectionReader {
  readonly #options: ParseOptions
  readonly fields = new Set<string>()
  #values = 0

  constructor(options: ParseOptions) {
    this.#options = options
  }

  /** A map is an AND of its items, a list of maps is an OR, a scalar or a list of scalars are keywords. Throws RuleError. */
  read(definition: unknown, path: Path): Detection {
    if (isScalar(definition)) return this.#item('', definition, path)
    if (Array.isArray(definition)) return this.#list(definition, path)
    if (!isMap(definition)) throw new RuleError(path, 'expected a map of fields, a list of maps or a list of keywords')
    const items = Object.entries(definition).map(([key, value]) => this.#item(key, value, [...path, key]))
    return linked('and', items, path)
  }

  #list(definition: readonly unknown[], path: Path): Detection {
    if (definition.length > 0 && definition.every(isScalar)) return this.#item('', definition, path)
    const items = definition.map((entry, i) => {
      if (Array.isArray(entry)) throw new RuleError([...path, i], 'a list in a list is not Sigma; write one list')
      return this.read(entry, [...path, i])
    })
    return linked('or', items, path)
  }

  #item(key: string, written: unknown, path: Path): Detection {
    const [field = '', ...names] = key.split('|')
    if (names.length > CHAIN_LIMIT) throw new RuleError(path, `more than ${CHAIN_LIMIT} modifiers`)
    const list = Array.isArray(written) ? written : [written]
    if (list.length === 0) throw new RuleError(path, 'an empty list matches nothing; give a value, or remove the line')
    const texts = list.filter(value => typeof value === 'string')
    if (names.includes('expand') && texts.length > 0 && !texts.some(speaksOfPlaceholders))
      throw new RuleError(path, 'modifier "expand" finds no placeholder here; write one as %name%, or leave expand out')
    const keywords = field === ''
    let item: Pick<Item, 'all' | 'negated'> = { all: false, negated: false }
    for (const name of names) item = { ...item, ...MODIFIERS.get(name)?.item }
    const values = list.map((value, i) => {
      const place = Array.isArray(written) ? [...path, i] : path
      if (value === null && list.length > 1)
        throw new RuleError(place, 'null cannot stand in a list; give it a selection of its own')
      const read = this.#modified(scalar(value, place), names, keywords, place)
      if (keywords) checkKeyword(read, names, place)
      return read
    })
    if (!keywords) this.#name(field, path)
    return { kind: 'item', item: { field: keywords ? undefined : field, values, ...item } }
  }

  #name(field: string, path: Path): void {
    const error = fieldNameError(field)
    if (error) throw new RuleError(path, error)
    this.fields.add(field)
  }

  #modified(value: Value, names: readonly string[], keywords: boolean, path: Path): Value {
    for (const [i, name] of names.entries()) {
      const modifier = MODIFIERS.get(name)
      if (!modifier) throw new RuleError(path, `unknown modifier "${name}"`)
      if (modifier.field && keywords) throw new RuleError(path, `modifier "${name}" needs a field before it`)
      if (modifier.first && names.slice(0, i).some(before => MODIFIERS.get(before)?.value)) {
        throw new RuleError(path, `modifier "${name}" reads the value as written, so no other may change it before: put it first`)
      }
      if (modifier.value) value = this.#apply(modifier.value, value, name, modifier.takes, path)
    }
    return this.#complete(value, path)
  }

  #apply(
    change: (value: Value, options: ParseOptions) => Value | { readonly error: string } | undefined,
    value: Value,
    name: string,
    takes: string,
    path: Path,
  ): Value {
    if (value.kind === 'any') return { kind: 'any', values: value.values.map(one => this.#apply(change, one, name, takes, path)) }
    const changed = change(value, this.#options)
    if (!changed) throw new RuleError(path, `modifier "${name}" takes ${takes}, not ${KINDS[value.kind]}`)
    if ('error' in changed) throw new RuleError(path, `modifier "${name}": ${changed.error}`)
    return changed
  }

  /** Checks a value that has gone through its modifiers, and compiles its expression. */
  #complete(value: Value, path: Path): Value {
    if (value.kind === 'any') return { kind: 'any', values: value.values.map(one => this.#complete(one, path)) }
    if (++this.#values > VALUES_LIMIT) throw new RuleError(path, `more than ${VALUES_LIMIT} values in one rule`)
    if (value.kind === 'fieldref') this.#name(value.field, path)
    if (value.kind === 'string' && wildcards(value.pattern) > WILDCARDS_LIMIT)
      throw new RuleError(path, `more than ${WILDCARDS_LIMIT} wildcards in one value`)
    const texts = value.kind === 'regex' ? [value.source] : value.kind === 'string' ? value.pattern : []
    if (!texts.every(text => typeof text !== 'string' || text.isWellFormed()))
      throw new RuleError(path, 'this text holds half of a surrogate pair, which is no character; write the whole character')
    if (value.kind !== 'regex') return value
    const test = compileRegex(value.source, value.flags)
    if (typeof test !== 'function') throw new RuleError(path, `the regular expression ${test.error}`)
    return { ...value, test }
  }
}

const KINDS: Readonly<Record<Value['kind'], string>> = {
  string: 'a string',
  number: 'a number (in quotes it is a string)',
  boolean: 'a boolean',
  null: 'null',
  regex: 'a regular expression',
  cidr: 'a network',
  compare: 'a comparison',
  exists: 'exists',
  fieldref: 'a field reference',
  any: 'several values',
}

function checkKeyword(value: Value, names: readonly string[], path: Path): void {
  const bound = names.find(name => name === 'startswith' || name === 'endswith')
  if (bound) throw new RuleError(path, `modifier "${bound}" needs a field before it: keywords are searched anywhere`)
  if (value.kind === 'null' || value.kind === 'boolean')
    throw new RuleError(path, `${KINDS[value.kind]} is no keyword; put text in quotes`)
}

function scalar(value: unknown, path: Path): Value {
  if (typeof value === 'string') return { kind: 'string', pattern: parseString(value), source: value, cased: false, bytes: false }
  if (typeof value === 'boolean') return { kind: 'boolean', boolean: value }
  if (value === null) return { kind: 'null' }
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw new RuleError(path, 'this number is not exact; put it in quotes')
    }
    return { kind: 'number', number: value }
  }
  throw new RuleError(
    path,
    'expected a value or a list of values; a field inside a field is written with a dot, as in "outer.inner"',
  )
}

function linked(kind: 'and' | 'or', items: readonly Detection[], path: Path): Detection {
  const [first] = items
  if (!first) throw new RuleError(path, 'an empty selection; give it a field, or remove it')
  return items.length === 1 ? first : { kind, items }
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
