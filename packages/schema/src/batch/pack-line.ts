import { type FieldContext, HEX, INVOCATION, most, NUMBER, type Parts, TIME, UUID, type Pack } from './fields.ts'
import { isLong } from './limits.ts'
import { isoMillis, isUuid, LONE_SURROGATE } from './text.ts'
import type { ByteWriter } from './writer.ts'

const TOKEN =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|(?<![0-9a-f])[1-9]\d{4,14}(?![0-9a-f])|(?:[0-9a-f][0-9a-f]){6,64}/g
const DIGITS = /^[1-9]\d*$/
const MARKERS = /[\u0000-\u0005]/

export const line: Pack = (out, value, context) => {
  if (typeof value !== 'string' || MARKERS.test(value) || LONE_SURROGATE.test(value)) return false
  const start = out.data.length
  let done = 0
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(value); match; match = TOKEN.exec(value)) {
    const { 0: token, index } = match
    out.data.chars(value.slice(done, index))
    done = packToken(out, token, context) ? index + token.length : index
  }
  out.data.chars(value.slice(done))
  return value.length <= most(out.data.length - start)
}

export const json: Pack = (out, value, context) => {
  const text = stringify(value)
  return text !== undefined && line(out, text, context)
}

/** Writes a time that `isoMillis` gave. */
export function packTime(out: Parts<ByteWriter>, time: number): boolean {
  const distance = time - out.time
  if (!isLong(distance)) return false
  out.data.long(distance)
  out.time = time
  return true
}

function packToken(out: Parts<ByteWriter>, token: string, context: FieldContext): boolean {
  if (token === context.invocation) {
    out.data.byte(INVOCATION)
  } else if (isUuid(token)) {
    out.data.byte(UUID)
    out.data.hex(token.replaceAll('-', ''))
  } else if (token.includes('-')) {
    const time = isoMillis(token)
    if (time === undefined || !isLong(time - out.time)) return false
    out.data.byte(TIME)
    packTime(out, time)
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

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
