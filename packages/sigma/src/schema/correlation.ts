import { FIELD_NAME_LIMIT } from '../field-name.ts'
import { FEW_DOTS, type JsonSchema, orNull, text, whether } from './json-schema.ts'

const TEMPORAL = ['temporal', 'temporal_ordered', 'temporal_extended', 'temporal_ordered_extended']
const COUNTED = ['event_count', 'value_count']
const FIGURES = ['value_sum', 'value_avg', 'value_median']
const PERCENTILE = 'value_percentile'

const NAME: JsonSchema = { type: 'string', minLength: 1, maxLength: 256 }
const FIELD: JsonSchema = { ...NAME, pattern: `^${FEW_DOTS}` }
const list = (description: string, maxItems: number, one = FIELD): JsonSchema => ({
  description,
  anyOf: [one, { type: 'array', minItems: 1, maxItems, uniqueItems: true, items: one }],
})

const count: JsonSchema = { type: 'integer', minimum: 0, maximum: 2_000 }
const bounds = (number: JsonSchema): Record<string, JsonSchema> =>
  Object.fromEntries(['gt', 'gte', 'lt', 'lte', 'eq', 'neq'].map(op => [op, number]))
const condition = (number: JsonSchema, more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: 'object',
  description: 'One comparison, or a range of two.',
  properties: { ...bounds(number), ...more },
  required: Object.keys(more),
  minProperties: 1 + Object.keys(more).length,
  additionalProperties: false,
})
const field: JsonSchema = {
  description: 'What is read.',
  anyOf: [FIELD, { type: 'array', minItems: 1, maxItems: 1, items: FIELD }],
}

/** The condition that types take. */
const when = (types: readonly string[], taken: JsonSchema, required: boolean): JsonSchema =>
  whether(
    { properties: { type: { enum: types } }, required: ['type'] },
    { properties: { condition: taken }, ...(required ? { required: ['condition'] } : {}) },
  )

/** `correlation` of a correlation rule, as strict as the parser where a schema can be. */
export const CORRELATION: JsonSchema = {
  type: 'object',
  description: 'Counts or orders the matches of other rules.',
  properties: {
    type: { enum: [...COUNTED, ...TEMPORAL, ...FIGURES, PERCENTILE], description: 'What is worked out over a window.' },
    rules: list('Ids or names of the rules, or correlations, that take part.', 1_000, NAME),
    'group-by': orNull(list('Fields whose values are counted apart.', 16)),
    timespan: text('How long a window is: a number and s, m, h, d or w.', { pattern: '^\\d{1,9}[smhdw]$' }),
    condition: {},
    aliases: orNull({
      type: 'object',
      description: 'A name for what is called otherwise in each rule: alias → rule → field.',
      additionalProperties: { type: 'object', additionalProperties: { ...FIELD, maxLength: FIELD_NAME_LIMIT } },
    }),
    generate: orNull({ type: 'boolean', description: 'Whether the rules that take part make findings of their own.' }),
  },
  required: ['type', 'rules', 'timespan'],
  additionalProperties: false,
  allOf: [
    when(['event_count'], condition(count), true),
    when(['value_count'], condition(count, { field: list('What is counted.', 8) }), true),
    when(FIGURES, condition({ type: 'number' }, { field }), true),
    when([PERCENTILE], condition({ type: 'number' }, { field, percentile: { type: 'number', minimum: 0, maximum: 100 } }), true),
    when(
      TEMPORAL,
      { anyOf: [text('Over names of rules: a and b and not c.', { minLength: 1 }), condition(count), { type: 'null' }] },
      false,
    ),
  ],
}
