import { FIELD_NAME_LIMIT } from '../field-name.ts'
import { type Modifier, MODIFIERS } from '../modifiers/table.ts'
import type { Value } from '../tree.ts'
import { MANY } from '../values.ts'
import { FEW_DOTS, type JsonSchema, text } from './json-schema.ts'

const SCALARS = ['string', 'number', 'boolean'] as const

/** A value, or a list of them. */
const values = (type: 'string' | 'number' | 'boolean' | typeof SCALARS): JsonSchema => ({
  anyOf: [{ type }, { type: 'array', minItems: 1, items: { type } }],
})
/** Null stands alone, or as the only one of a list. */
const ANY_VALUES: JsonSchema = {
  anyOf: [
    { type: [...SCALARS, 'null'] },
    { type: 'array', minItems: 1, items: { type: SCALARS } },
    { type: 'array', minItems: 1, maxItems: 1, items: { type: [...SCALARS, 'null'] } },
  ],
}

const names = (test: (modifier: Modifier, takes: readonly string[], name: string) => boolean): string[] =>
  [...MODIFIERS].filter(([name, modifier]) => test(modifier, modifier.takes.split(', '), name)).map(([name]) => name)
const one = (all: readonly string[]): string => `\\|(?:${all.join('|')})`
const many = (all: readonly string[]): string => `(?:${one(all)})*`

/** What changes no value may stand anywhere in a chain. */
const ANYWHERE = names(({ value }) => !value)
const anywhere = many(ANYWHERE)
const taking = (kind: string, but: readonly string[] = []): string[] =>
  names(({ first, value }, takes, name) => value !== undefined && !first && takes.includes(kind) && !but.includes(name))

/** What a modifier makes of a text that is open at an end, or of one that is not. */
function made(name: string, isOpen: boolean): 'open' | 'refused' | 'text' {
  const text: Value = { kind: 'string', pattern: isOpen ? [MANY, 'x'] : ['x'], source: 'x', cased: false, bytes: false }
  const value = MODIFIERS.get(name)?.value?.(text, {})
  if (!value || 'error' in value) return 'refused'
  return value.kind === 'string' && value.pattern.includes(MANY) ? 'open' : 'text'
}

/** A chain of one or more modifiers on texts: what takes no wildcards cannot stand behind what opens an end. */
function onTexts(but: readonly string[] = []): string {
  const all = taking('string', but)
  const opens = all.filter(name => made(name, false) === 'open')
  const closed = [...all.filter(name => !opens.includes(name)), ...ANYWHERE]
  const behind = [...all.filter(name => made(name, true) !== 'refused'), ...ANYWHERE]
  const plain = all.filter(name => !opens.includes(name))
  return `${anywhere}(?:${one(plain)}${many(closed)}(?:${one(opens)}${many(behind)})?|${one(opens)}${many(behind)})`
}

/**
 * Keys of a selection, `field|modifiers`, as patterns of the chains that the modifier table allows, each with the values that it takes. What
 * fits none is a misspelled modifier, or one that cannot stand there.
 */
function keys(): Record<string, JsonSchema> {
  const field = `${FEW_DOTS}[^|]{1,${FIELD_NAME_LIMIT}}`
  const firsts = names(({ first }) => first === true)
  const ofKind = (kind: string): string[] => names(({ first }, takes) => first === true && takes.includes(kind))
  const chains: Record<string, JsonSchema> = { [`^(?:${field})?${anywhere}$`]: ANY_VALUES }
  chains[`^${field}${onTexts()}$`] = values('string')
  // Keywords are searched anywhere, so nothing binds them to an end.
  chains[`^${onTexts(['startswith', 'endswith'])}$`] = values('string')
  for (const name of firsts) {
    const { field: bound, takes } = MODIFIERS.get(name) ?? { takes: '' }
    const part = ofKind('number').includes(name)
    const type = takes === 'boolean' ? 'boolean' : part ? 'number' : 'string'
    const after = part ? `${anywhere}(?:${one(taking('date part'))}${anywhere})?` : many([...taking(name), ...ANYWHERE])
    chains[`^${field}${anywhere}\\|${name}${after}$`] = values(type)
    if (!bound)
      chains[`^${anywhere}\\|${name}${many([...taking(name, ['startswith', 'endswith']), ...ANYWHERE])}$`] = values(type)
  }
  chains[`^${field}${anywhere}${one(taking('number'))}${anywhere}$`] = values('number')
  return chains
}

const CONDITION = text('How the selections are linked: and, or, not, 1 of x*, all of x*, parentheses.', {
  minLength: 1,
  maxLength: 65_535,
  pattern: '^[^|]*$',
})

/** What selections are made of; `$ref`s of the rule schema point here. */
export const DEFINITIONS: Readonly<Record<string, JsonSchema>> = {
  fields: {
    type: 'object',
    description: 'Lines of field|modifiers: values; all of them must hold.',
    minProperties: 1,
    patternProperties: keys(),
    additionalProperties: false,
  },
  selection: {
    description:
      'A map of fields (all must hold), a list of maps (one must hold), or keywords that are searched anywhere in the event.',
    anyOf: [
      { $ref: '#/definitions/fields' },
      { type: ['string', 'number'] },
      { type: 'array', minItems: 1, items: { anyOf: [{ $ref: '#/definitions/fields' }, { type: ['string', 'number'] }] } },
    ],
  },
  condition: { anyOf: [CONDITION, { type: 'array', minItems: 1, items: CONDITION }] },
}

/** A map of selections with their condition; `others` are keys of it that are neither. */
export const selections = (description: string, others: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: 'object',
  description,
  properties: { ...others, condition: { $ref: '#/definitions/condition' }, timeframe: false },
  required: ['condition', ...Object.keys(others)],
  minProperties: 2 + Object.keys(others).length,
  additionalProperties: { $ref: '#/definitions/selection' },
})
