// Where Weir and pySigma read a rule differently, and who follows the specification. Whatever else differs fails the check, and so does an
// entry whose witness no longer differs.

interface Witness {
  /** What stands under `detection`. */
  readonly detection: Readonly<Record<string, unknown>>
  readonly placeholders?: Readonly<Record<string, readonly string[]>>
}

export type Difference = {
  readonly name: string
  readonly why: string
  /** Where the specification 2.1.0 says so, or that it does not. */
  readonly source: string
  readonly witness: Witness
} & (
  | { readonly kind: 'Weir refuses' | 'pySigma refuses'; readonly reason: RegExp }
  | {
      readonly kind: 'match'
      /** Whether a rule with this line in it may tell the two apart. */
      readonly line: (modifiers: readonly string[], value: unknown) => boolean
      /** An event on which the witness does. */
      readonly record: Readonly<Record<string, unknown>>
    }
)

const sel = (key: string, value: unknown): Witness => ({ detection: { sel: { [key]: value }, condition: 'sel' } })
const SILENT = 'nothing; the table "Where the specification is silent" decides'

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'inexact-number',
    kind: 'Weir refuses',
    reason: /this number is not exact/,
    why: 'A number above 2^53 is not the one that was written once JSON or YAML has been read, so an equality with it would never hold.',
    source: SILENT,
    witness: sel('f', 1e21),
  },
  {
    name: 'date-part-range',
    kind: 'Weir refuses',
    reason: /modifier "(minute|hour|day|week|month|year)": \w+ is a whole number from/,
    why: 'An hour 25 never comes. pySigma takes any number, and cuts 1.5 to 1.',
    source: 'modifiers appendix, Time Modifiers',
    witness: sel('f|hour', 25),
  },
  {
    name: 'list-in-list',
    kind: 'Weir refuses',
    reason: /a list in a list is not Sigma/,
    why: 'pySigma nests them.',
    source: 'rules specification, Lists',
    witness: { detection: { sel: [['a'], ['b']], condition: 'sel' } },
  },
  {
    name: 'regex-ends',
    kind: 'match',
    line: modifiers => modifiers.includes('re') && (modifiers.includes('startswith') || modifiers.includes('endswith')),
    why: 'The value is expected at the beginning or the end, and so it is bound there. pySigma adds .* at the other end, which says so only to a backend that matches the whole field; our evaluator of its rules searches.',
    source: SILENT,
    witness: sel('f|re|startswith', 'b'),
    record: { f: 'abc' },
  },
  {
    name: 'keyword-modifier',
    kind: 'Weir refuses',
    reason: /modifier "\w+" needs a field before it/,
    why: 'A keyword is looked for in the whole event, which has no beginning, is no number and no date.',
    source: 'rules specification, Keywords search',
    witness: sel('|startswith', 'a'),
  },
  {
    name: 'keyword-type',
    kind: 'Weir refuses',
    reason: /(a boolean|null) is no keyword/,
    why: 'pySigma takes true and null for keywords and leaves their meaning to the backend.',
    source: 'rules specification, Lists',
    witness: { detection: { sel: [true, 'a'], condition: 'sel' } },
  },
  {
    name: 'empty',
    kind: 'Weir refuses',
    reason: /an empty (list matches nothing|selection)/,
    why: 'pySigma reads an empty list as null, which the writer of `f: []` hardly meant.',
    source: SILENT,
    witness: sel('f', []),
  },
  {
    name: 'null-selection',
    kind: 'Weir refuses',
    reason: /expected a map of fields, a list of maps or a list of keywords/,
    why: 'pySigma takes an empty selection for the keyword null.',
    source: 'rules specification, Search-Identifier',
    witness: { detection: { sel: null, other: ['a'], condition: 'other' } },
  },
  {
    name: 'null-in-list',
    kind: 'Weir refuses',
    reason: /null cannot stand in a list/,
    why: 'pySigma takes it.',
    source: 'rules specification, Special Field Values',
    witness: sel('f', ['a', null]),
  },
  {
    name: 'netmask',
    kind: 'Weir refuses',
    reason: /has no valid prefix length/,
    why: "10.0.0.0/255.0.0.0 is Python's notation; a netmask is not CIDR.",
    source: 'modifiers appendix, cidr',
    witness: sel('f|cidr', '10.0.0.0/255.0.0.0'),
  },
  {
    name: 'empty-fieldref',
    kind: 'Weir refuses',
    reason: /fieldref takes a field name/,
    why: 'A field without a name is no field.',
    source: SILENT,
    witness: sel('f|fieldref', ''),
  },
  {
    name: 'type-modifier-first',
    kind: 'Weir refuses',
    reason: /reads the value as written, so no other may change it before/,
    why: 'pySigma asks this of re, cidr and exists only. What a changed value would mean as the name of a field is not said.',
    source: SILENT,
    witness: sel('f|wide|fieldref', 'g'),
  },
  {
    name: 'placeholder-in-expression',
    kind: 'Weir refuses',
    reason: /modifier "expand" takes string, not a regular expression/,
    why: 'Whether the texts of a list are expressions or to be escaped in one is not said, and a wrong guess would be silent.',
    source: SILENT,
    witness: { ...sel('f|re|expand', 'a%one%'), placeholders: { one: ['x'] } },
  },
  {
    name: 'linking-before-type',
    kind: 'pySigma refuses',
    reason: /only applicable to unmodified (boolean )?values/,
    why: 'all and neq before re, cidr or exists change no value, so the value is still as it was written.',
    source: 'rules specification, Modifier Types',
    witness: sel('f|neq|re', 'a'),
  },
  {
    name: 'utf16le',
    kind: 'pySigma refuses',
    reason: /Unknown modifier 'utf16le'/,
    why: 'pySigma knows it as wide only.',
    source: 'modifiers appendix, Encoding: utf16le',
    witness: sel('f|utf16le', 'a'),
  },
  {
    name: 'utf16-of-other-letters',
    kind: 'pySigma refuses',
    reason: /(Wide|UTF-16|UTF-16BE) modifier only allowed for/,
    why: 'pySigma keeps the bytes in a text and so can hold those of ASCII only.',
    source: 'modifiers appendix, Encoding',
    witness: sel('f|wide|base64', 'é'),
  },
  {
    name: 'many-dashes',
    kind: 'pySigma refuses',
    reason: /windash modifier expands at most three dash occurrences/,
    why: 'pySigma writes every combination out; here a dash is a kind of wildcard and costs nothing.',
    source: 'modifiers appendix, windash',
    witness: sel('f|windash', '-a -b -c -d'),
  },
  {
    name: 'hyphen-in-pattern',
    kind: 'pySigma refuses',
    reason:
      /SigmaConditionError: (Expected end of text, found '-|Unbalanced parentheses or expression syntax error, found '(-|all|any|1|not))/,
    why: 'An identifier may hold a hyphen in pySigma, and a pattern of identifiers may not.',
    source: 'rules specification, Condition: nothing on the characters of a name',
    witness: { detection: { 'sel-a': { f: 1 }, condition: '1 of sel-*' } },
  },
  {
    name: 'no-placeholder',
    kind: 'Weir refuses',
    reason: /finds no placeholder here|is no placeholder: names are letters/,
    why: 'Without a placeholder pySigma takes the text as it is: a misspelled one would never match, and nobody would be told.',
    source: SILENT,
    witness: sel('f|expand', 'one'),
  },
  {
    name: 'escaped-percent',
    kind: 'match',
    line: (modifiers, value) => modifiers.includes('expand') && JSON.stringify(value).includes('\\\\%'),
    why: 'pySigma knows no escaped percent sign.',
    source: 'rules specification, Placeholders',
    witness: { ...sel('f|expand', '\\%one%'), placeholders: { one: ['x'] } },
    record: { f: '%one%' },
  },
]

/** Where they differ on what a correlation may be: who refuses it, and with what reason. */
export interface CorrelationDifference {
  readonly name: string
  readonly kind: 'Weir refuses' | 'pySigma refuses'
  readonly reason: RegExp
  readonly why: string
  readonly source: string
  /** What stands under `correlation`, over the rules a, b and c_1. */
  readonly witness: Readonly<Record<string, unknown>>
}

const COUNT = { type: 'event_count', rules: ['a'], 'group-by': ['user'], timespan: '1m', condition: { gte: 2 } }
const BOTH = { type: 'temporal', rules: ['a', 'b'], 'group-by': ['user'], timespan: '1m' }

export const CORRELATION_DIFFERENCES: readonly CorrelationDifference[] = [
  {
    name: 'unknown-key',
    kind: 'Weir refuses',
    reason: /unknown key/,
    why: 'A misspelt key would be a condition that is never asked for. pySigma passes over it.',
    source: 'correlation specification, Correlation section: the list of attributes',
    witness: { ...COUNT, timeframe: '5m' },
  },
  {
    name: 'names',
    kind: 'Weir refuses',
    reason: /is a list of texts of at most|stands twice in|expected the name of a field/,
    why: 'An empty name, a number for a name or a name that stands twice is a slip of the pen.',
    source: SILENT,
    witness: { ...COUNT, 'group-by': ['user', 'user'] },
  },
  {
    name: 'not-read',
    kind: 'Weir refuses',
    reason: /reads no field|takes no percentile|reads one field/,
    why: 'What a type does not read would be a wish without effect.',
    source: 'correlation specification, Correlation Types',
    witness: { ...COUNT, condition: { gte: 2, field: 'v' } },
  },
  {
    name: 'nothing-to-correlate',
    kind: 'Weir refuses',
    reason: /rules is missing/,
    why: 'Without rules there are no events. pySigma takes an empty list, and for a written condition none.',
    source: 'correlation specification, Related rules: mandatory',
    witness: { ...COUNT, rules: [] },
  },
  {
    name: 'field-or-percentile-missing',
    kind: 'Weir refuses',
    reason: /field is missing|percentile is missing|percentile is a number/,
    why: 'pySigma takes an empty list of fields, and any percentile or none. Without one the example of the specification means a share, which is another figure.',
    source: 'correlation specification, Value Percentile',
    witness: { ...COUNT, type: 'value_percentile', condition: { gte: 2, field: 'v' } },
  },
  {
    name: 'never-holds',
    kind: 'Weir refuses',
    reason: /never holds|can never hold|can hold though no rule is seen/,
    why: 'Fewer than no event, more rules than there are, or a silence that nothing begins: no event can make such a correlation fire.',
    source: SILENT,
    witness: { ...BOTH, condition: { gte: 3 } },
  },
  {
    name: 'bound-is-a-number',
    kind: 'Weir refuses',
    reason: /expected a number, without quotes|compared with whole numbers/,
    why: 'pySigma makes a number of a text, of true and of 1.5 events.',
    source: 'correlation specification, Condition',
    witness: { ...COUNT, condition: { gte: '2' } },
  },
  {
    name: 'months-and-years',
    kind: 'Weir refuses',
    reason: /months and years differ in length/,
    why: 'pySigma takes M for 30.4 days and y for 365.2.',
    source: 'correlation specification, Time Selection: s, m, h, d',
    witness: { ...COUNT, timespan: '1M' },
  },
  {
    name: 'case-of-types',
    kind: 'Weir refuses',
    reason: /unknown type/,
    why: 'pySigma reads a type without case.',
    source: 'correlation specification, Correlation type',
    witness: { ...COUNT, type: 'Event_Count' },
  },
  {
    name: 'circle',
    kind: 'Weir refuses',
    reason: /in a circle/,
    why: 'A correlation that waits for itself never fires.',
    source: SILENT,
    witness: { ...COUNT, rules: ['first'] },
  },
  {
    name: 'alias',
    kind: 'Weir refuses',
    reason: /is not one of this correlation's rules|does not say what it is in/,
    why: 'An alias that names a rule beside the correlation, or leaves one of its rules out, groups what nobody meant. pySigma looks at neither.',
    source: 'correlation specification, Field Name Aliases',
    witness: { ...BOTH, 'group-by': ['ip'], aliases: { ip: { a: 'src' } } },
  },
  {
    name: 'range',
    kind: 'pySigma refuses',
    reason: /must have exactly one condition item/,
    why: 'pySigma takes one bound only.',
    source: 'correlation specification, Condition',
    witness: { ...COUNT, condition: { gte: 2, lt: 5 } },
  },
  {
    name: 'unnamed-rule',
    kind: 'pySigma refuses',
    reason: /Rules defined but not referenced in extended condition/,
    why: 'Here a rule that the condition does not name is without effect.',
    source: 'nothing: conditions over names come after 2.1.0',
    witness: { ...BOTH, condition: 'a' },
  },
  {
    name: 'extended-types',
    kind: 'pySigma refuses',
    reason: /is no valid Sigma correlation type/,
    why: "pySigma's own documentation has these types, and its parser has not.",
    source: 'nothing: conditions over names come after 2.1.0',
    witness: { ...BOTH, type: 'temporal_extended', condition: 'a and b' },
  },
  {
    name: 'of-them',
    kind: 'pySigma refuses',
    reason: /Failed to parse extended condition expression: Expected end of text, found 'of'/,
    why: 'Here a condition over names may say `all of them`, as one over selections may.',
    source: 'nothing: conditions over names come after 2.1.0',
    witness: { ...BOTH, condition: 'all of them' },
  },
]
