import { type Fields, type Pack, SAMPLED, seconds } from './fields.ts'
import { isLong } from './limits.ts'
import { json, line, packTime } from './pack-line.ts'
import { isoMillis, LONE_SURROGATE } from './text.ts'

const TRACE = /^Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;Parent=([0-9a-f]{16}))?(?:;Sampled=([01?]))?(;[^]*)?$/

const text: Pack = ({ data }, value) => {
  if (typeof value !== 'string' || LONE_SURROGATE.test(value)) return false
  data.text(value)
  return true
}

const milli: Pack = (out, value) => {
  const thousandths = toThousandths(value)
  if (thousandths === undefined) return false
  out.data.long(thousandths)
  out.left = thousandths
  return true
}

/** How each kind of value is written. */
export const PACK: Fields<Pack> = {
  text,
  milli,
  line,
  json,
  integer({ data }, value) {
    if (!isLong(value) || Object.is(value, -0)) return false
    data.long(value)
    return true
  },
  billed({ data, left }, value) {
    if (!isLong(value) || Object.is(value, -0)) return false
    const more = value - Math.ceil(left / 1000)
    if (!isLong(more)) return false
    data.long(more)
    return true
  },
  elapsed(out, value, context) {
    if (!milli(out, value, context)) return false
    out.time -= Math.ceil(out.left / 1000)
    return true
  },
  share(out, value) {
    const thousandths = toThousandths(value)
    if (thousandths === undefined || !isLong(out.left - thousandths)) return false
    out.left -= thousandths
    out.data.long(out.left)
    out.time += Math.ceil(thousandths / 1000)
    return true
  },
  isoTime(out, value) {
    const time = typeof value === 'string' ? isoMillis(value) : undefined
    return time !== undefined && packTime(out, time)
  },
  invocation(out, value, context) {
    if (value !== context.invocation) {
      out.form.byte(1)
      return text(out, value, context)
    }
    out.form.byte(0)
    return !LONE_SURROGATE.test(context.invocation)
  },
  trace(out, value, context) {
    const match = typeof value === 'string' ? TRACE.exec(value) : null
    if (!match) {
      out.form.byte(0)
      return text(out, value, context)
    }
    const [, epoch = '', root = '', parent, sampled = '', rest] = match
    out.form.byte(1 | (parent === undefined ? 0 : 2) | (rest === undefined ? 0 : 4) | (SAMPLED.indexOf(sampled) << 3))
    out.data.long(Number.parseInt(epoch, 16) - seconds(context))
    out.data.hex(root + (parent ?? ''))
    return rest === undefined || text(out, rest, context)
  },
  word:
    (...known) =>
    (out, value, context) => {
      const index = known.indexOf(value as string)
      out.form.byte(index + 1)
      return index >= 0 || text(out, value, context)
    },
  hex(digits) {
    const form = new RegExp(`^[0-9a-f]{${digits}}$`)
    return (out, value, context) => {
      const packed = typeof value === 'string' && form.test(value)
      out.form.byte(packed ? 1 : 0)
      if (!packed) return text(out, value, context)
      out.data.hex(value)
      return true
    }
  },
  list: item => (out, value, context) => {
    if (!Array.isArray(value)) return false
    out.form.long(value.length)
    return value.every(each => item(out, each, context))
  },
  object(table) {
    const fields = Object.entries(table)
    return (out, value, context) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      const entries = new Map(Object.entries(value))
      let mask = 0
      for (const [bit, [name]] of fields.entries()) if (entries.has(name)) mask |= 1 << bit
      out.form.long(mask)
      let written = 0
      for (const [name, pack] of fields) {
        if (!entries.has(name)) continue
        if (!pack(out, entries.get(name), context)) return false
        written++
      }
      return written === entries.size
    }
  },
}

function toThousandths(value: unknown): number | undefined {
  if (typeof value !== 'number' || Object.is(value, -0)) return undefined
  const thousandths = Math.round(value * 1000)
  return isLong(thousandths) && thousandths / 1000 === value ? thousandths : undefined
}
