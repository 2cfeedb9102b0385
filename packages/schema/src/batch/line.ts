import { WireError } from './errors.ts'
import { type Field, isoMillis, isoText, LONE_SURROGATE } from './fields.ts'
import { parseJson } from '../json.ts'

/** Bytes that stand for the record's invocation id, and for an ISO time, whose distance from the record's time follows. */
const INVOCATION = 0x01
const TIME = 0x02

const TOKEN = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g
const MARKERS = /[\u0000-\u0002]/

/**
 * A log line, up to the end of the body. What the platform and the common loggers repeat in nearly every line, the invocation's id and the time,
 * shrinks to one byte and about three; the rest stays UTF-8. A line with such a character of its own, or a NUL, is refused.
 */
export const line: Field = {
  write(out, value, context) {
    if (typeof value !== 'string' || MARKERS.test(value) || LONE_SURROGATE.test(value)) return false
    let done = 0
    for (const { 0: token, index } of value.matchAll(TOKEN)) {
      const time = isoMillis(token)
      if (time === undefined && token !== context.invocation) continue
      out.raw(Buffer.from(value.slice(done, index)))
      out.byte(time === undefined ? INVOCATION : TIME)
      if (time !== undefined) out.long(time - context.time)
      done = index + token.length
    }
    out.raw(Buffer.from(value.slice(done)))
    return true
  },

  read(from, context) {
    const parts: string[] = []
    while (from.left > 0) {
      parts.push(from.until(TIME).toString('utf8'))
      if (from.left === 0) break
      const marker = from.byte('line')
      if (marker === 0) throw new WireError('corrupt', 'line: a NUL')
      parts.push(marker === TIME ? isoText(context.time + from.long('line')) : context.invocation)
    }
    return parts.join('')
  },
}

/** Any JSON value as a line of JSON. `-0` comes back as 0, as it does from any JSON writer. Throws BodyError on reading, like a JSON body. */
export const json: Field = {
  write(out, value, context) {
    const text = stringify(value)
    return text !== undefined && line.write(out, text, context)
  },
  read: (from, context) => parseJson(String(line.read(from, context))),
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
