import type { Condition, Detection, Item, Rule, StringValue, Value } from '@weir/sigma'
import type { Row } from '../bench/sigma/events/text.ts'

/** One answer that is not the same: only one of the two engines says that the rule holds for the event. */
export interface Disagreement {
  readonly rule: Rule
  readonly record: Row
  readonly only: 'weir' | 'rsigma'
}

/** Why the two may differ, and which disagreements are of this kind. */
export interface Difference {
  readonly name: string
  readonly reason: string
  readonly explains: (one: Disagreement) => boolean
}

/** Rules that only one of the two loads, by id. */
export const LOADED_BY_RSIGMA_ONLY: Readonly<Record<string, string>> = {
  'c4a1f389-2e6b-4d9a-8f0c-b73e5a12d947':
    'expand without values: Weir refuses it, as the specification asks; rsigma looks for a field of that name',
  '8b7e2c54-1f93-4a6d-b8e0-3c9d7f25a168': 'the same',
}

/** What stands at a dotted name, lists on the way and at its end opened. */
function valuesAt(at: unknown, name: string): readonly unknown[] {
  if (Array.isArray(at)) return at.flatMap(member => valuesAt(member, name))
  if (name === '') return [at]
  if (typeof at !== 'object' || at === null) return []
  const object = at as Row
  if (Object.hasOwn(object, name)) return valuesAt(object[name], '')
  const [key = '', ...rest] = name.split('.')
  return rest.length > 0 && Object.hasOwn(object, key) ? valuesAt(object[key], rest.join('.')) : []
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const inDetection = (detection: Detection): readonly Item[] =>
  detection.kind === 'item' ? [detection.item] : detection.items.flatMap(inDetection)
function inCondition(condition: Condition): readonly Item[] {
  if (condition.kind === 'selection') return inDetection(condition.detection)
  return condition.kind === 'not' ? inCondition(condition.item) : condition.items.flatMap(inCondition)
}
const itemsOf = ({ condition }: Rule): readonly Item[] => inCondition(condition)
const flat = (values: readonly Value[]): readonly Value[] =>
  values.flatMap(value => (value.kind === 'any' ? flat(value.values) : [value]))
const stringsOf = (item: Item): readonly StringValue[] =>
  flat(item.values).flatMap(value => (value.kind === 'string' ? [value] : []))

/** A rule's item is of this kind; `values` are what its field holds in the event. */
const someItem =
  (holds: (item: Item, values: readonly unknown[]) => boolean): Difference['explains'] =>
  ({ rule, record }) =>
    itemsOf(rule).some(item => holds(item, item.field === undefined ? [] : valuesAt(record, item.field)))

// The wildcards of a pattern: `*`, `?`, and the dash of `windash`.
const [MANY, ONE, DASH] = [0, 1, 2] as const
const wildcardsIn = ({ pattern }: StringValue): boolean => pattern.includes(MANY) || pattern.includes(ONE)
const begins = ({ pattern }: StringValue): boolean => pattern.at(-1) === MANY && pattern[0] !== MANY
const ends = ({ pattern }: StringValue): boolean => pattern[0] === MANY && pattern.at(-1) !== MANY
const within = ({ pattern }: StringValue): boolean =>
  pattern.slice(1, -1).some(part => part === MANY || part === ONE) || pattern.includes(ONE)

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'an object is compared as text',
    reason:
      'SigmaHQ has rules such as requestParameters|contains: Weir compares the JSON text of an object; rsigma compares no object with a text',
    explains: someItem((_, values) => values.some(isObject)),
  },
  {
    name: 'windash over a slash',
    reason:
      "the specification calls the five dashes interchangeable, and pySigma replaces the rule's - and /; rsigma replaces - only",
    explains: someItem(item => stringsOf(item).some(({ pattern, source }) => pattern.includes(DASH) && source.includes('/'))),
  },
  {
    name: 'startswith and endswith with a wildcard inside',
    reason: 'rsigma makes an expression of such a value and ties the wrong end: endswith: a?b is what begins with it',
    explains: someItem(item => stringsOf(item).some(value => (begins(value) || ends(value)) && within(value))),
  },
  {
    name: 'a line break under a wildcard',
    reason: 'a wildcard is any character to Weir; the expression that rsigma makes of it stops at a line break',
    explains: someItem((item, values) => stringsOf(item).some(wildcardsIn) && values.some(value => String(value).includes('\n'))),
  },
  {
    name: 'null in a list',
    reason: 'any member of a list may meet an item, and null is a member; rsigma compares null with the whole list',
    explains: someItem((item, values) => flat(item.values).some(({ kind }) => kind === 'null') && values.includes(null)),
  },
  {
    name: 'fieldref and lists',
    reason: 'any member of a list may meet an item; rsigma compares the two fields as they are',
    explains: ({ rule, record }) =>
      itemsOf(rule).some(item =>
        flat(item.values).some(
          value => value.kind === 'fieldref' && [item.field ?? '', value.field].some(field => valuesAt(record, field).length > 1),
        ),
      ),
  },
  {
    name: 'a number written another way',
    reason:
      'a number is compared with a text as the text that it is written as, 44 not being 44.0; rsigma reads the text as a number',
    explains: someItem((item, values) =>
      flat(item.values).some(
        value =>
          value.kind === 'number' &&
          values.some(text => typeof text === 'string' && text !== String(value.number) && Number(text) === value.number),
      ),
    ),
  },
  {
    name: 'keywords with |all in several fields',
    reason: 'keywords are searched in the whole event, as the specification says; rsigma wants all of them in one value',
    explains: someItem(item => item.field === undefined && item.all && item.values.length > 1),
  },
  {
    name: 'the last character of base64offset',
    reason: 'the last character of a base64 text also depends on what follows: Weir and pySigma leave it out, rsigma asks for it',
    explains: ({ rule }) => JSON.stringify(rule.document).includes('|base64offset'),
  },
]
