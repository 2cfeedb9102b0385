import { WireError } from './errors.ts'
import { type Fields, type Parts, SAMPLED, seconds, type Unpack } from './fields.ts'
import type { ByteReader } from './reader.ts'
import { json, line, unpackTime } from './unpack-line.ts'

const text: Unpack = ({ data }) => data.text('text')

const milli = (from: Parts<ByteReader>): number => {
  from.left = from.data.long('milli')
  return from.left / 1000
}

/** How each kind of value is read. */
export const UNPACK: Fields<Unpack> = {
  text,
  milli,
  line,
  json,
  integer: ({ data }) => data.long('integer'),
  billed: ({ data, left }) => data.long('billed') + Math.ceil(left / 1000),
  elapsed(from) {
    const value = milli(from)
    from.time -= Math.ceil(from.left / 1000)
    return value
  },
  share(from) {
    const left = from.data.long('share')
    const thousandths = from.left - left
    from.left = left
    from.time += Math.ceil(thousandths / 1000)
    return thousandths / 1000
  },
  isoTime: unpackTime,
  invocation: (from, context) => (from.form.byte('invocation') === 0 ? context.invocation : text(from, context)),
  trace(from, context) {
    const flags = from.form.byte('trace')
    if (flags === 0) return text(from, context)
    const epoch = from.data.long('trace') + seconds(context)
    if (epoch < 0 || epoch > 0xffffffff) throw new WireError('corrupt', 'trace: time out of range')
    const root = from.data.hex(12, 'trace')
    const parent = flags & 2 ? `;Parent=${from.data.hex(8, 'trace')}` : ''
    const sampled = SAMPLED[(flags >> 3) & 3] ? `;Sampled=${SAMPLED[(flags >> 3) & 3]}` : ''
    const rest = flags & 4 ? String(text(from, context)) : ''
    return `Root=1-${epoch.toString(16).padStart(8, '0')}-${root}${parent}${sampled}${rest}`
  },
  word:
    (...known) =>
    (from, context) => {
      const index = from.form.byte('word')
      if (index === 0) return text(from, context)
      const found = known[index - 1]
      if (found === undefined) throw new WireError('corrupt', 'word: not in the list')
      return found
    },
  hex: digits => (from, context) => (from.form.byte('hex') === 0 ? text(from, context) : from.data.hex(digits / 2, 'hex')),
  list: item => (from, context) => {
    const count = from.form.long('list')
    if (count < 0 || count > from.form.left + from.data.left)
      throw new WireError('corrupt', 'list: longer than the bytes that follow')
    const items: unknown[] = []
    for (let n = 0; n < count; n++) items.push(item(from, context))
    return items
  },
  object(table) {
    const fields = Object.entries(table)
    return (from, context) => {
      const mask = from.form.long('object')
      if (mask < 0 || mask >= 2 ** fields.length) throw new WireError('corrupt', 'object: an unknown field')
      const value: Record<string, unknown> = {}
      for (const [bit, [name, unpack]] of fields.entries()) if (mask & (1 << bit)) value[name] = unpack(from, context)
      return value
    }
  },
}
