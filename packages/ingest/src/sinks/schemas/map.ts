import { isIP } from 'node:net'
import { isoText } from '@weir/schema'
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

/** The source's attribute, wherever an event has it: findings have no `src_endpoint` of their own, but one among their evidences. */
export const ofSource = (...attributes: readonly string[]): readonly string[] =>
  ['src_endpoint', 'evidences.0.src_endpoint'].flatMap(at => attributes.map(attribute => `${at}.${attribute}`))

export type Fields = Record<string, unknown>

export interface Mapped {
  readonly fields: Fields
  /** The event without what went over unchanged. */
  readonly leftovers: Readonly<Record<string, unknown>>
}

interface CompiledRow {
  readonly to: string
  /** The same for all rows with one `to`. */
  readonly slot: number
  /** The paths, as the numbers of their nodes. */
  readonly from: readonly number[]
  readonly as: Row['as']
}

/** The tree of all paths of a table; its nodes are numbered, so that what stands at them in one event is a list. The root is 0. */
interface Node {
  readonly number: number
  readonly children: Map<string, Node>
}

function walk(event: object, keys: readonly string[]): unknown {
  let value: unknown = event
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

const KEYS = new Map<string, readonly string[]>()
const MAX_KEYS = 1024

/** The value at a dotted OCSF path, or undefined. */
export function get(event: OcsfEvent, path: string): unknown {
  let keys = KEYS.get(path)
  if (!keys) {
    keys = path.split('.')
    if (KEYS.size < MAX_KEYS) KEYS.set(path, keys)
  }
  return walk(event, keys)
}

/** A mapping from a table. `rows` are read in order, so put a class's own rows before the common ones. */
export function compile(rows: readonly Row[]): (event: OcsfEvent) => Mapped {
  const fill = compileInto<Fields>(rows, (fields, to, value) => {
    fields[to] = value
  })
  return event => {
    const fields: Fields = {}
    const leftovers = fill(event, fields)
    return { fields, leftovers: leftovers() }
  }
}

/** The same, with each field given to `put` as it is found, in the order of the rows. What is left over is made when it is asked for. */
export function compileInto<Into>(
  rows: readonly Row[],
  put: (into: Into, to: string, value: unknown) => void,
): (event: OcsfEvent, into: Into) => () => Readonly<Record<string, unknown>> {
  let nodes = 0
  const node = (): Node => ({ number: nodes++, children: new Map() })
  const root = node()
  const numberOf = (path: string): number => {
    let end = root
    for (const key of path === '' ? [] : path.split('.')) {
      const next = end.children.get(key) ?? node()
      end.children.set(key, next)
      end = next
    }
    return end.number
  }
  const slots = new Map<string, number>()
  const compiled: readonly CompiledRow[] = rows.map(({ to, from, as }) => {
    const slot = slots.get(to) ?? slots.size
    slots.set(to, slot)
    return { to, slot, from: [from].flat().map(numberOf), as }
  })
  const nothing: readonly unknown[] = Array.from({ length: nodes }, () => undefined)
  return (event, into) => {
    const values = nothing.slice()
    const used = new Uint8Array(nodes)
    const given = new Uint8Array(slots.size)
    values[0] = event
    gather(event, root, values)
    for (const { to, slot, from, as } of compiled) {
      if (given[slot] === 1) continue
      for (const number of from) {
        const value = values[number]
        if (value === undefined || value === null || value === '') continue
        const converted = as === undefined ? scalar(value) : as(value, event)
        if (converted === undefined || converted === '' || (Array.isArray(converted) && converted.length === 0)) continue
        put(into, to, converted)
        given[slot] = 1
        if (converted === value) used[number] = 1
        break
      }
    }
    return () => without(event, root, used) ?? {}
  }
}

/** Puts what an object has at the paths of the tree into a list, by the nodes' numbers. */
function gather(object: object, at: Node, values: unknown[]): void {
  if (Array.isArray(object)) {
    for (const [key, child] of at.children) if (Object.hasOwn(object, key)) found(object[key as never], child, values)
    return
  }
  const fields = ownFields(object)
  for (const key in fields) {
    const child = at.children.get(key)
    if (child !== undefined) found(fields[key], child, values)
  }
}

function found(value: unknown, at: Node, values: unknown[]): void {
  values[at.number] = value
  if (at.children.size > 0 && typeof value === 'object' && value !== null) gather(value, at, values)
}

/** An object whose own fields are all that `for … in` sees: that is several times as fast as any list of them. */
export function ownFields(object: object): Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(object)
  const isPlain = prototype === Object.prototype || prototype === null
  return (isPlain ? object : Object.fromEntries(Object.entries(object))) as Readonly<Record<string, unknown>>
}

/** A copy of an object without the used paths, or undefined when nothing is left. Lists stay whole. */
function without(object: object, at: Node, used: Uint8Array): Record<string, unknown> | undefined {
  const fields = ownFields(object)
  let rest: Record<string, unknown> | undefined
  for (const key in fields) {
    const value = fields[key]
    const child = at.children.get(key)
    if (child !== undefined && used[child.number] === 1) continue
    const inner =
      child !== undefined && child.children.size > 0 && typeof value === 'object' && value !== null && !Array.isArray(value)
    const kept: unknown = inner ? without(value, child, used) : value
    if (kept === undefined) continue
    rest ??= {}
    if (key === '__proto__')
      Object.defineProperty(rest, key, { value: kept, enumerable: true, configurable: true, writable: true })
    else rest[key] = kept
  }
  return rest
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
  typeof value === 'number' && Math.abs(value) <= 8.64e15 ? isoText(Math.trunc(value)) : undefined
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
    const found = objects(value).map(item => walk(item, keys))
    return [...new Set(found.filter(item => typeof item === 'string' && item !== ''))] as string[]
  }

/** The SHA-256 among an OCSF object's hashes (algorithm 3). */
export const sha256 = (value: unknown): string | undefined =>
  text(objects(value).find(({ algorithm_id }) => algorithm_id === 3)?.['value'])

/** Ids are hex in OTLP's JSON, not base64, and all zeros means none. */
const hexId = (value: unknown, digits: number): string | undefined => {
  const id = text(value)?.toLowerCase()
  return id !== undefined && id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : undefined
}

/**
 * The trace and the span that an event belongs to, in hex as OpenTelemetry writes them. A log record of a function's SDK (`otlp.log`) has them under
 * `unmapped`, because OCSF's base event has no place for them.
 */
export function traceOf(event: OcsfEvent): { readonly trace: string | undefined; readonly span: string | undefined } {
  const [trace, span] =
    event.metadata['event_code'] === 'otlp.log'
      ? ['unmapped.record.traceId', 'unmapped.record.spanId']
      : ['trace.uid', 'trace.span.uid']
  return { trace: hexId(get(event, trace), 32), span: hexId(get(event, span), 16) }
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

/** Several rows of a table ask of the same event, one behind the other. */
let last: { readonly event: OcsfEvent; readonly found: LambdaFunction | undefined } | undefined

/** The observed function, from the first Lambda ARN among the event's resources, app, device and actor. */
export function functionOf(event: OcsfEvent): LambdaFunction | undefined {
  if (last?.event !== event) last = { event, found: findFunction(event) }
  return last.found
}

function findFunction(event: OcsfEvent): LambdaFunction | undefined {
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
