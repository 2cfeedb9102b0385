import { INEXACT_DIGITS } from '../json.ts'

/** What a scan came to: the value is complete, the bytes ran out first, or it cannot be completed. */
export type Scan = 'done' | 'more' | 'broken'

const OTHER = 0
const QUOTE = 1
const OPEN = 2
const CLOSE = 3
const NEWLINE = 4
const DIGIT = 5
const EXPONENT = 6

const KIND = new Uint8Array(256)
KIND[0x22] = QUOTE
KIND[0x7b] = KIND[0x5b] = OPEN
KIND[0x7d] = KIND[0x5d] = CLOSE
KIND[0x0a] = NEWLINE
KIND[0x65] = KIND[0x45] = EXPONENT
for (let digit = 0x30; digit <= 0x39; digit++) KIND[digit] = DIGIT

/** How the framer wants one value scanned. */
export interface ScanOptions {
  /** A line feed inside a string breaks the value: it began at a line's start, so a string that runs on has lost its quote. */
  readonly lines: boolean
  /** A line that begins with `{` breaks the value: the values before it had a line each. */
  readonly oneLine: boolean
}

/**
 * Finds where a JSON value ends by its brackets and strings alone, without parsing it: a byte is looked at once, and nothing is held but the
 * open brackets. Scanning can pause at any byte and go on when more has come.
 */
export class Scanner {
  /** Where the scan stands: after a complete value, at the byte that broke it, or where to go on. */
  at = 0
  /** Open brackets now. */
  depth = 0
  deepest = 0
  /** A number was seen that a double may change. */
  inexact = false
  /** A bracket closed one of the other kind. */
  mismatched = false
  #inString = false
  #digits = 0
  #options: ScanOptions = { lines: false, oneLine: false }
  readonly #opened: Uint8Array

  constructor(limit: number) {
    this.#opened = new Uint8Array(limit)
  }

  /** Makes ready for a value whose first byte has not been scanned yet, or with `depth` 1 for the rest of an object. */
  begin(options: ScanOptions, depth: 0 | 1 = 0): void {
    this.depth = this.deepest = depth
    this.#opened[0] = 0x7b
    this.inexact = this.mismatched = this.#inString = false
    this.#digits = 0
    this.#options = options
  }

  /** Goes on from `from`. A bracket that closes a wrong one closes what it can: the value is no JSON, but its end is still the likeliest. */
  scan(bytes: Uint8Array, from: number, end: number): Scan {
    const opened = this.#opened
    const { lines, oneLine } = this.#options
    let { depth, inexact } = this
    let digits = this.#digits
    let inString = this.#inString
    let at = from
    let result: Scan = 'more'
    scanning: while (at < end) {
      if (inString) {
        let byte = 0
        for (; at < end; at++) {
          byte = bytes[at] as number
          if (byte === 0x22 || byte === 0x5c || (byte === 0x0a && lines)) break
        }
        if (at >= end) break
        if (byte === 0x5c) {
          if (at + 1 >= end) break
          at += 2
          continue
        }
        if (byte === 0x0a) {
          result = 'broken'
          break
        }
        inString = false
        at++
        if (depth === 0) {
          result = 'done'
          break
        }
        continue
      }
      const byte = bytes[at] as number
      const kind = KIND[byte] as number
      if (kind !== DIGIT) {
        if (kind === EXPONENT && digits > 0) inexact = true
        digits = 0
      }
      switch (kind) {
        case OTHER:
        case EXPONENT:
          break
        case QUOTE:
          inString = true
          break
        case DIGIT:
          if (++digits >= INEXACT_DIGITS) inexact = true
          break
        case OPEN:
          if (depth < opened.length) opened[depth] = byte
          depth++
          if (depth > this.deepest) this.deepest = depth
          break
        case CLOSE: {
          const opener = byte - 2
          let level = depth - 1
          if (level < opened.length) while (level >= 0 && opened[level] !== opener) level--
          if (level !== depth - 1) this.mismatched = true
          if (level < 0) {
            if (depth === 0 || byte === 0x5d) {
              result = 'broken'
              break scanning
            }
            level = 0
          }
          depth = level
          if (depth === 0) {
            at++
            result = 'done'
            break scanning
          }
          break
        }
        case NEWLINE:
          if (!oneLine) break
          if (at + 1 >= end) break scanning
          if (bytes[at + 1] === 0x7b) {
            result = 'broken'
            break scanning
          }
          break
      }
      at++
    }
    this.at = at
    this.depth = depth
    this.inexact = inexact
    this.#digits = digits
    this.#inString = inString
    return result
  }
}
