import { parseJson } from '../json.ts'
import { WireError } from './errors.ts'
import {
  type Field,
  type FieldContext,
  isoMillis,
  isUuid,
  LONE_SURROGATE,
  type Parts,
  readTime,
  uuidText,
  writeTime,
} from './fields.ts'
import { isLong } from './limits.ts'
import type { ByteReader } from './reader.ts'
import type { ByteWriter } from './writer.ts'

/** Bytes that stand for the record's invocation id, a time, another UUID, hexadecimal digits and a decimal number; all but the first go on. */
const INVOCATION = 0x01
const TIME = 0x02
const UUID = 0x03
const HEX = 0x04
const NUMBER = 0x05
const LAST_MARKER = NUMBER

const TOKEN =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|(?<![0-9a-f])[1-9]\d{4,14}(?![0-9a-f])|(?:[0-9a-f][0-9a-f]){6,64}/g
const DIGITS = /^[1-9]\d*$/
const MARKERS = /[\u0000-\u0005]/

/**
 * A log line, up to the end of the body. What the platform and the common loggers put into nearly every line shrinks: the invocation's id to one
 * byte, a time to about three, other ids and long numbers to half. The rest stays UTF-8. A line with a marker character of its own, or a NUL, is refused.
 */
export const line: Field = {
  write(out, value, context) {
    if (typeof value !== 'string' || MARKERS.test(value) || LONE_SURROGATE.test(value)) return false
    const start = out.data.length
    let done = 0
    for (const { 0: token, index } of value.matchAll(TOKEN)) {
      out.data.raw(Buffer.from(value.slice(done, index)))
      done = writeToken(out, token, context) ? index + token.length : index
    }
    out.data.raw(Buffer.from(value.slice(done)))
    return value.length <= most(out.data.length - start)
  },

  read(from, context) {
    const parts: string[] = []
    let room = most(from.data.left)
    while (from.data.left > 0) {
      const part = from.data.until(LAST_MARKER)
      const token = from.data.left > 0 ? readToken(from, context) : ''
      parts.push(part, token)
      room -= part.length + token.length
      if (room < 0) throw new WireError('corrupt', 'line: grows too much')
    }
    return parts.join('')
  },
}

/** How long a line may become that takes so many bytes: ordinary ones at most triple, and one byte can stand for a whole id. */
const most = (bytes: number): number => 1024 + 8 * bytes

/** Any JSON value as a line of JSON. `-0` comes back as 0, as it does from any JSON writer. Throws BodyError on reading, like a JSON body. */
export const json: Field = {
  write(out, value, context) {
    const text = stringify(value)
    return text !== undefined && line.write(out, text, context)
  },
  read: (from, context) => parseJson(String(line.read(from, context))),
}

function writeToken(out: Parts<ByteWriter>, token: string, context: FieldContext): boolean {
  if (token === context.invocation) {
    out.data.byte(INVOCATION)
  } else if (isUuid(token)) {
    out.data.byte(UUID)
    out.data.hex(token.replaceAll('-', ''))
  } else if (token.includes('-')) {
    const time = isoMillis(token)
    if (time === undefined || !isLong(time - out.time)) return false
    out.data.byte(TIME)
    writeTime(out, time)
  } else if (token.length <= 15 && DIGITS.test(token)) {
    out.data.byte(NUMBER)
    out.data.long(Number(token))
  } else {
    out.data.byte(HEX)
    out.data.byte(token.length / 2)
    out.data.hex(token)
  }
  return true
}

function readToken(from: Parts<ByteReader>, context: FieldContext): string {
  switch (from.data.byte('line')) {
    case INVOCATION:
      return context.invocation
    case TIME:
      return readTime(from)
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

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
