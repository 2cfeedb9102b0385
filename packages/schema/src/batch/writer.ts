import { isLong } from './limits.ts'

/** A writer that is used again keeps at most so much room, bytes. */
const KEPT = 16 * 1024

/** Writes Avro's primitive encodings into one buffer that grows. Strings are UTF-8; a lone surrogate becomes U+FFFD. */
export class ByteWriter {
  #buffer: Buffer
  #at = 0

  /** `capacity`: a guess of the final length, bytes. */
  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(Math.max(16, capacity))
  }

  get length(): number {
    return this.#at
  }

  /** Forgets what was written, and keeps the room for it unless that is more than KEPT bytes. */
  clear(): this {
    if (this.#buffer.length > KEPT) this.#buffer = Buffer.allocUnsafeSlow(KEPT)
    this.#at = 0
    return this
  }

  byte(value: number): void {
    this.#room(1)
    this.#buffer[this.#at++] = value
  }

  /** Zigzag varint; RangeError unless `isLong(value)`. Arithmetic, because JavaScript's shifts wrap at 32 bits. */
  long(value: number): void {
    if (!isLong(value)) throw new RangeError('a count that is not a whole number below 2^53')
    this.#room(10)
    const magnitude = value < 0 ? -(value + 1) : value
    let rest = Math.floor(magnitude / 64)
    let byte = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0)
    while (rest > 0) {
      this.#buffer[this.#at++] = byte | 0x80
      byte = rest % 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at++] = byte
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Avro `bytes`: length, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.long(bytes.length)
    this.raw(bytes)
  }

  /** Avro `string`. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.long(length)
    this.chars(value, length)
  }

  /** UTF-8 without a length. */
  chars(value: string, length = Buffer.byteLength(value)): void {
    this.#room(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  /** `digits` hexadecimal digits as half as many bytes. The caller has checked them. */
  hex(digits: string): void {
    this.#room(digits.length >> 1)
    this.#at += this.#buffer.write(digits, this.#at, 'hex')
  }

  /** What was written; a view, valid until the next write. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#at + bytes, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }
}
