import { isIP } from 'node:net'
import type { OcsfEvent } from '@weir/schema/ocsf'

/** A scalar that every schema can hold. */
export type Scalar = string | number | boolean

/** One row of a mapping table. Of several rows with one `to`, and of several paths in one `from`, the first that gives a value wins. */
export interface Row {
  readonly to: string
  /** OCSF paths, dotted; a number is an index: `resources.0.uid`. Empty for a row made from the event as a whole. */
  readonly from: string | readonly string[]
  /** Converts the value. Without it only a scalar goes over, unchanged, and then it is no leftover any more. */
  readonly as?: (value: unknown, event: OcsfEvent) => unknown
}

export type Fields = Record<string, unknown>

export interface Mapped {
  readonly fields: Fields
  /** The event without what went over unchanged. */
  readonly leftovers: Readonly<Record<string, unknown>>
}

interface CompiledRow {
  readonly to: string
  readonly paths: readonly (readonly string[])[]
  readonly as: Row['as']
}

const step = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined

/** The value at a dotted OCSF path, or undefined. */
export const get = (event: OcsfEvent, path: string): unknown => path.split('.').reduce<unknown>(step, event)

/** A mapping from a table. `rows` are read in order, so put a class's own rows before the common ones. */
export function compile(rows: readonly Row[]): (event: OcsfEvent) => Mapped {
  const compiled: readonly CompiledRow[] = rows.map(row => ({
    to: row.to,
    paths: row.from.length === 0 ? [[]] : [row.from].flat().map(path => path.split('.')),
    as: row.as,
  }))
  return event => {
    const fields: Fields = {}
    const used: (readonly string[])[] = []
    for (const row of compiled) {
      if (fields[row.to] !== undefined) continue
      for (const path of row.paths) {
        const value = path.reduce<unknown>(step, event)
        if (value === undefined || value === null || value === '') continue
        const converted = row.as === undefined ? scalar(value) : row.as(value, event)
        if (converted === undefined || converted === '' || (Array.isArray(converted) && converted.length === 0)) continue
        fields[row.to] = converted
        if (converted === value) used.push(path)
        break
      }
    }
    return { fields, leftovers: without(event, used) }
  }
}

/** A copy of the event without these paths; copies only the objects on the way. Lists stay whole. */
function without(event: OcsfEvent, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const copies = new Set<object>()
  const own = (value: object): Record<string, unknown> => {
    if (copies.has(value)) return value as Record<string, unknown>
    const copy = { ...value }
    copies.add(copy)
    return copy
  }
  const root = own(event)
  for (const path of paths) {
    const trail: Record<string, unknown>[] = [root]
    let whole = false
    for (const key of path.slice(0, -1)) {
      const parent = trail.at(-1) as Record<string, unknown>
      const child = parent[key]
      if (typeof child !== 'object' || child === null || Array.isArray(child)) {
        whole = true
        break
      }
      const copy = own(child)
      parent[key] = copy
      trail.push(copy)
    }
    if (whole) continue
    for (let i = path.length - 1; i >= 0; i--) {
      const parent = trail[i] as Record<string, unknown>
      delete parent[path[i] as string]
      if (Object.keys(parent).length > 0) break
    }
  }
  return root
}

export const scalar = (value: unknown): Scalar | undefined =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
    ? value
    : undefined

export const text = (value: unknown): string | undefined => {
  const plain = scalar(value)
  return plain === undefined ? undefined : String(plain)
}
/** A whole number that survives JSON; anything else gives nothing. */
export const int = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(number) ? (number as number) : undefined
}
export const real = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined
export const ip = (value: unknown): string | undefined => (typeof value === 'string' && isIP(value) !== 0 ? value : undefined)
/** Epoch milliseconds to RFC 3339. */
export const iso = (value: unknown): string | undefined =>
  typeof value === 'number' && Math.abs(value) <= 8.64e15 ? new Date(value).toISOString() : undefined
export const lower = (value: unknown): string | undefined => (typeof value === 'string' ? value.toLowerCase() : undefined)
/** A value by number, from a table; `other` for a number that is not in it. */
export const oneOf =
  <T>(table: Readonly<Record<number, T>>, other?: T) =>
  (value: unknown): T | undefined =>
    typeof value === 'number' ? (table[value] ?? other) : undefined
/** A constant, for rows made from the event as a whole. */
export const constant =
  <T>(value: T) =>
  (): T =>
    value

/** The objects of a list, whatever else is in it. */
export const objects = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(item => typeof item === 'object' && item !== null && !Array.isArray(item)) : []
/** The distinct non-empty strings at a path of each object in a list. */
export const pluck =
  (path: string) =>
  (value: unknown): string[] => {
    const keys = path.split('.')
    const found = objects(value).map(item => keys.reduce<unknown>(step, item))
    return [...new Set(found.filter(item => typeof item === 'string' && item !== ''))] as string[]
  }

/** The function an event is about: its ARN, taken apart. */
export interface LambdaFunction {
  readonly arn: string
  readonly region: string
  readonly account: string
  readonly name: string
  readonly version?: string
}

const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]{1,140})(?::([A-Za-z0-9_$-]{1,128}))?$/
const FUNCTION_PATHS = ['app.uid', 'device.uid', 'actor.app_uid']

/** The observed function, from the first Lambda ARN among the event's resources, app, device and actor. */
export function functionOf(event: OcsfEvent): LambdaFunction | undefined {
  const candidates = [
    ...objects(event['resources']).map(resource => resource['uid']),
    ...FUNCTION_PATHS.map(path => get(event, path)),
  ]
  for (const arn of candidates) {
    const match = typeof arn === 'string' ? FUNCTION_ARN.exec(arn) : null
    if (match === null) continue
    const [, region = '', account = '', name = '', version] = match
    return { arn: match[0], region, account, name, ...(version === undefined ? {} : { version }) }
  }
  return undefined
}
