import { isObject, type JsonObject } from '../json.ts'
import { KinesisError, validation } from './errors.ts'

/** The parsed JSON body of a call, before any field of it was looked at. */
export type Input = JsonObject

const serialization = (message: string) => new KinesisError('SerializationException', message)

const failed = (field: string, value: unknown, constraint: string) =>
  validation(
    `1 validation error detected: Value '${String(value).slice(0, 80)}' at '${field}' failed to satisfy constraint: ${constraint}`,
  )

export function optionalString(input: Input, field: string, pattern?: RegExp, max = 2048): string | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw serialization(`${field} must be a string`)
  if (value.length < 1 || value.length > max) throw failed(field, value, `Member must have length between 1 and ${max}`)
  if (pattern && !pattern.test(value))
    throw failed(field, value, `Member must satisfy regular expression pattern: ${pattern.source}`)
  return value
}

export function string(input: Input, field: string, pattern?: RegExp, max?: number): string {
  const value = optionalString(input, field, pattern, max)
  if (value === undefined) throw failed(field, null, 'Member must not be null')
  return value
}

export function optionalNumber(input: Input, field: string, min: number, max: number): number | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw serialization(`${field} must be an integer`)
  if (value < min || value > max) throw failed(field, value, `Member must have value between ${min} and ${max}`)
  return value
}

export function number(input: Input, field: string, min: number, max: number): number {
  const value = optionalNumber(input, field, min, max)
  if (value === undefined) throw failed(field, null, 'Member must not be null')
  return value
}

/** A blob field, which JSON carries in base64. */
export function blob(input: Input, field: string): Buffer {
  const value = input[field]
  if (value === undefined || value === null) throw failed(field, null, 'Member must not be null')
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw serialization(`${field} must be base64 text`)
  return Buffer.from(value, 'base64')
}

/** A timestamp: seconds since the epoch with a fraction, in; milliseconds, out. */
export function timestamp(input: Input, field: string): number | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw serialization(`${field} must be a number of seconds`)
  return value * 1000
}

export function list(input: Input, field: string, max: number): readonly Input[] {
  const value = input[field]
  if (value === undefined || value === null) throw failed(field, null, 'Member must not be null')
  if (!Array.isArray(value) || !value.every(isObject)) throw serialization(`${field} must be a list of structures`)
  if (value.length < 1 || value.length > max)
    throw failed(field, `[${value.length} items]`, `Member must have length between 1 and ${max}`)
  return value
}
