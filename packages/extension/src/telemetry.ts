/** One event of the Telemetry API, checked for its outer shape only: `record` is whatever came. */
export interface TelemetryEvent {
  /** Epoch milliseconds; the time of arrival where the event has none. */
  readonly time: number
  readonly type: string
  readonly record: unknown
}

/** An element that is no event, with the word under which it is counted. */
export interface Unreadable {
  readonly unreadable: 'unparsable' | 'forged'
  readonly bytes: number
}

/** V8 parses any depth and then cannot write it back; ingest refuses bodies deeper than 64 as well. */
const MAX_DEPTH = 64
/** Values in one element. Some 60 bytes of heap each, so that the worst element costs 3 MB and not the process. */
const MAX_VALUES = 50_000
const TYPE = /^[A-Za-z][\w.-]{0,63}$/

/**
 * The events of one POST, one at a time. The array is cut into its elements before any of them is parsed, so that one bad line costs itself and
 * not the others in its batch. An event that claims a signal of Weir's own (`weir.*`) did not come from the platform: anything in the sandbox
 * can reach the listener.
 */
export function* readTelemetry(body: Uint8Array, now: number): Generator<TelemetryEvent | Unreadable> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  for (const { from, to, sound } of elements(bytes)) {
    const value = sound ? parse(bytes.toString('utf8', from, to)) : undefined
    yield readEvent(value, now) ?? { unreadable: isForged(value) ? 'forged' : 'unparsable', bytes: to - from }
  }
}

function readEvent(value: unknown, now: number): TelemetryEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { time, type, record }: { time?: unknown; type?: unknown; record?: unknown } = value
  if (typeof type !== 'string' || !TYPE.test(type) || type.startsWith('weir.')) return undefined
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return { time: Number.isNaN(at) ? now : at, type, record }
}

const isForged = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'string' &&
  value.type.startsWith('weir.')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Span {
  readonly from: number
  readonly to: number
  /** Shallow and small enough to be parsed. */
  readonly sound: boolean
}

/** Where the elements of a JSON array lie; anything else is one element. In UTF-8 no other character has these bytes in it. */
function* elements(bytes: Buffer): Generator<Span> {
  let at = 0
  while (isSpace(bytes[at])) at++
  const array = bytes[at] === 0x5b
  let from = array ? at + 1 : at
  let depth = array ? 1 : 0
  let deepest = 0
  let values = 0
  const floor = depth
  const span = (to: number): Span => ({ from, to, sound: deepest <= MAX_DEPTH && values <= MAX_VALUES })
  const blank = (to: number): boolean => {
    for (let each = from; each < to; each++) if (!isSpace(bytes[each])) return false
    return true
  }
  for (at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      at = endOfString(bytes, at)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++
      values++
      deepest = Math.max(deepest, depth - floor)
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
      if (array && depth === 0) {
        if (!blank(at)) yield span(at)
        from = at + 1
        break
      }
    } else if (byte === 0x2c) {
      values++
      if (depth !== floor || !array) continue
      yield span(at)
      from = at + 1
      deepest = 0
      values = 0
    }
  }
  if (!blank(bytes.length)) yield { ...span(bytes.length), sound: !array && span(0).sound }
}

/** The index of the quote that ends the string begun at `start`, or the last index. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === 0x5c) at++
    else if (bytes[at] === 0x22) return at
  }
  return bytes.length
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
