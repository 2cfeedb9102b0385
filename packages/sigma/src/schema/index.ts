import { LEVELS } from '../types.ts'
import { CASES } from './cases.ts'
import { CORRELATION } from './correlation.ts'
import { DRAFT, type JsonSchema, LOGSOURCE, orNull, text, whether } from './json-schema.ts'
import { MAPPINGS } from './mappings.ts'
import { DEFINITIONS, selections } from './selection.ts'

export type { JsonSchema } from './json-schema.ts'

const texts = (description: string, more: Omit<JsonSchema, 'type' | 'items' | 'description'> = {}): JsonSchema =>
  orNull({ type: 'array', description, items: { type: 'string' }, ...more })
const day = (description: string): JsonSchema => orNull(text(`${description} YYYY-MM-DD.`, { pattern: '^\\d{4}-\\d{2}-\\d{2}$' }))
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'

/** A rule, a correlation or a filter: one document. It is stricter than the specification's: what it refuses, Weir refuses or a lint tells. */
const RULE: JsonSchema = {
  $schema: DRAFT,
  title: 'Sigma rule, correlation or filter, as Weir takes them',
  type: 'object',
  properties: {
    title: text('What the rule finds, in a line.', { minLength: 1, maxLength: 256 }),
    id: orNull(text('A UUID that names the rule in findings: written once, never changed.', { pattern: UUID })),
    name: orNull(text('What correlations and filters may call it, beside its id.', { maxLength: 256 })),
    related: orNull({
      type: 'array',
      description: 'Rules that it comes from, replaces or resembles.',
      items: {
        type: 'object',
        properties: {
          id: text('The id of the other rule.', { pattern: UUID }),
          type: {
            enum: ['derived', 'obsolete', 'merged', 'renamed', 'similar', 'correlation'],
            description: 'What the other rule is to it.',
          },
        },
        required: ['id', 'type'],
      },
    }),
    taxonomy: orNull(text('Whose field names it uses: sigma, ocsf, or one that field mappings translate.', { minLength: 1 })),
    status: orNull({
      enum: ['stable', 'test', 'experimental', 'deprecated', 'unsupported'],
      description: 'How far it has been tried.',
    }),
    description: orNull(text('What it finds, and what whoever gets the finding does next.', { maxLength: 65_535 })),
    license: orNull(text('An SPDX id.')),
    author: orNull(text('Who answers questions about it.')),
    references: texts('Links to what it is made from.'),
    date: day('The day it was made,'),
    modified: day('The day it last changed,'),
    logsource: LOGSOURCE,
    falsepositives: texts('What else looks like this.'),
    level: orNull({ enum: LEVELS, description: 'How much it matters; medium unless given.' }),
    tags: texts('`attack.t1648`, `cve.2021-44228` …: namespace.name in lower case.', {
      uniqueItems: true,
    }),
    fields: texts('Fields that are worth a look.'),
    scope: texts('What it is meant for.'),
    generate: orNull({
      type: 'boolean',
      description: 'Of a correlation: whether the rules that take part make findings of their own.',
    }),
    detection: selections('Selections, and the condition that links them.'),
    correlation: CORRELATION,
    filter: selections(
      'Added to the rules that it names as `(rule) and (filter)`: an exclusion says `condition: not selection`.',
      {
        rules: {
          description: 'Ids or names of rules, or any.',
          anyOf: [
            { const: 'any' },
            { type: 'array', minItems: 1, maxItems: 10_000, uniqueItems: true, items: { type: 'string', minLength: 1 } },
          ],
        },
      },
    ),
    action: false,
  },
  required: ['title'],
  ...whether(
    { required: ['correlation'] },
    {},
    { required: ['logsource'], ...whether({ required: ['filter'] }, {}, { required: ['detection'] }) },
  ),
  definitions: DEFINITIONS,
}

/** The schemas by what they are for; the files under schema/ hold the same. */
export const SCHEMAS: Readonly<Record<'rule' | 'cases' | 'mapping', JsonSchema>> = { rule: RULE, cases: CASES, mapping: MAPPINGS }
