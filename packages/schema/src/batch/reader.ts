import { WireError } from './errors.ts'
import { isLong } from './limits.ts'

const MAX_LONG_BYTES = 8

/**
 * Reads Avro's primitive encodings, each one checked against the bytes that are left. Throws WireError `corrupt`.
 * Stricter than Avro: a varint has no needless bytes and is in avsc's range, so a value has exactly one encoding.
 */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  /** Reads `bytes` from `at` up to `end`, its own end where that is not said. */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = at
    this.#end = end
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#end - this.#at
  }

  byte(place: string): number {
    if (this.#at >= this.#end) throw new WireError('corrupt', `${place}: the bytes end too early`)
    return this.#bytes[this.#at++] as number
  }

  /** Zigzag varint within ±(2^53 − 2). */
  long(place: string): number {
    let byte = this.byte(place)
    const negative = (byte & 1) === 1
    let magnitude = (byte & 0x7e) >> 1
    if (byte < 0x80) return negative ? -magnitude - 1 : magnitude
    let scale = 64
    for (let more = 0; byte & 0x80; more++) {
      if (more === MAX_LONG_BYTES) throw new WireError('corrupt', `${place}: a number of more than nine bytes`)
      byte = this.byte(place)
      if (byte === 0) throw new WireError('corrupt', `${place}: a number with needless bytes`)
      magnitude += (byte & 0x7f) * scale
      scale *= 128
    }
    const value = negative ? -magnitude - 1 : magnitude
    if (!isLong(value)) throw new WireError('corrupt', `${place}: a number beyond 2^53`)
    return value
  }

  /** A long within 32 bits. */
  int(place: string): number {
    const value = this.long(place)
    if (value !== (value | 0)) throw new WireError('corrupt', `${place}: a number beyond 32 bits`)
    return value
  }

  /** `length` bytes; a view. */
  raw(length: number, place: string): Buffer {
    const at = this.#skip(length, place)
    return this.#bytes.subarray(at, this.#at)
  }

  /** `length` bytes in hexadecimal. */
  hex(length: number, place: string): string {
    const at = this.#skip(length, place)
    return this.#bytes.toString('hex', at, this.#at)
  }

  /** What stands before the next byte that is not above `marker`, as text; what is not UTF-8 in it becomes U+FFFD. */
  until(marker: number): string {
    const start = this.#at
    const bytes = this.#bytes
    let at = start
    while (at < this.#end && (bytes[at] as number) > marker) at++
    this.#at = at
    return at === start ? '' : bytes.toString('utf8', start, at)
  }

  /** Avro `bytes`; a view. */
  bytes(place: string): Buffer {
    return this.raw(this.long(place), place)
  }

  /** Avro `bytes`, to be read by themselves. */
  inner(place: string): ByteReader {
    const at = this.#skip(this.long(place), place)
    return new ByteReader(this.#bytes, at, this.#at)
  }

  /** Passes over Avro `bytes`. */
  skipBytes(place: string): void {
    this.#skip(this.long(place), place)
  }

  /** Avro `string`; invalid UTF-8 is refused. */
  text(place: string): string {
    const at = this.#skip(this.long(place), place)
    const text = this.#bytes.toString('utf8', at, this.#at)
    // The decoder that refuses is several times as slow; a text without U+FFFD had nothing to refuse.
    if (!text.includes('\uFFFD')) return text
    try {
      return UTF8.decode(this.#bytes.subarray(at, this.#at))
    } catch {
      throw new WireError('corrupt', `${place}: not UTF-8`)
    }
  }

  /** Passes over so many bytes; says where they begin. */
  #skip(length: number, place: string): number {
    if (length < 0 || length > this.left) throw new WireError('corrupt', `${place}: longer than the bytes that follow`)
    const at = this.#at
    this.#at += length
    return at
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
