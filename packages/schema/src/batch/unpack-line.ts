import { parseJson } from '../json.ts'
import { WireError } from './errors.ts'
import { type FieldContext, HEX, INVOCATION, most, NUMBER, type Parts, TIME, UUID, type Unpack } from './fields.ts'
import { isoText } from './iso.ts'
import type { ByteReader } from './reader.ts'
import { uuidText } from './text.ts'

/** The last millisecond that a Date can hold. */
const MAX_DATE = 8.64e15

const text = (from: Parts<ByteReader>, context: FieldContext): string => {
  const parts: string[] = []
  let room = most(from.data.left)
  while (from.data.left > 0) {
    const part = from.data.until(NUMBER)
    const token = from.data.left > 0 ? unpackToken(from, context) : ''
    parts.push(part, token)
    room -= part.length + token.length
    if (room < 0) throw new WireError('corrupt', 'line: grows too much')
  }
  return parts.join('')
}

export const line: Unpack = text
export const json: Unpack = (from, context) => parseJson(text(from, context))

/** The text of the next time. */
export function unpackTime(from: Parts<ByteReader>): string {
  const time = from.time + from.data.long('time')
  if (Math.abs(time) > MAX_DATE) throw new WireError('corrupt', 'time: out of range')
  from.time = time
  return isoText(time)
}

function unpackToken(from: Parts<ByteReader>, context: FieldContext): string {
  switch (from.data.byte('line')) {
    case INVOCATION:
      return context.invocation
    case TIME:
      return unpackTime(from)
    case UUID:
      return uuidText(from.data.hex(16, 'line'))
    case HEX:
      return from.data.hex(from.data.byte('line'), 'line')
    case NUMBER:
      return String(from.data.long('line'))
    default:
      throw new WireError('corrupt', 'line: a NUL')
  }
}
