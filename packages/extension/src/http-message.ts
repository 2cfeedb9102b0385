/** One HTTP/1.1 message, request or response. */
export interface Message {
  /** The first line: `POST / HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly start: string
  /** Names in lower case; of a repeated header the last one. */
  readonly headers: ReadonlyMap<string, string>
  /** The body; empty when `overflow`. */
  readonly body: Uint8Array
  /** How long the body was on the wire, bytes, whether kept or not. */
  readonly bytes: number
  /** The body was longer than allowed: it was read to its end and thrown away. */
  readonly overflow: boolean
}

export interface ParserLimits {
  /** Start line and headers together, bytes. */
  readonly head: number
  readonly body: number
}

/** Bytes that are not HTTP/1.1 as we speak it. The connection cannot be used further. */
export class MalformedMessage extends Error {}

/** Takes bytes as they come and gives out whole messages. */
export interface Parser {
  /** Throws MalformedMessage. */
  push(bytes: Uint8Array): Message[]
  /** The other side has closed: the message that was delimited by that, if any. */
  end(): Message | undefined
  /** Nothing of a message has come since the last whole one. */
  readonly idle: boolean
}

const CRLF2 = Buffer.from('\r\n\r\n')
const EMPTY = Buffer.alloc(0)
/** A chunk's size line or a trailer line; real ones are below 20 bytes. */
const MAX_LINE = 4096
/** RFC 9110 §6.4.1: these answers have no body, whatever their headers say. */
const BODILESS = new Set(['204', '304'])

type State = 'head' | 'sized' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close'

/**
 * An incremental parser of HTTP/1.1 messages (RFC 9112): Content-Length, chunked, and, for responses, a body that ends with the connection.
 * Memory is bounded by `limits` whatever comes in.
 */
export function createParser(kind: 'request' | 'response', limits: ParserLimits): Parser {
  let state: State = 'head'
  let held: Buffer = EMPTY
  let left = 0
  let start = ''
  let headers = new Map<string, string>()
  let parts: Buffer[] = []
  let size = 0
  let overflow = false

  const keep = (part: Buffer) => {
    size += part.length
    if (size > limits.body) overflow = true
    if (overflow) parts = []
    else if (part.length > 0) parts.push(part)
  }
  const finish = (): Message => {
    const body = parts.length === 1 ? (parts[0] ?? EMPTY) : Buffer.concat(parts)
    const message = { start, headers, body, bytes: size, overflow }
    state = 'head'
    parts = []
    size = 0
    overflow = false
    return message
  }
  const beginBody = (): boolean => {
    const encoding = headers.get('transfer-encoding')
    const length = headers.get('content-length')
    if (encoding !== undefined) {
      if (encoding.toLowerCase() !== 'chunked') throw new MalformedMessage('transfer-encoding')
      state = 'chunk-size'
      return false
    }
    if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new MalformedMessage('content-length')
      left = Number(length)
      state = 'sized'
      return left === 0
    }
    if (kind === 'request') return true
    state = 'until-close'
    return false
  }
  /** The next line without its end, or undefined until it is there. */
  const line = (): string | undefined => {
    const end = held.indexOf('\r\n')
    if (end < 0 ? held.length > MAX_LINE : end > MAX_LINE) throw new MalformedMessage('line too long')
    if (end < 0) return undefined
    const text = held.toString('latin1', 0, end)
    held = held.subarray(end + 2)
    return text
  }
  const data = (next: State): boolean => {
    const part = held.subarray(0, left)
    held = held.subarray(part.length)
    left -= part.length
    keep(part)
    if (left > 0) return false
    state = next
    return true
  }

  /** One step; true when it moved, a message when it ended one, false when it wants more bytes. */
  const steps: Record<State, () => Message | boolean> = {
    head() {
      const end = held.indexOf(CRLF2)
      if ((end < 0 ? held.length : end) > limits.head) throw new MalformedMessage('head too long')
      if (end < 0) return false
      ;[start, headers] = readHead(held.toString('latin1', 0, end), kind)
      held = held.subarray(end + 4)
      if (kind === 'response') {
        const status = start.slice(9, 12)
        if (status[0] === '1') return true
        if (BODILESS.has(status)) return finish()
      }
      return beginBody() ? finish() : true
    },
    sized: () => (data('head') ? finish() : false),
    'chunk-size'() {
      const text = line()
      if (text === undefined) return false
      const digits = /^([0-9a-fA-F]{1,8})\s*(?:;.*)?$/.exec(text)?.[1]
      if (digits === undefined) throw new MalformedMessage('chunk size')
      left = Number.parseInt(digits, 16)
      state = left === 0 ? 'trailer' : 'chunk-data'
      return true
    },
    'chunk-data': () => data('chunk-end'),
    'chunk-end'() {
      if (held.length < 2) return false
      if (line() !== '') throw new MalformedMessage('chunk end')
      state = 'chunk-size'
      return true
    },
    trailer() {
      const text = line()
      if (text === undefined) return false
      return text === '' ? finish() : true
    },
    'until-close'() {
      keep(held)
      held = EMPTY
      return false
    },
  }

  return {
    push(bytes) {
      const incoming = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      held = held.length > 0 ? Buffer.concat([held, incoming]) : incoming
      const done: Message[] = []
      while (held.length > 0) {
        const step = steps[state]()
        if (step === false) break
        if (step !== true) done.push(step)
      }
      return done
    },
    end: () => (state === 'until-close' ? finish() : undefined),
    get idle() {
      return state === 'head' && held.length === 0
    },
  }
}

function readHead(text: string, kind: 'request' | 'response'): [string, Map<string, string>] {
  const [start = '', ...lines] = text.split('\r\n')
  const known = kind === 'request' ? /^[A-Z]{1,16} \S+ HTTP\/1\.[01]$/ : /^HTTP\/1\.[01] \d{3}(?: |$)/
  if (!known.test(start)) throw new MalformedMessage('first line')
  const headers = new Map<string, string>()
  for (const each of lines) {
    const colon = each.indexOf(':')
    if (colon < 1) throw new MalformedMessage('header')
    headers.set(each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim())
  }
  return [start, headers]
}
