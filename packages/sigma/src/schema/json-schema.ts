import { FIELD_DOTS_LIMIT } from '../field-name.ts'

/** As much of JSON Schema (draft-07, which editors know) as the schemas here use. */
export interface JsonSchema {
  readonly $schema?: string
  readonly $id?: string
  readonly title?: string
  readonly description?: string
  readonly $ref?: string
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly type?: JsonType | readonly JsonType[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly properties?: Readonly<Record<string, JsonSchema | false>>
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly if?: JsonSchema
  readonly then?: JsonSchema
  readonly else?: JsonSchema
  readonly not?: JsonSchema
}
type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array'

export const DRAFT = 'http://json-schema.org/draft-07/schema#'

/** The schema, or null: a key without a value is one that is not there. */
export const orNull = (schema: JsonSchema): JsonSchema => {
  const { type, description, ...rest } = schema
  const shared = description === undefined ? {} : { description }
  if (type !== undefined && !('enum' in rest))
    return { ...shared, type: [...(Array.isArray(type) ? (type as JsonType[]) : [type as JsonType]), 'null'], ...rest }
  return { ...shared, anyOf: [{ ...(type === undefined ? {} : { type }), ...rest }, { type: 'null' }] }
}

const BRANCHES = ['if', 'then', 'else'] as const

/** `if`, `then` and `else`. */
export const whether = (...branches: readonly [test: JsonSchema, yes: JsonSchema, no?: JsonSchema]): JsonSchema =>
  Object.fromEntries(branches.map((branch, i) => [BRANCHES[i], branch]))

export const text = (description: string, more: Omit<JsonSchema, 'type' | 'description'> = {}): JsonSchema => ({
  type: 'string',
  description,
  ...more,
})

/** The beginning of a pattern that refuses names of fields with too many dots. */
export const FEW_DOTS = `(?!(?:[^.|]*\\.){${FIELD_DOTS_LIMIT + 1}})`

/** A log source: at least one of product, service and category. */
export const LOGSOURCE: JsonSchema = {
  type: 'object',
  description: 'Where the events come from: at least one of product, service and category.',
  properties: {
    product: orNull(text('A product, such as aws or windows.', { minLength: 1 })),
    service: orNull(text("A part of a product's logs, such as cloudtrail.", { minLength: 1 })),
    category: orNull(text('A kind of event, such as webserver or process_creation.', { minLength: 1 })),
    definition: orNull(text('What must be switched on so that there are such events; for people.')),
  },
  anyOf: ['product', 'service', 'category'].map(key => ({ required: [key], properties: { [key]: { type: 'string' } } })),
}
