import { DATE_PARTS } from '../dates.ts'
import { parseNetwork } from '../network.ts'
import { compileRegex } from '../regex.ts'
import type { ParseOptions } from '../rule.ts'
import type { Comparison, CompareValue, DatePart, StringValue, Value } from '../tree.ts'
import { DASH, open, type Pattern, plain } from '../values.ts'
import { base64, base64Offsets, bytesOf, openDashes, plainTexts, utf16, utf16WithMark, withPlainDashes } from './encode.ts'
import { expand } from './expand.ts'

/** One modifier of Sigma 2.1.0. A chain `field|a|b` applies them from left to right. */
export interface Modifier {
  readonly about: string
  /** The kinds of value that it takes, for messages and the table in the README. */
  readonly takes: string
  /** It must come first, because it reads the value as written. */
  readonly first?: true
  /** It needs one field, so it cannot stand on keywords. */
  readonly field?: true
  /** Changes the value, or answers what is wrong with it; undefined when it does not take this kind. */
  readonly value?: (value: Value, options: ParseOptions) => Value | Problem | undefined
  /** Changes how the item's values are linked. */
  readonly item?: { readonly all: true } | { readonly negated: true }
}

export interface Problem {
  readonly error: string
}

type OnString = (value: StringValue, options: ParseOptions) => Value | Problem

const string =
  (change: OnString): NonNullable<Modifier['value']> =>
  (value, options) =>
    value.kind === 'string' ? change(value, options) : undefined

/**
 * `contains`, `startswith`, `endswith`: wildcards on a string, anchors on a regular expression, which is searched for anywhere otherwise, how to
 * compare with a field reference.
 */
const affix = (about: string, before: boolean, after: boolean): Modifier => ({
  about,
  takes: 'string, re, fieldref',
  value: value => {
    if (value.kind === 'string') return { ...value, pattern: open(value.pattern, before, after) }
    if (value.kind === 'fieldref') return { ...value, starts: value.starts || after, ends: value.ends || before }
    if (value.kind !== 'regex') return undefined
    if (before && after) return value
    // What is no expression of its own must not become one between parentheses.
    const compiled = compileRegex(value.source, value.flags)
    if (typeof compiled !== 'function') return { error: `the regular expression ${compiled.error}` }
    // The ends of the field, where ^ and $ under `m` are those of a line.
    return { ...value, source: after ? `\\A(?:${value.source})` : `(?:${value.source})\\z` }
  },
})

const encoded = (about: string, texts: (bytes: readonly number[]) => readonly string[]): Modifier => ({
  about,
  takes: 'string',
  value: string(value => {
    const plains = plainTexts(value.pattern)
    if (!plains) return { error: 'base64 has no place for wildcards, and for at most three dashes of windash' }
    const values = plains
      .flatMap(text => texts(bytesOf(text, value.bytes)))
      .map((text): StringValue => ({ ...value, pattern: text === '' ? [] : [text], bytes: false }))
    return oneOrAny(values)
  }),
})

const transformed = (about: string, change: (pattern: Pattern) => Pattern): Modifier => ({
  about,
  takes: 'string',
  value: string(value => {
    const patterns = withPlainDashes(value.pattern)
    if (!patterns) return { error: 'an encoding takes at most three dashes of windash' }
    return oneOrAny(patterns.map(pattern => ({ ...value, pattern: change(pattern), bytes: true })))
  }),
})

function oneOrAny(values: readonly StringValue[]): Value {
  const [only] = values
  return values.length === 1 && only ? only : { kind: 'any', values }
}

const flag = (about: string, name: 'i' | 'm' | 's'): Modifier => ({
  about,
  takes: 're',
  value: value => (value.kind === 'regex' ? { ...value, flags: { ...value.flags, [name]: true } } : undefined),
})

const compare = (about: string, op: Comparison): Modifier => ({
  about,
  takes: 'number, date part',
  field: true,
  value: (value): CompareValue | undefined => {
    if (value.kind === 'number') return { kind: 'compare', op, number: value.number, part: undefined }
    return value.kind === 'compare' && value.op === 'eq' ? { ...value, op } : undefined
  },
})

const part = (name: DatePart): Modifier => ({
  about: `The ${name} of a date (${DATE_PARTS[name].join(' to ')}) is the number; \`|${name}|gt\` and its like compare it.`,
  takes: 'number',
  first: true,
  field: true,
  value: value => {
    if (value.kind !== 'number') return undefined
    const [least, most] = DATE_PARTS[name]
    if (!Number.isInteger(value.number) || value.number < least || value.number > most) {
      return { error: `${name} is a whole number from ${least} to ${most}` }
    }
    return { kind: 'compare', op: 'eq', number: value.number, part: name }
  },
})

const wide = transformed('The value in UTF-16, little-endian.', pattern => utf16(pattern, 'little'))

/** Every modifier of the 2.1.0 appendix; pySigma's long names of `i`, `m` and `s` are below it. */
const table: Readonly<Record<string, Modifier>> = {
  contains: affix('The value anywhere in the field.', true, true),
  startswith: affix('The value at the beginning of the field.', false, true),
  endswith: affix('The value at the end of the field.', true, false),
  all: { about: 'Every value must match, not just one.', takes: 'anything', item: { all: true } },
  neq: { about: 'The item is true where it would be false without.', takes: 'anything', item: { negated: true } },
  cased: {
    about: 'Letters are compared with their case.',
    takes: 'string',
    value: string(value => ({ ...value, cased: true })),
  },
  exists: {
    about: '`true`: the event has the field, whatever its value, even null. `false`: it has not.',
    takes: 'boolean',
    first: true,
    field: true,
    value: value => (value.kind === 'boolean' ? { kind: 'exists', exists: value.boolean } : undefined),
  },
  re: {
    about: 'A regular expression in RE2 syntax, searched for in the field, case-sensitive.',
    takes: 'string',
    first: true,
    value: string(({ source }) => ({ kind: 'regex', source, flags: { i: false, m: false, s: false }, test: undefined })),
  },
  i: flag('The expression ignores case.', 'i'),
  m: flag('`^` and `$` also match at each line.', 'm'),
  s: flag('`.` also matches the end of a line.', 's'),
  cidr: {
    about: 'The field is an address in this IPv4 or IPv6 network.',
    takes: 'string',
    first: true,
    value: string(({ source }) => {
      const network = parseNetwork(source)
      return 'error' in network ? network : { kind: 'cidr', network }
    }),
  },
  lt: compare('The field is a number less than the value.', 'lt'),
  lte: compare('The field is a number less than the value, or equal.', 'lte'),
  gt: compare('The field is a number greater than the value.', 'gt'),
  gte: compare('The field is a number greater than the value, or equal.', 'gte'),
  base64: encoded('The value in base64.', bytes => [base64(bytes)]),
  base64offset: encoded('The value as it looks inside a longer base64 text, in its three forms.', base64Offsets),
  utf16le: wide,
  wide,
  utf16be: transformed('The value in UTF-16, big-endian.', pattern => utf16(pattern, 'big')),
  utf16: transformed('The value in UTF-16, little-endian, after a byte order mark.', utf16WithMark),
  windash: {
    about: 'A `-`, `/`, en dash, em dash or horizontal bar before a word stands for any of the five.',
    takes: 'string',
    value: string(value => ({ ...value, pattern: openDashes(value.pattern, DASH) })),
  },
  fieldref: {
    about: 'The value is the name of another field, and the two are compared.',
    takes: 'string',
    first: true,
    field: true,
    value: string(({ pattern }) => {
      const field = plain(pattern)
      return field
        ? { kind: 'fieldref', field, starts: false, ends: false }
        : { error: 'fieldref takes a field name, without wildcards' }
    }),
  },
  expand: {
    about: '`%name%` stands for each text of that placeholder list; a list that is not given refuses the rule.',
    takes: 'string',
    value: string(expand),
  },
  minute: part('minute'),
  hour: part('hour'),
  day: part('day'),
  week: part('week'),
  month: part('month'),
  year: part('year'),
}

/** The modifiers by name, aliases included. */
export const MODIFIERS: ReadonlyMap<string, Modifier> = new Map(
  Object.entries({ ...table, ignorecase: table['i'], multiline: table['m'], dotall: table['s'] }).flatMap(([name, modifier]) =>
    modifier ? [[name, modifier] as const] : [],
  ),
)
