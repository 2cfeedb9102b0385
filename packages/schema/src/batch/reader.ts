import { WireError } from './errors.ts'
import { isLong } from './limits.ts'

const MAX_LONG_BYTES = 8

/**
 * Reads Avro's primitive encodings, each one checked against the bytes that are left. Throws WireError `corrupt`.
 * Stricter than Avro: a varint has no needless bytes and is in avsc's range, so a value has exactly one encoding.
 */
export class ByteReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = at
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(place: string): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new WireError('corrupt', `${place}: the bytes end too early`)
    this.#at++
    return value
  }

  /** Zigzag varint within ±(2^53 − 2). */
  long(place: string): number {
    let byte = this.byte(place)
    const negative = (byte & 1) === 1
    let magnitude = (byte & 0x7e) >> 1
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
    if (length < 0 || length > this.left) throw new WireError('corrupt', `${place}: longer than the bytes that follow`)
    const at = this.#at
    this.#at += length
    return this.#bytes.subarray(at, at + length)
  }

  /** What stands before the next byte that is not above `marker`; a view. */
  until(marker: number): Buffer {
    const start = this.#at
    while (this.#at < this.#bytes.length && (this.#bytes[this.#at] ?? 0) > marker) this.#at++
    return this.#bytes.subarray(start, this.#at)
  }

  /** Avro `bytes`; a view. */
  bytes(place: string): Buffer {
    return this.raw(this.long(place), place)
  }

  /** Avro `string`; invalid UTF-8 is refused. */
  text(place: string): string {
    const bytes = this.bytes(place)
    try {
      return UTF8.decode(bytes)
    } catch {
      throw new WireError('corrupt', `${place}: not UTF-8`)
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
