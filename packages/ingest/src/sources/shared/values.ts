/** Readers for fields that others wrote: each gives `undefined` where the field is not what it should be. */
export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldsOf = (value: unknown): Fields | undefined => (isFields(value) ? value : undefined)

/** A text that is not empty. */
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** The attributes that have a value. */
export function defined(attributes: Fields): Record<string, unknown> {
  const present: Record<string, unknown> = {}
  for (const key in attributes) if (attributes[key] !== undefined) present[key] = attributes[key]
  return present
}

/** The same, or `undefined` when none has: an empty object says nothing. */
export function some(attributes: Fields): Record<string, unknown> | undefined {
  const present = defined(attributes)
  for (const _ in present) return present
  return undefined
}

/** A list, or `undefined` when it is empty. */
export const listOf = <T>(items: readonly T[]): readonly T[] | undefined => (items.length > 0 ? items : undefined)

type Kind = 'text' | 'fields' | 'list' | 'single'

const IS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: value => typeof value === 'string',
  fields: isFields,
  list: Array.isArray,
  single: value => !Array.isArray(value),
}

/**
 * What of a record has no place of its own: every field but those in `placed` that are of the kind that has the place. `null` says nothing and
 * is left out. Keys are copied as data, `__proto__` too.
 */
export function rest(record: Fields, placed: Readonly<Record<string, Kind>>): Fields | undefined {
  const left: [string, unknown][] = []
  for (const key in record) {
    const value = record[key]
    if (value === null || (Object.hasOwn(placed, key) && IS[placed[key] as Kind](value))) continue
    left.push([key, value])
  }
  return left.length > 0 ? Object.fromEntries(left) : undefined
}

/** As AWS writes nearly all of them. */
const PLAIN_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?\s*(Z|z|[+-]\d{2}:?\d{2})?$/

/**
 * Epoch milliseconds of an ISO 8601 time. A blank may stand for the `T`, and no zone means UTC: `2025-01-21 17:49:47.000000000`, as query
 * engines print it.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && PLAIN_TIME.test(value)) return validTime(Date.parse(value))
  const match = typeof value === 'string' ? TIME.exec(value) : null
  if (!match) return undefined
  const [, day, clock, fraction = '', zone = 'Z'] = match
  return validTime(Date.parse(`${day}T${clock}${fraction.slice(0, 4)}${zone.toUpperCase()}`))
}

/** Epoch milliseconds, as some logs write their time: a whole number from 1973 on. */
export const epochOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1e11 && value <= 8.64e15 ? value : undefined

const validTime = (time: number): number | undefined => (Number.isNaN(time) ? undefined : time)
