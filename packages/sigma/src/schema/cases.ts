import { DRAFT, type JsonSchema, LOGSOURCE, text, whether } from './json-schema.ts'

const DURATION: JsonSchema = {
  description: 'A time with its unit: 10s, 5m, 1h30m, 2d.',
  anyOf: [{ type: 'string', pattern: '^(?:\\d{1,9}(?:ms|[smhdw]))+$' }, { const: 0 }],
}
const COUNT: JsonSchema = { type: 'integer', minimum: 1 }
const EVENT: JsonSchema = { type: 'object', description: 'The fields of the log source, as the rule sees them.' }
const NAME = text('What the events are, in a line.', { minLength: 1, pattern: '\\S' })
const FOR = text('Which rule it is for, by id, name or title, where the rule file holds several.')
const SOURCE: JsonSchema = { ...LOGSOURCE, description: "Where the event comes from, if not from the rule's own log source." }

const EVENT_CASE: JsonSchema = {
  type: 'object',
  description: 'One event.',
  properties: { name: NAME, rule: FOR, event: EVENT, logsource: SOURCE },
  required: ['name', 'event'],
  additionalProperties: false,
}

const SEQUENCE: Readonly<Record<string, JsonSchema>> = {
  name: NAME,
  rule: FOR,
  events: {
    type: 'array',
    description: 'Events in the order in which they arrive.',
    minItems: 1,
    items: {
      type: 'object',
      properties: {
        at: { ...DURATION, description: 'When, from the beginning of the case on.' },
        times: { ...COUNT, description: 'How many such events.' },
        every: { ...DURATION, description: 'The time between them.' },
        event: EVENT,
        logsource: SOURCE,
        matches: {
          description: 'The base rules that it is a match of, whatever it holds.',
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
        },
      },
      required: ['at', 'event'],
      additionalProperties: false,
    },
  },
}
const sequence = (more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: 'object',
  description: 'Events over time, for a correlation.',
  properties: { ...SEQUENCE, ...more },
  required: ['name', 'events'],
  additionalProperties: false,
})

const cases = (description: string, ofSequence: JsonSchema): JsonSchema => ({
  description,
  anyOf: [{ type: 'null' }, { type: 'array', maxItems: 1_000, items: whether({ required: ['events'] }, ofSequence, EVENT_CASE) }],
})

/** What stands beside a rule in `<name>.cases.yml`. */
export const CASES: JsonSchema = {
  $schema: DRAFT,
  title: 'Cases of a rule: events that it must and must not match',
  type: 'object',
  properties: {
    match: cases(
      'What the rule must find.',
      sequence({
        windows: { ...COUNT, description: 'How many windows must be found; otherwise one or more.' },
        groups: {
          type: 'array',
          minItems: 1,
          description: 'The group of each window that must be found.',
          items: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
        },
      }),
    ),
    ignore: cases('What the rule must not find.', sequence()),
  },
  minProperties: 1,
  additionalProperties: false,
}
