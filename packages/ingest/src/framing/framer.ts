import { isUtf8 } from 'node:buffer'
import { JsonError, parseJson, parseScanned, parseShort } from '../json.ts'
import { type Landing, nextValue, openingOf } from './damage.ts'
import { ARRAY, LOGS_WRAPPER, logsEvent, logsOf, RECORDS_WRAPPER, SCALAR } from './envelope.ts'
import { Scanner } from './scanner.ts'
import type { Fault, Framed, FramedBad, FramingLimits } from './types.ts'
import { ByteWindow } from './window.ts'

/** How far a value's beginning is looked at to tell what it is, bytes. */
const LOOKAHEAD = 256
/** How much of damaged bytes is kept. */
const KEPT = 64 * 1024
/** So many damaged pieces of one input stand each for itself; beyond them, those between two good elements are one. */
const BAD_PIECES = 1_000
/** How deep an indentation, or how long an element's opening, may be and still serve to find the next element, bytes. */
const MARK = 64

const LINE_FEED = Buffer.from('\n')
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Where the framer stands: before a value, inside one, in a line of text, in a bare word of an array, or passing over damage. */
type State = 'between' | 'value' | 'line' | 'word' | 'seek'

/** In JSON a line that is none is damage; in text every line is a record. */
type Shape = 'unknown' | 'json' | 'text' | 'binary'

/** The array whose elements are being read. */
interface Elements {
  /** Whether an object goes on after it: `{"Records":[…]}`. */
  readonly wrapped: boolean
  /** How its elements begin, up to the first colon. */
  opening: Buffer | undefined
}

/** Damaged pieces that are given out as one. */
interface Run {
  readonly first: FramedBad
  /** What is kept of them, with line feeds between. */
  readonly parts: Uint8Array[]
  held: number
  /** The offset after the last of them. */
  end: number
}

/**
 * Bytes in, elements out. Feed chunks of any size and drain after each; what comes out does not depend on where the chunks were cut. Never
 * holds more than one element. Damage costs the elements it touches: the next one is found by how its line or its opening looks.
 */
export class Framer {
  readonly #limits: FramingLimits
  readonly #kept: number
  readonly #window = new ByteWindow()
  readonly #scanner: Scanner
  #state: State = 'between'
  #shape: Shape = 'unknown'
  #array: Elements | undefined
  /** Set while what is scanned is the rest of an object after its array. */
  #tail = false
  /** Set while what is scanned looks like a CloudWatch Logs envelope, which only the input's own limits bound. */
  #envelope = false
  #at = 0
  #start = 0
  #index = 0
  #lineStart = 0
  /** Only blanks stand between the line's start and here. */
  #lead = true
  /** The blanks before the current value where it stands first on its line. */
  #indentation: Buffer | undefined
  /** The last value outside arrays had a line of its own; so will the next. */
  #oneLine = false
  /** What is wrong with the current value, where that is known before its end. */
  #fault: Fault | undefined
  /** The beginning of a value that is too long to hold. */
  #sample: Buffer | undefined
  /** Bytes looked at again because of damage. Bounded, or hostile input could make the work quadratic. */
  #rescanned = 0
  #badPieces = 0
  /** Damaged pieces in a row, while they are taken together. */
  #run: Run | undefined
  #ended = false

  constructor(limits: FramingLimits) {
    this.#limits = limits
    this.#kept = Math.min(KEPT, limits.elementBytes)
    this.#scanner = new Scanner(limits.depth)
  }

  /** Takes a chunk over: it must not change afterwards. */
  feed(chunk: Uint8Array): void {
    const held = this.#state === 'between' || this.#sample ? this.#at : this.#start
    this.#window.append(chunk, Math.max(this.#window.base, held - 2 * MARK))
  }

  /** All that can be told by now. `last`: the input is complete. `cut`: it broke off, and why. */
  *drain(last: boolean, cut?: Fault): Generator<Framed> {
    for (;;) {
      const step = this.#step(last, cut)
      if (step === 'more') {
        if (last) yield* this.#endRun()
        return
      }
      for (const framed of step) {
        if (framed.kind === 'bad' && this.#badPieces >= BAD_PIECES) this.#join(framed)
        else {
          if (framed.kind === 'bad') this.#badPieces++
          yield* this.#endRun()
          yield framed
        }
      }
    }
  }

  /** Takes a damaged piece together with those before it: compressed, millions of them fit one record of a stream. */
  #join(bad: FramedBad): void {
    this.#run ??= { first: bad, parts: [], held: 0, end: 0 }
    const run = this.#run
    run.end = bad.offset + bad.length
    if (run.held >= this.#kept) return
    const part = bad.bytes.subarray(0, this.#kept - run.held)
    run.parts.push(part, LINE_FEED)
    run.held += part.length + 1
  }

  *#endRun(): Generator<FramedBad> {
    const run = this.#run
    if (!run) return
    this.#run = undefined
    yield { ...run.first, bytes: Buffer.concat(run.parts.slice(0, -1)), length: run.end - run.first.offset }
  }

  #step(last: boolean, cut?: Fault): readonly Framed[] | 'more' {
    switch (this.#state) {
      case 'between':
        return this.#between(last, cut)
      case 'value':
        return this.#value(last, cut)
      case 'line':
        return this.#line(last, cut)
      case 'word':
        return this.#word(last)
      case 'seek':
        return this.#seek(last)
      default:
        return this.#state satisfies never
    }
  }

  #between(last: boolean, cut?: Fault): readonly Framed[] | 'more' {
    const window = this.#window
    if (this.#at === 0 && window.end >= 3 && window.slice(0, 3).equals(BYTE_ORDER_MARK)) this.#at = this.#lineStart = 3
    for (; this.#at < window.end; this.#at++) {
      const byte = window.byte(this.#at)
      if (byte === 0x0a) {
        this.#lineStart = this.#at + 1
        this.#lead = true
      } else if (byte === 0x2c && this.#shape === 'json') this.#lead = false
      else if (!isBlank(byte)) break
    }
    if (this.#at >= window.end) return last ? this.#finish(cut) : 'more'
    if (!last && window.end - this.#at < LOOKAHEAD && this.#needsLookahead()) return 'more'
    this.#start = this.#at
    const first = this.#lead && this.#at - this.#lineStart <= MARK
    this.#indentation = first ? window.slice(this.#lineStart, this.#at) : undefined
    this.#lead = false
    if (this.#array) this.#element(this.#array, window.byte(this.#at))
    else {
      const record = this.#oneLine && first ? this.#objectLine(last) : undefined
      if (record) return record
      this.#top(window.byte(this.#at))
    }
    return []
  }

  /** Whether what stands here can only be told by more than its first bytes. */
  #needsLookahead(): boolean {
    if (this.#array) return false
    const window = this.#window
    const byte = window.byte(this.#at)
    if (this.#shape === 'unknown' || byte === 0x5b) return true
    if (byte !== 0x7b || this.#shape === 'text') return false
    if (window.end - this.#at < 3) return true
    const [quote, letter] = [window.byte(this.#at + 1), window.byte(this.#at + 2)]
    return quote !== 0x22 || letter === 0x52 || letter === 0x6d
  }

  /** An object that is a whole line, as the one before it was. What is anything else, or needs a closer look, is `undefined` and scanned. */
  #objectLine(last: boolean): readonly Framed[] | undefined {
    const window = this.#window
    if (window.byte(this.#at) !== 0x7b || this.#shape !== 'json' || this.#lineStart !== this.#at || this.#needsLookahead())
      return undefined
    const feed = window.find(0x0a, this.#at)
    const end = feed < 0 && last ? window.end : feed
    if (end < 0 || window.byte(end - 1) !== 0x7d || end - this.#at > this.#limits.elementBytes) return undefined
    const bytes = window.slice(this.#at, end)
    const text = bytes.toString('utf8')
    const parsed = parseShort(text, this.#limits.depth)
    if (!parsed) return undefined
    this.#at = end
    return this.#settle(this.#records(parsed.value, bytes, parsed.repaired || isRepaired(text, bytes)))
  }

  #top(byte: number): void {
    if (this.#shape === 'json' && byte === 0x7b && !this.#needsLookahead()) {
      this.#begin()
      return
    }
    const head = this.#window.slice(this.#at, Math.min(this.#at + LOOKAHEAD, this.#window.end)).toString('latin1')
    if (this.#shape === 'unknown') this.#shape = shapeOf(head)
    if (this.#shape === 'binary') {
      this.#fault = { reason: 'corrupt', detail: 'neither JSON, nor text, nor gzip' }
      this.#state = 'seek'
      return
    }
    const records = this.#shape === 'json' ? RECORDS_WRAPPER.exec(head) : null
    if (records || (this.#shape === 'json' && ARRAY.test(head))) {
      this.#array = { wrapped: records !== null, opening: undefined }
      this.#at += records ? records[0].length : 1
    } else if (this.#shape === 'json' && byte === 0x7b) {
      this.#envelope = LOGS_WRAPPER.test(head)
      this.#begin()
    } else this.#state = 'line'
  }

  #element({ wrapped }: Elements, byte: number): void {
    if (byte === 0x7b || byte === 0x5b || byte === 0x22) this.#begin()
    else if (byte !== 0x5d) this.#state = 'word'
    else {
      this.#array = undefined
      this.#start = ++this.#at
      this.#tail = wrapped
      if (wrapped) this.#begin()
    }
  }

  #begin(): void {
    const lines = this.#indentation !== undefined && !this.#tail
    const oneLine = this.#oneLine && !this.#array && this.#indentation?.length === 0
    this.#scanner.begin({ lines, oneLine: lines && oneLine }, this.#tail ? 1 : 0)
    this.#state = 'value'
  }

  #value(last: boolean, cut?: Fault): readonly Framed[] | 'more' {
    const scanner = this.#scanner
    const window = this.#window
    const scan = scanner.scan(window.bytes, this.#at - window.base, window.end - window.base)
    this.#at = scanner.at + window.base
    if (scanner.deepest > this.#limits.depth)
      this.#fault ??= { reason: 'too-deep', detail: `nested more than ${this.#limits.depth} deep` }
    if (this.#at - this.#start > (this.#envelope ? this.#limits.inflatedBytes : this.#limits.elementBytes)) {
      this.#fault = this.#tooLarge()
      if (this.#indentation && !this.#tail) return this.#broken(this.#fault)
      this.#sample ??= this.#head()
    }
    if (scan === 'done') return this.#complete()
    if (scan === 'more' && !last) return 'more'
    if (scan === 'more') {
      this.#at = window.end
      this.#ended = true
      return this.#broken(this.#fault ?? cut ?? { reason: 'invalid-json', detail: 'the input ends inside a value' })
    }
    const fault: Fault = this.#fault ?? { reason: 'invalid-json', detail: 'a bracket or a quotation mark is missing' }
    const endsArray = this.#array !== undefined && !this.#indentation && window.byte(this.#at) === 0x5d
    return this.#broken(fault, endsArray ? this.#at : undefined)
  }

  #complete(): readonly Framed[] {
    if (this.#fault) return [this.#bad(this.#fault, this.#at)]
    const bytes = this.#window.slice(this.#start, this.#at)
    const text = bytes.toString('utf8')
    const tail = this.#tail
    if (tail && /^\s*\}$/.test(text)) return this.#settle([])
    let parsed: { readonly value: unknown; readonly repaired: boolean }
    try {
      parsed = parseScanned(tail ? `{${text.replace(/^\s*,/, '')}` : text, this.#scanner.inexact)
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      const fault: Fault = { reason: 'invalid-json', detail: error.message }
      return this.#indentation || this.#scanner.mismatched ? this.#broken(fault, this.#at) : [this.#bad(fault, this.#at)]
    }
    if (this.#array) this.#array.opening ??= openingOf(bytes, MARK)
    else this.#oneLine = !tail && this.#indentation?.length === 0 && !bytes.includes(0x0a)
    return this.#settle(this.#records(parsed.value, bytes, parsed.repaired || isRepaired(text, bytes)))
  }

  /** A record; or the log events of a CloudWatch Logs envelope. */
  #records(value: unknown, bytes: Buffer, repaired: boolean): readonly Framed[] {
    const offset = this.#start
    const logs = this.#envelope ? logsOf(value) : undefined
    if (!logs) return [{ kind: 'record', value, bytes, offset, index: this.#index++, repaired }]
    if (logs.control) return [{ kind: 'control', offset }]
    return logs.events.map((item): Framed => {
      const event = logsEvent(item)
      const bytes = Buffer.from(event?.message ?? JSON.stringify(item))
      const length = bytes.length
      const kept = length > this.#kept ? Buffer.from(bytes.subarray(0, this.#kept)) : bytes
      if (!event)
        return {
          kind: 'bad',
          reason: 'invalid-json',
          detail: 'a log event without message or timestamp',
          bytes: kept,
          offset,
          length,
        }
      if (length > this.#limits.elementBytes) return { kind: 'bad', ...this.#tooLarge(), bytes: kept, offset, length }
      return { kind: 'record', value: event, bytes, offset, index: this.#index++, repaired, logs: logs.envelope }
    })
  }

  #line(last: boolean, cut?: Fault): readonly Framed[] | 'more' {
    const window = this.#window
    const feed = window.find(0x0a, this.#at)
    this.#at = feed < 0 ? window.end : feed
    if (this.#at - this.#start > this.#limits.elementBytes) {
      this.#fault = this.#tooLarge()
      this.#sample ??= this.#head()
    }
    if (feed < 0 && !last) return 'more'
    if (this.#fault) return [this.#bad(this.#fault, this.#at)]
    const bytes = window.slice(this.#start, this.#at)
    const text = bytes.toString('utf8').trimEnd()
    if (feed < 0 && cut) {
      this.#ended = true
      return [this.#bad(cut, this.#at)]
    }
    let value: unknown = text
    let repaired = isRepaired(text, bytes)
    if (this.#shape === 'json' ? SCALAR.test(text) : text.startsWith('{')) {
      try {
        value = parseJson(text, { depth: this.#limits.depth, length: this.#limits.elementBytes })
      } catch (error) {
        if (!(error instanceof JsonError)) throw error
        if (this.#shape === 'json' || error.reason !== 'invalid-json')
          return [this.#bad({ reason: error.reason, detail: error.message }, this.#at)]
      }
    } else if (this.#shape === 'json') return [this.#bad({ reason: 'invalid-json', detail: 'not JSON' }, this.#at)]
    return this.#settle([{ kind: 'record', value, bytes, offset: this.#start, index: this.#index++, repaired }])
  }

  /** Something in an array that is no object, array or string: up to where the next element can begin. */
  #word(last: boolean): readonly Framed[] | 'more' {
    const window = this.#window
    for (; this.#at < window.end; this.#at++) {
      const byte = window.byte(this.#at)
      if (byte === 0x2c || byte === 0x5d || byte === 0x0a) break
    }
    if (this.#at - this.#start > this.#limits.elementBytes) {
      this.#fault = this.#tooLarge()
      this.#sample ??= this.#head()
    }
    if (this.#at >= window.end && !last) return 'more'
    if (this.#fault) return [this.#bad(this.#fault, this.#at)]
    const bytes = window.slice(this.#start, this.#at)
    try {
      const value = parseJson(bytes.toString('utf8'))
      return this.#settle([{ kind: 'record', value, bytes, offset: this.#start, index: this.#index++, repaired: false }])
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      return [this.#bad({ reason: 'invalid-json', detail: error.message }, this.#at)]
    }
  }

  /** The value cannot be completed: goes back to where the next one begins, or on to find it. `end`: where the value seems to end. */
  #broken(fault: Fault, end?: number): readonly Framed[] {
    const from = this.#start + 1
    const affordable = this.#rescanned <= 8 * (this.#at + this.#limits.elementBytes)
    const landing = this.#sample || !affordable ? undefined : this.#landing(from, end ?? this.#window.end)
    if (landing) {
      this.#rescanned += Math.max(0, this.#at - landing.at)
      return this.#resume(fault, landing)
    }
    if (end !== undefined) return [this.#bad(fault, end)]
    this.#fault = fault
    this.#state = 'seek'
    return []
  }

  /** Passes over damage until a place where a value must begin. */
  #seek(last: boolean): readonly Framed[] | 'more' {
    const window = this.#window
    const fault = this.#fault as Fault
    const from = Math.max(this.#at - 2 * MARK, this.#start + 1, window.base)
    const landing = this.#shape === 'binary' ? undefined : this.#landing(from, window.end)
    if (landing) return this.#resume(fault, landing)
    this.#at = window.end
    if (this.#at - this.#start > this.#kept) this.#sample ??= this.#head()
    if (!last) return 'more'
    this.#ended = true
    return [this.#bad(fault, window.end)]
  }

  #landing(from: number, to: number): Landing | undefined {
    return nextValue(this.#window, from, to, { indentation: this.#indentation, opening: this.#array?.opening })
  }

  #resume(fault: Fault, landing: Landing): readonly Framed[] {
    const bad = this.#bad(fault, landing.at)
    if (landing.leaves) this.#array = undefined
    this.#at = landing.at
    this.#lead = landing.lineStart !== undefined
    this.#lineStart = landing.lineStart ?? 0
    return [bad]
  }

  /** Nothing is left: says what is missing, once. */
  #finish(cut?: Fault): readonly Framed[] | 'more' {
    const open: Fault | undefined = this.#array && { reason: 'invalid-json', detail: 'the input ends inside an array' }
    const fault = this.#ended ? undefined : (cut ?? open)
    this.#ended = true
    this.#array = undefined
    if (!fault) return 'more'
    this.#start = this.#at
    return [this.#bad(fault, this.#at)]
  }

  #bad(fault: Fault, to: number): FramedBad {
    const bytes = this.#sample?.subarray(0, to - this.#start) ?? this.#head(to)
    const bad: FramedBad = { kind: 'bad', ...fault, bytes, offset: this.#start, length: to - this.#start }
    this.#settle([])
    return bad
  }

  /** Done with a value, good or bad. */
  #settle(framed: readonly Framed[]): readonly Framed[] {
    this.#tail = this.#envelope = this.#lead = false
    this.#fault = this.#sample = undefined
    this.#state = 'between'
    return framed
  }

  /** A copy of how the current value begins, of nothing beyond it: a piece may be kept long, and there may be many. */
  #head(to = this.#window.end): Buffer {
    return Buffer.from(this.#window.slice(this.#start, Math.min(to, this.#start + this.#kept, this.#window.end)))
  }

  #tooLarge(): Fault {
    return { reason: 'too-large', detail: `longer than ${this.#limits.elementBytes} bytes` }
  }
}

/** Blanks, and the record separator of JSON text sequences (RFC 7464). */
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x1e

function shapeOf(head: string): Shape {
  if (head.startsWith('{') || ARRAY.test(head) || SCALAR.test(head)) return 'json'
  return /[\0-\x08\x0e-\x1a\x1c\x1d\x1f]/.test(head) ? 'binary' : 'text'
}

/** Whether reading the bytes as UTF-8 put U+FFFD where something else was. */
const isRepaired = (text: string, bytes: Uint8Array): boolean => text.includes('\uFFFD') && !isUtf8(bytes)
