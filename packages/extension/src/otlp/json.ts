import { type Allowance, allowance, MAX_DEPTH, MAX_VALUES, Refused } from './bounds.ts'
import type { Field, Message, Scalar } from './messages.ts'
import { doubleOf, isZero } from './protobuf.ts'

const numberOf = (value: unknown, least: number, most: number): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined

/** A 64-bit integer: a decimal string by the mapping, and a number from those who do not know that. */
const integerOf = (value: unknown): string | undefined => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? value : undefined
}
const unsignedOf = (value: unknown): string | undefined => {
  const text = integerOf(value)
  return text?.startsWith('-') ? undefined : text
}
const DOUBLES: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity'])

/** Each scalar as the mapping has it; undefined for what it cannot be. */
const CHECK: Readonly<Record<Scalar, (value: unknown) => unknown>> = {
  string: value => (typeof value === 'string' ? value : undefined),
  hex: value => (typeof value === 'string' && /^(?:[0-9a-f]{2})*$/i.test(value) ? value.toLowerCase() : undefined),
  base64: value => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('base64') : undefined),
  bool: value => (typeof value === 'boolean' ? value : undefined),
  enum: value => numberOf(value, -(2 ** 31), 2 ** 31 - 1),
  uint32: value => numberOf(value, 0, 2 ** 32 - 1),
  sint32: value => numberOf(value, -(2 ** 31), 2 ** 31 - 1),
  uint64: unsignedOf,
  int64: integerOf,
  fixed32: value => numberOf(value, 0, 2 ** 32 - 1),
  fixed64: unsignedOf,
  sfixed64: integerOf,
  double: value => (typeof value === 'number' ? doubleOf(value) : DOUBLES.has(value) ? value : undefined),
}

/**
 * An OTLP/JSON body in the same form as `decodeProtobuf` gives: known fields of the right kind, what is zero left out where it says nothing.
 * Throws Refused.
 */
export function decodeJson(bytes: Uint8Array, message: Message, spend: Allowance = allowance()): Record<string, unknown> {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (valuesIn(body) > MAX_VALUES * 2) throw new Refused(413, 'more values in one request than Weir takes')
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new Refused(400, 'not JSON')
  }
  if (!isObject(value)) throw new Refused(400, 'expected an export request')
  return readMessage(value, byName(message), spend, 0)
}

function readMessage(value: object, fields: Fields, allowed: Allowance, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new Refused(400, 'nested too deep')
  const out: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(value)) {
    const field = fields.get(name)
    if (!field || each === null) continue
    allowed.spend()
    const { type, many, zero } = field
    const read = (item: unknown): unknown => {
      if (typeof type !== 'function') return CHECK[type](item)
      return isObject(item) ? readMessage(item, byName(type()), allowed, depth + 1) : undefined
    }
    if (many && !Array.isArray(each)) throw new Refused(400, `${name}: expected a list`)
    if (many && Array.isArray(each)) allowed.spend(each.length)
    const found = many && Array.isArray(each) ? each.map(read) : read(each)
    if (found === undefined || (Array.isArray(found) && found.includes(undefined)))
      throw new Refused(400, `${name}: not of its type`)
    if (many ? Array.isArray(found) && found.length > 0 : zero || !isZero(found)) out[name] = found
  }
  return out
}

type Fields = ReadonlyMap<string, Field>
const known = new WeakMap<Message, Fields>()

function byName(message: Message): Fields {
  let fields = known.get(message)
  if (!fields) known.set(message, (fields = new Map(Object.values(message).map(field => [field.name, field]))))
  return fields
}

/** Objects, lists and the commas between values: an upper bound of what parsing makes, known before anything is made. */
function valuesIn(body: Buffer): number {
  let values = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (inString) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b || byte === 0x5b || byte === 0x2c) values++
  }
  return values
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
