import { WireError } from './errors.ts'
import type { ByteReader } from './reader.ts'
import type { ByteWriter } from './writer.ts'

/** What a body may leave out, because its record says it already. */
export interface FieldContext {
  /** The record's time, epoch milliseconds. */
  readonly time: number
  /** The record's invocation, or ''. */
  readonly invocation: string
}

/** One way to write one JSON value. `write` returns false, having written anything or nothing, for a value it cannot give back exactly. */
export interface Field {
  write(out: ByteWriter, value: unknown, context: FieldContext): boolean
  read(from: ByteReader, context: FieldContext): unknown
}

/** A surrogate without its other half, which UTF-8 cannot hold. */
export const LONE_SURROGATE = /\p{Surrogate}/u
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TRACE = /^Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;Parent=([0-9a-f]{16}))?(?:;Sampled=([01?]))?(;[^]*)?$/
const SAMPLED = ['', '0', '1', '?']

/** A UUID in the lower-case form that AWS writes. */
export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text)

/** The 16 bytes as a lower-case UUID. */
export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Any string that UTF-8 can hold. */
export const text: Field = {
  write(out, value) {
    if (typeof value !== 'string' || LONE_SURROGATE.test(value)) return false
    out.text(value)
    return true
  },
  read: from => from.text('text'),
}

/** A safe integer. */
export const integer: Field = {
  write(out, value) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0)) return false
    out.long(value)
    return true
  },
  read: from => from.long('integer'),
}

/** A number with at most three decimals, as the platform writes milliseconds. */
export const milli: Field = {
  write(out, value) {
    if (typeof value !== 'number' || Object.is(value, -0)) return false
    const thousandths = Math.round(value * 1000)
    if (!Number.isSafeInteger(thousandths) || thousandths / 1000 !== value) return false
    out.long(thousandths)
    return true
  },
  read: from => from.long('milli') / 1000,
}

/** An ISO time in UTC with milliseconds, as its distance from the record's time. */
export const isoTime: Field = {
  write(out, value, context) {
    const time = typeof value === 'string' ? isoMillis(value) : undefined
    if (time === undefined) return false
    out.long(time - context.time)
    return true
  },
  read: (from, context) => isoText(context.time + from.long('time')),
}

/** Epoch milliseconds of a text that `toISOString` would write, and of no other. */
export function isoMillis(text: string): number | undefined {
  if (text.length !== 24) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || new Date(time).toISOString() !== text ? undefined : time
}

/** The text of a time that came over the wire. */
export function isoText(time: number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) throw new WireError('corrupt', 'time: out of range')
  return date.toISOString()
}

/** The record's own invocation id, which costs one byte; any other string is written out. */
export const invocation: Field = {
  write(out, value, context) {
    if (value !== context.invocation) {
      out.byte(1)
      return text.write(out, value, context)
    }
    out.byte(0)
    return !LONE_SURROGATE.test(context.invocation)
  },
  read: (from, context) => (from.byte('invocation') === 0 ? context.invocation : text.read(from, context)),
}

/** One of the known words, or any other string. The list is part of the format: a longer one is a new shape. */
export function word(...known: readonly string[]): Field {
  return {
    write(out, value, context) {
      const index = known.indexOf(value as string)
      out.byte(index + 1)
      return index >= 0 || text.write(out, value, context)
    },
    read(from, context) {
      const index = from.byte('word')
      if (index === 0) return text.read(from, context)
      const found = known[index - 1]
      if (found === undefined) throw new WireError('corrupt', 'word: not in the list')
      return found
    },
  }
}

/** A string that is `digits` lower-case hexadecimal digits, as bytes; any other string is written out. */
export function hex(digits: number): Field {
  const form = new RegExp(`^[0-9a-f]{${digits}}$`)
  return {
    write(out, value, context) {
      const packed = typeof value === 'string' && form.test(value)
      out.byte(packed ? 1 : 0)
      if (!packed) return text.write(out, value, context)
      out.hex(value)
      return true
    },
    read: (from, context) => (from.byte('hex') === 0 ? text.read(from, context) : from.raw(digits / 2, 'hex').toString('hex')),
  }
}

/** An X-Ray trace header, `Root=1-…;Parent=…;Sampled=…`, as bytes; any other string is written out. */
export const trace: Field = {
  write(out, value, context) {
    const match = typeof value === 'string' ? TRACE.exec(value) : null
    if (!match) {
      out.byte(0)
      return text.write(out, value, context)
    }
    const [, epoch = '', root = '', parent, sampled = '', rest] = match
    out.byte(1 | (parent === undefined ? 0 : 2) | (rest === undefined ? 0 : 4) | (SAMPLED.indexOf(sampled) << 3))
    out.hex(epoch + root + (parent ?? ''))
    return rest === undefined || text.write(out, rest, context)
  },
  read(from, context) {
    const flags = from.byte('trace')
    if (flags === 0) return text.read(from, context)
    const root = from.raw(16, 'trace').toString('hex')
    const parent = flags & 2 ? `;Parent=${from.raw(8, 'trace').toString('hex')}` : ''
    const sampled = SAMPLED[(flags >> 3) & 3] ? `;Sampled=${SAMPLED[(flags >> 3) & 3]}` : ''
    const rest = flags & 4 ? String(text.read(from, context)) : ''
    return `Root=1-${root.slice(0, 8)}-${root.slice(8)}${parent}${sampled}${rest}`
  },
}

/** An array of one kind of value. */
export function list(item: Field): Field {
  return {
    write(out, value, context) {
      if (!Array.isArray(value)) return false
      out.long(value.length)
      return value.every(each => item.write(out, each, context))
    },
    read(from, context) {
      const count = from.long('list')
      if (count < 0 || count > from.left) throw new WireError('corrupt', 'list: longer than the bytes that follow')
      return Array.from({ length: count }, () => item.read(from, context))
    },
  }
}

/** An object whose keys are all in the table, none of them required: a bit mask says which are there. At most 30 keys. */
export function object(table: Readonly<Record<string, Field>>): Field {
  const fields = Object.entries(table)
  return {
    write(out, value, context) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      const entries = new Map(Object.entries(value))
      let mask = 0
      for (const [bit, [name]] of fields.entries()) if (entries.has(name)) mask |= 1 << bit
      out.long(mask)
      let written = 0
      for (const [name, field] of fields) {
        if (!entries.has(name)) continue
        if (!field.write(out, entries.get(name), context)) return false
        written++
      }
      return written === entries.size
    },
    read(from, context) {
      const mask = from.long('object')
      if (mask < 0 || mask >= 2 ** fields.length) throw new WireError('corrupt', 'object: an unknown field')
      return Object.fromEntries(
        fields.filter((_, bit) => mask & (1 << bit)).map(([name, field]) => [name, field.read(from, context)]),
      )
    },
  }
}
