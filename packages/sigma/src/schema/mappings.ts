import { FIELD_NAME_LIMIT } from '../field-name.ts'
import { DRAFT, FEW_DOTS, type JsonSchema, LOGSOURCE, text } from './json-schema.ts'

const FIELD: JsonSchema = { type: 'string', minLength: 1, maxLength: FIELD_NAME_LIMIT, pattern: `^${FEW_DOTS}` }
const TEXTS: JsonSchema = { type: 'array', minItems: 1, maxItems: 32, items: { type: 'string' } }

/** A file of field mappings. */
export const MAPPINGS: JsonSchema = {
  $schema: DRAFT,
  title: 'Field mappings: how the field names of rules become those of events',
  type: 'array',
  items: {
    type: 'object',
    properties: {
      rules: {
        description: 'The rules it is for, by their log source, or a list of log sources.',
        anyOf: [LOGSOURCE, { type: 'array', items: LOGSOURCE }],
      },
      taxonomy: text('The taxonomy that these rules are written in; sigma unless given.', { minLength: 1 }),
      events: { ...LOGSOURCE, description: "The events they are then tried on too; the rule's own log source unless given." },
      fields: {
        type: 'object',
        description: "A rule's field → the event's, or a list of which any will do.",
        additionalProperties: { anyOf: [FIELD, { ...TEXTS, items: FIELD }] },
      },
      prefixes: {
        type: 'object',
        description: "What a rule's field begins with → what it begins with in the event.",
        additionalProperties: { type: 'string' },
      },
      values: {
        type: 'object',
        description: "A rule's field → a value → further values that mean the same.",
        additionalProperties: { type: 'object', additionalProperties: TEXTS },
      },
    },
    required: ['rules'],
    additionalProperties: false,
  },
}
