import { WireError } from './errors.ts'
import { isoText } from './iso.ts'
import { isLong } from './limits.ts'
import type { ByteReader } from './reader.ts'
import type { ByteWriter } from './writer.ts'

/** What a body may leave out, because its record says it already. */
export interface FieldContext {
  /** The record's time, epoch milliseconds. */
  readonly time: number
  /** The record's invocation, or ''. */
  readonly invocation: string
}

/**
 * A body in two strings of bytes: `form` says which keys, words and kinds of value there are, `data` holds the values. The form of one signal is
 * nearly always the same, so that deflate sees it as a single repetition.
 */
export interface Parts<T> {
  readonly form: T
  readonly data: T
  /** The last time that was written or read, epoch milliseconds: times are told from one another. */
  time: number
  /** The last duration that was written or read, or what spans have left of it, thousandths of a millisecond. */
  left: number
}

/** One way to write one JSON value. `write` returns false, having written anything or nothing, for a value it cannot give back exactly. */
export interface Field {
  write(out: Parts<ByteWriter>, value: unknown, context: FieldContext): boolean
  read(from: Parts<ByteReader>, context: FieldContext): unknown
}

/** The last millisecond that a Date can hold. */
const MAX_DATE = 8.64e15

/** A surrogate without its other half, which UTF-8 cannot hold. */
export const LONE_SURROGATE = /\p{Surrogate}/u
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TRACE = /^Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;Parent=([0-9a-f]{16}))?(?:;Sampled=([01?]))?(;[^]*)?$/
const SAMPLED = ['', '0', '1', '?']

/** A UUID in the lower-case form that AWS writes. */
export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text)

/** 32 hexadecimal digits as a lower-case UUID. */
export function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Any string that UTF-8 can hold. */
export const text: Field = {
  write(out, value) {
    if (typeof value !== 'string' || LONE_SURROGATE.test(value)) return false
    out.data.text(value)
    return true
  },
  read: from => from.data.text('text'),
}

/** A safe integer. */
export const integer: Field = {
  write(out, value) {
    if (!isLong(value) || Object.is(value, -0)) return false
    out.data.long(value)
    return true
  },
  read: from => from.data.long('integer'),
}

/** A number with at most three decimals, as the platform writes milliseconds. */
export const milli: Field = {
  write(out, value) {
    const thousandths = toThousandths(value)
    if (thousandths === undefined) return false
    out.data.long(thousandths)
    out.left = thousandths
    return true
  },
  read(from) {
    from.left = from.data.long('milli')
    return from.left / 1000
  },
}

/** A whole number, as its distance from the last duration rounded up: what is billed. */
export const billed: Field = {
  write(out, value) {
    if (!isLong(value) || Object.is(value, -0)) return false
    const more = value - Math.ceil(out.left / 1000)
    if (!isLong(more)) return false
    out.data.long(more)
    return true
  },
  read: from => from.data.long('billed') + Math.ceil(from.left / 1000),
}

/** How long an invocation took that ends at the record's time: the clock that times are told from goes back to its start. */
export const elapsed: Field = {
  write(out, value, context) {
    if (!milli.write(out, value, context)) return false
    out.time -= Math.ceil(out.left / 1000)
    return true
  },
  read(from, context) {
    const value = milli.read(from, context)
    from.time -= Math.ceil(from.left / 1000)
    return value
  },
}

/** How long a span of that invocation took: told from what the spans before it left, and the clock goes on to its end. */
export const share: Field = {
  write(out, value) {
    const thousandths = toThousandths(value)
    if (thousandths === undefined || !isLong(out.left - thousandths)) return false
    out.left -= thousandths
    out.data.long(out.left)
    out.time += Math.ceil(thousandths / 1000)
    return true
  },
  read(from) {
    const left = from.data.long('share')
    const thousandths = from.left - left
    from.left = left
    from.time += Math.ceil(thousandths / 1000)
    return thousandths / 1000
  },
}

function toThousandths(value: unknown): number | undefined {
  if (typeof value !== 'number' || Object.is(value, -0)) return undefined
  const thousandths = Math.round(value * 1000)
  return isLong(thousandths) && thousandths / 1000 === value ? thousandths : undefined
}

/** An ISO time in UTC with milliseconds, as its distance from the time before it: the record's, for the first. */
export const isoTime: Field = {
  write(out, value) {
    const time = typeof value === 'string' ? isoMillis(value) : undefined
    return time !== undefined && writeTime(out, time)
  },
  read: from => readTime(from),
}

/** Writes a time that `isoMillis` gave. */
export function writeTime(out: Parts<ByteWriter>, time: number): boolean {
  const distance = time - out.time
  if (!isLong(distance)) return false
  out.data.long(distance)
  out.time = time
  return true
}

/** The text of the next time. */
export function readTime(from: Parts<ByteReader>): string {
  const time = from.time + from.data.long('time')
  if (Math.abs(time) > MAX_DATE) throw new WireError('corrupt', 'time: out of range')
  from.time = time
  return isoText(time)
}

/** Epoch milliseconds of a text that `toISOString` would write, and of no other. */
export function isoMillis(text: string): number | undefined {
  if (text.length !== 24) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || new Date(time).toISOString() !== text ? undefined : time
}

/** The record's own invocation id, which costs one byte; any other string is written out. */
export const invocation: Field = {
  write(out, value, context) {
    if (value !== context.invocation) {
      out.form.byte(1)
      return text.write(out, value, context)
    }
    out.form.byte(0)
    return !LONE_SURROGATE.test(context.invocation)
  },
  read: (from, context) => (from.form.byte('invocation') === 0 ? context.invocation : text.read(from, context)),
}

/** One of the known words, or any other string. The list is part of the format: a longer one is a new shape. */
export function word(...known: readonly string[]): Field {
  return {
    write(out, value, context) {
      const index = known.indexOf(value as string)
      out.form.byte(index + 1)
      return index >= 0 || text.write(out, value, context)
    },
    read(from, context) {
      const index = from.form.byte('word')
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
      out.form.byte(packed ? 1 : 0)
      if (!packed) return text.write(out, value, context)
      out.data.hex(value)
      return true
    },
    read: (from, context) => (from.form.byte('hex') === 0 ? text.read(from, context) : from.data.hex(digits / 2, 'hex')),
  }
}

/** An X-Ray trace header, `Root=1-<seconds>-…;Parent=…;Sampled=…`, in binary; any other string is written out. */
export const trace: Field = {
  write(out, value, context) {
    const match = typeof value === 'string' ? TRACE.exec(value) : null
    if (!match) {
      out.form.byte(0)
      return text.write(out, value, context)
    }
    const [, epoch = '', root = '', parent, sampled = '', rest] = match
    out.form.byte(1 | (parent === undefined ? 0 : 2) | (rest === undefined ? 0 : 4) | (SAMPLED.indexOf(sampled) << 3))
    out.data.long(Number.parseInt(epoch, 16) - seconds(context))
    out.data.hex(root + (parent ?? ''))
    return rest === undefined || text.write(out, rest, context)
  },
  read(from, context) {
    const flags = from.form.byte('trace')
    if (flags === 0) return text.read(from, context)
    const epoch = from.data.long('trace') + seconds(context)
    if (epoch < 0 || epoch > 0xffffffff) throw new WireError('corrupt', 'trace: time out of range')
    const root = from.data.hex(12, 'trace')
    const parent = flags & 2 ? `;Parent=${from.data.hex(8, 'trace')}` : ''
    const sampled = SAMPLED[(flags >> 3) & 3] ? `;Sampled=${SAMPLED[(flags >> 3) & 3]}` : ''
    const rest = flags & 4 ? String(text.read(from, context)) : ''
    return `Root=1-${epoch.toString(16).padStart(8, '0')}-${root}${parent}${sampled}${rest}`
  },
}

const seconds = ({ time }: FieldContext): number => Math.floor(time / 1000)

/** An array of one kind of value. */
export function list(item: Field): Field {
  return {
    write(out, value, context) {
      if (!Array.isArray(value)) return false
      out.form.long(value.length)
      return value.every(each => item.write(out, each, context))
    },
    read(from, context) {
      const count = from.form.long('list')
      if (count < 0 || count > from.form.left + from.data.left)
        throw new WireError('corrupt', 'list: longer than the bytes that follow')
      const items: unknown[] = []
      for (let n = 0; n < count; n++) items.push(item.read(from, context))
      return items
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
      out.form.long(mask)
      let written = 0
      for (const [name, field] of fields) {
        if (!entries.has(name)) continue
        if (!field.write(out, entries.get(name), context)) return false
        written++
      }
      return written === entries.size
    },
    read(from, context) {
      const mask = from.form.long('object')
      if (mask < 0 || mask >= 2 ** fields.length) throw new WireError('corrupt', 'object: an unknown field')
      const value: Record<string, unknown> = {}
      for (let bit = 0; bit < fields.length; bit++) {
        if ((mask & (1 << bit)) === 0) continue
        const [name, field] = fields[bit] as (typeof fields)[number]
        value[name] = field.read(from, context)
      }
      return value
    },
  }
}
