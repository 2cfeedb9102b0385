import { datePart } from './dates.ts'
import { compilePattern } from './glob.ts'
import { inNetwork } from './network.ts'
import type { CompareValue, Comparison, Condition, Detection, FieldRefValue, Item, StringValue, Value } from './tree.ts'
import { fold, mapText, open, plain } from './values.ts'
import type { EventView, Field, FieldTable } from './view.ts'

export type Test = (view: EventView) => boolean

/** From how many plain strings on a set is used in place of comparing with each. */
const SET_FROM = 8
const NONE = -1

/**
 * Answers which of a field's values matches: its index; the number of values when it is the field that matches, not one of them (null,
 * missing, exists); or -1.
 */
export type ValueTest = (field: Field, view: EventView) => number

/** Turns conditions into closures over one table of fields. A detection that a condition names twice is compiled once. */
export class Compiler {
  readonly #fields: FieldTable
  readonly #detections = new Map<Detection, Test>()

  constructor(fields: FieldTable) {
    this.#fields = fields
  }

  condition(condition: Condition): Test {
    if (condition.kind === 'selection') return this.detection(condition.detection)
    if (condition.kind === 'not') {
      const test = this.condition(condition.item)
      return view => !test(view)
    }
    return linked(
      condition.kind,
      condition.items.map(item => this.condition(item)),
    )
  }

  detection(detection: Detection): Test {
    let test = this.#detections.get(detection)
    if (!test) {
      test =
        detection.kind === 'item'
          ? this.item(detection.item)
          : linked(
              detection.kind,
              detection.items.map(item => this.detection(item)),
            )
      this.#detections.set(detection, test)
    }
    return test
  }

  item(item: Item): Test {
    const read = this.reader(item)
    const tests = this.values(item)
    const [only] = tests
    const { negated } = item
    if (tests.length === 1 && only) return view => (only(read(view), view) !== NONE) !== negated
    if (item.all) return view => tests.every(test => test(read(view), view) !== NONE) !== negated
    return view => tests.some(test => test(read(view), view) !== NONE) !== negated
  }

  /** Reads what the item looks at: its field, or for keywords the whole event. */
  reader(item: Item): (view: EventView) => Field {
    if (item.field === undefined) return view => view.keywords()
    const slot = this.#fields.slot(item.field)
    return view => view.field(slot)
  }

  /** One test a value; plain strings of which any will do share one. */
  values(item: Item): readonly ValueTest[] {
    const values = item.field === undefined ? item.values.map(asKeyword) : item.values
    if (item.all) return values.map(value => this.#value(value))
    const words = new Set<string>()
    const tests: ValueTest[] = []
    for (const value of values) {
      const word = plainWord(value)
      if (word === undefined) tests.push(this.#value(value))
      else words.add(word)
    }
    if (words.size >= SET_FROM) tests.push(folded(text => words.has(text)))
    else for (const word of words) tests.push(folded(text => text === word))
    return tests
  }

  #value(value: Value): ValueTest {
    switch (value.kind) {
      case 'string':
        return stringTest(value)
      case 'number':
      case 'boolean':
      case 'null':
      case 'exists':
        return simpleTest(value)
      case 'regex': {
        const { test } = value
        if (!test) throw new TypeError('the regular expression was not compiled')
        return cased(test)
      }
      case 'cidr':
        return cased(text => inNetwork(value.network, text))
      case 'compare':
        return compareTest(value)
      case 'fieldref':
        return this.#fieldRef(value)
      case 'any': {
        const tests = value.values.map(one => this.#value(one))
        return (field, view) => {
          for (const test of tests) {
            const index = test(field, view)
            if (index !== NONE) return index
          }
          return NONE
        }
      }
    }
  }

  #fieldRef({ field: name, starts, ends }: FieldRefValue): ValueTest {
    const slot = this.#fields.slot(name)
    const same = affix(starts, ends)
    return (field, view) => {
      const others = view.field(slot).folded()
      return field.folded().findIndex(text => others.some(other => same(text, other)))
    }
  }
}

function linked(kind: 'and' | 'or', tests: readonly Test[]): Test {
  const [first, second] = tests
  if (first && tests.length === 1) return first
  if (first && second && tests.length === 2)
    return kind === 'and' ? view => first(view) && second(view) : view => first(view) || second(view)
  const stop = kind === 'or'
  return view => {
    for (const test of tests) if (test(view) === stop) return stop
    return !stop
  }
}

function folded(test: (text: string) => boolean): ValueTest {
  return field => {
    const texts = field.folded()
    for (let i = 0; i < texts.length; i++) if (test(texts[i] ?? '')) return i
    return NONE
  }
}

function cased(test: (text: string) => boolean): ValueTest {
  return field => {
    const texts = field.texts()
    for (let i = 0; i < texts.length; i++) if (test(texts[i] ?? '')) return i
    return NONE
  }
}

const stringTest = (value: StringValue): ValueTest =>
  value.cased ? cased(compilePattern(value.pattern)) : folded(compilePattern(mapText(value.pattern, text => [fold(text)])))

function simpleTest(value: Exclude<Value, { kind: 'string' | 'regex' | 'cidr' | 'compare' | 'fieldref' | 'any' }>): ValueTest {
  if (value.kind === 'null') return field => (!field.found || field.hasNull ? field.values.length : NONE)
  if (value.kind === 'exists') return field => (field.found === value.exists ? field.values.length : NONE)
  const word = plainWord(value)
  return folded(text => text === word)
}

/** What is compared as a plain text without case, folded: a number and a boolean are equal to their text. Undefined for the rest. */
export function plainWord(value: Value): string | undefined {
  if (value.kind === 'number') return fold(String(value.number))
  if (value.kind === 'boolean') return String(value.boolean)
  if (value.kind !== 'string' || value.cased) return undefined
  const text = plain(value.pattern)
  return text === undefined ? undefined : fold(text)
}

/** A keyword is found anywhere in a text, so it is open at both ends. */
function asKeyword(value: Value): Value {
  if (value.kind === 'any') return { kind: 'any', values: value.values.map(asKeyword) }
  if (value.kind === 'string') return { ...value, pattern: open(value.pattern, true, true) }
  if (value.kind !== 'number') return value
  const source = String(value.number)
  return { kind: 'string', pattern: open([source], true, true), source, cased: false, bytes: false }
}

const COMPARE: Readonly<Record<Comparison, (left: number, right: number) => boolean>> = {
  eq: (left, right) => left === right,
  lt: (left, right) => left < right,
  lte: (left, right) => left <= right,
  gt: (left, right) => left > right,
  gte: (left, right) => left >= right,
}

function compareTest({ op, number, part }: CompareValue): ValueTest {
  const holds = COMPARE[op]
  const read = part ? (value: unknown) => datePart(value, part) : numberOf
  return field =>
    field.values.findIndex(value => {
      const left = read(value)
      return left !== undefined && holds(left, number)
    })
}

/** A number, or a text that is one in decimal. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' &&
    /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value.slice(0, 64)) &&
    value.length <= 64
    ? Number(value)
    : undefined
}

function affix(starts: boolean, ends: boolean): (text: string, other: string) => boolean {
  if (starts && ends) return (text, other) => text.includes(other)
  if (starts) return (text, other) => text.startsWith(other)
  return ends ? (text, other) => text.endsWith(other) : (text, other) => text === other
}
