import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCondition } from './condition/parser.ts'
import { DetectionReader } from './parse/detection.ts'
import type { Condition, Detection, Item, Value } from './tree.ts'
import { DATA, noData } from '../test/testing.ts'
import { DASH, DASHES, MANY, ONE, type Pattern, parseString } from './values.ts'

// What pySigma 1.5.0 made of these strings, items and conditions when it was run on them.
interface Vectors {
  readonly strings: readonly { readonly in: string; readonly parsed: readonly string[] }[]
  readonly items: readonly ItemVector[]
  readonly conditions: readonly { readonly condition: string; readonly tree?: unknown; readonly error?: string }[]
  readonly condition_detections: Readonly<Record<string, unknown>>
}
interface ItemVector {
  readonly key: string | null
  readonly value: unknown
  readonly values?: readonly object[]
  readonly link?: string
  readonly negated?: boolean
  readonly error?: string
}

/** Where Weir differs from pySigma on purpose; the other vectors must agree. */
const DIFFERENT_ITEMS: Readonly<Record<string, string>> = {
  'f|utf16le "cmd"': 'the specification lists utf16le; pySigma 1.5.0 does not know it',
  'f []': 'an empty list matches nothing, so it is refused',
}
const DIFFERENT_CONDITIONS: Readonly<Record<string, string>> = {
  '1 of nothing_*': 'a pattern that names no selection is refused, where pySigma drops the condition',
}

const vectors = (
  noData ? { strings: [], items: [], conditions: [] } : JSON.parse(readFileSync(`${DATA}sigma/pysigma-vectors.json`, 'utf8'))
) as Vectors

const shownPattern = (pattern: Pattern): readonly string[] =>
  pattern.map(part => (part === MANY ? '<WILDCARD_MULTI>' : part === ONE ? '<WILDCARD_SINGLE>' : String(part)))

/** pySigma writes out every dash that windash allows. */
const dashed = (pattern: Pattern): readonly Pattern[] =>
  pattern.reduce<readonly Pattern[]>(
    (all, part) =>
      all.flatMap(before =>
        part === DASH
          ? DASHES.map(dash => joinLast(before, dash))
          : [typeof part === 'string' ? joinLast(before, part) : [...before, part]],
      ),
    [[]],
  )
const joinLast = (pattern: Pattern, text: string): Pattern => {
  const last = pattern.at(-1)
  return typeof last === 'string' ? [...pattern.slice(0, -1), last + text] : [...pattern, text]
}

const FLAG_NAMES = { i: 'IGNORECASE', m: 'MULTILINE', s: 'DOTALL' } as const

function shownValue(value: Value, written: unknown): object {
  switch (value.kind) {
    case 'string': {
      if (!value.pattern.includes(DASH)) return { str: shownPattern(value.pattern), cased: value.cased }
      return { expansion: dashed(value.pattern).map(pattern => ({ str: shownPattern(pattern), cased: value.cased })) }
    }
    case 'any':
      return { expansion: value.values.map(one => shownValue(one, written)) }
    case 'regex':
      return {
        re: value.source,
        flags: Object.entries(FLAG_NAMES)
          .flatMap(([flag, name]) => (value.flags[flag as 'i'] ? [name] : []))
          .sort(),
      }
    case 'compare':
      return value.part ? { num: value.number } : { cmp: value.op.toUpperCase(), n: value.number }
    case 'number':
      return { num: value.number }
    case 'boolean':
      return { bool: value.boolean }
    case 'null':
      return { null: true }
    case 'exists':
      return { exists: value.exists }
    case 'cidr':
      return { cidr: written }
    case 'fieldref':
      return { fieldref: value.field, starts: value.starts, ends: value.ends }
  }
}

/** An expression is searched for: the `.*` that pySigma puts around it for `contains` does nothing. */
function searched(value: object): object {
  if (!('re' in value)) return value
  return { ...value, re: String(value.re).replaceAll(/^\.\*|\.\*$/g, '') }
}

function parseItem({ key, value }: ItemVector): Item {
  // A placeholder's list has its own name in it, written as pySigma writes an open placeholder.
  const placeholders = { admins: ["Placeholder(name='admins')"], n: ["Placeholder(name='n')"] }
  const detection = new DetectionReader({ placeholders }).read(key === null ? [value] : { [key]: value }, [])
  if (detection.kind !== 'item') throw new Error('expected one item')
  return detection.item
}

describe.skipIf(noData)('parsing, beside pySigma 1.5.0', () => {
  it.each(vectors.strings.map(vector => [JSON.stringify(vector.in), vector] as const))('reads the string %s', (_, vector) => {
    expect(shownPattern(parseString(vector.in))).toEqual(vector.parsed)
  })

  it.each(vectors.items.map(vector => [`${vector.key} ${JSON.stringify(vector.value)}`, vector] as const))(
    'reads the item %s',
    (name, vector) => {
      if (name === 'f []') {
        expect(() => parseItem(vector)).toThrow('empty list')
        return
      }
      if (name in DIFFERENT_ITEMS) {
        expect(vector.error).toBeDefined()
        expect(parseItem(vector).values).toHaveLength(1)
        return
      }
      if (vector.error) {
        expect(() => parseItem(vector)).toThrow()
        return
      }
      const item = parseItem(vector)
      const values = item.values.map(value => shownValue(value, vector.value))
      // Only the order in which windash and expand list their values is not held to pySigma's.
      expect(normalized(values)).toEqual(normalized((vector.values ?? []).map(searched)))
      expect(item.all ? 'ConditionAND' : 'ConditionOR').toBe(vector.link)
      expect(item.negated).toBe(vector.negated)
    },
  )

  it.each(vectors.conditions.map(vector => [JSON.stringify(vector.condition), vector] as const))(
    'reads the condition %s',
    (_, vector) => {
      const reader = new DetectionReader({})
      const detections = new Map(
        Object.entries(vectors.condition_detections).map(([name, definition]) => [name, reader.read(definition, [])]),
      )
      const parse = (): Condition => parseCondition(vector.condition, detections)
      if (vector.error || vector.condition in DIFFERENT_CONDITIONS) expect(parse).toThrow()
      else expect(shownCondition(parse())).toEqual(vector.tree)
    },
  )
})

/** In pySigma a byte order mark and a placeholder are parts of their own, and here they join the text beside them. */
const normalized = (values: readonly object[]): readonly string[] =>
  values.map(value => {
    const copy = JSON.parse(
      JSON.stringify(value).replaceAll('"\ufeff","', '"\ufeff').replaceAll('","Placeholder', 'Placeholder'),
    ) as { expansion?: unknown[] }
    copy.expansion?.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    return JSON.stringify(sorted(copy))
  })
const sorted = (value: object): object => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

function shownCondition(condition: Condition): unknown {
  if (condition.kind === 'not') return ['NOT', shownCondition(condition.item)]
  if (condition.kind === 'selection') return shownDetection(condition.detection)
  return [condition.kind.toUpperCase(), ...condition.items.map(shownCondition)]
}

function shownDetection(detection: Detection): unknown {
  if (detection.kind !== 'item') return [detection.kind.toUpperCase(), ...detection.items.map(shownDetection)]
  const { field = 'kw', values, all } = detection.item
  const shown = values.map(value => `${field}=${value.kind === 'string' ? value.source : ''}`)
  return shown.length === 1 ? shown[0] : [all ? 'AND' : 'OR', ...shown]
}
