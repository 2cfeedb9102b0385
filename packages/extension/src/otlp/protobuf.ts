import { type Allowance, allowance, MAX_DEPTH, Refused } from './bounds.ts'
import type { Field, Message, Scalar } from './messages.ts'

/** Wire types of protobuf: a varint, 8 bytes, length and bytes, 4 bytes. Groups (3 and 4) are in no message of OTLP. */
const VARINT = 0
const EIGHT = 1
const LENGTH = 2
const FOUR = 5

const WIRE: Readonly<Record<Scalar, number>> = {
  string: LENGTH,
  hex: LENGTH,
  base64: LENGTH,
  bool: VARINT,
  enum: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  uint64: VARINT,
  int64: VARINT,
  fixed32: FOUR,
  fixed64: EIGHT,
  sfixed64: EIGHT,
  double: EIGHT,
}

/** The values of each scalar, as OTLP/JSON has them, read at the reader's place. */
const READ: Readonly<Record<Scalar, (reader: Reader) => unknown>> = {
  string: reader => reader.bytes().toString('utf8'),
  hex: reader => reader.bytes().toString('hex'),
  base64: reader => reader.bytes().toString('base64'),
  bool: reader => reader.varint() !== 0n,
  enum: reader => Number(BigInt.asIntN(32, reader.varint())),
  uint32: reader => Number(BigInt.asUintN(32, reader.varint())),
  sint32: reader => {
    const value = Number(BigInt.asUintN(32, reader.varint()))
    return (value >>> 1) ^ -(value & 1)
  },
  uint64: reader => String(BigInt.asUintN(64, reader.varint())),
  int64: reader => String(BigInt.asIntN(64, reader.varint())),
  fixed32: reader => reader.take(4).readUInt32LE(),
  fixed64: reader => String(reader.take(8).readBigUInt64LE()),
  sfixed64: reader => String(reader.take(8).readBigInt64LE()),
  double: reader => doubleOf(reader.take(8).readDoubleLE()),
}

/** JSON has no number for these: protobuf's JSON mapping gives them as words. */
export const doubleOf = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

/** Whether a value is what protobuf leaves out. */
export const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false || value === '0'

/**
 * A protobuf message as OTLP/JSON: ids in hex, 64-bit integers as decimal strings, enums as numbers, other bytes in base64, what is zero left out
 * where it says nothing. Unknown fields, and known ones of another wire type, are passed over, and are paid for like values. Throws Refused for what is cut off, nested deeper
 * or wider than `bounds.ts` says, or no protobuf.
 */
export function decodeProtobuf(bytes: Uint8Array, message: Message, spend: Allowance = allowance()): Record<string, unknown> {
  return readMessage(new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)), message, spend, 0)
}

function readMessage(reader: Reader, message: Message, allowed: Allowance, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new Refused(400, 'nested too deep')
  const out: Record<string, unknown> = {}
  while (!reader.done) {
    const tag = reader.length()
    const wire = tag & 7
    const field = message[tag >>> 3]
    if (tag >>> 3 === 0) throw new Refused(400, 'a field without a number')
    allowed.spend()
    if (field) readField(reader, field, wire, out, allowed, depth)
    else reader.skip(wire)
  }
  return out
}

function readField(reader: Reader, field: Field, wire: number, out: Record<string, unknown>, allowed: Allowance, depth: number) {
  const { name, type, many, zero } = field
  if (typeof type === 'function') {
    if (wire !== LENGTH) return reader.skip(wire)
    const value = readMessage(new Reader(reader.bytes()), type(), allowed, depth + 1)
    if (many) listIn(out, name).push(value)
    else out[name] = value
    return
  }
  if (many && wire === LENGTH && WIRE[type] !== LENGTH) {
    const packed = new Reader(reader.bytes())
    for (const list = listIn(out, name); !packed.done; allowed.spend()) list.push(READ[type](packed))
    return
  }
  if (wire !== WIRE[type]) return reader.skip(wire)
  const value = READ[type](reader)
  if (many) listIn(out, name).push(value)
  else if (zero || !isZero(value)) out[name] = value
}

function listIn(out: Record<string, unknown>, name: string): unknown[] {
  const before = out[name]
  if (Array.isArray(before)) return before
  const list: unknown[] = []
  out[name] = list
  return list
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  take(length: number): Buffer {
    const from = this.#at
    if (length > this.#bytes.length - from) throw new Refused(400, 'cut off')
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
  }

  varint(): bigint {
    const from = this.#at
    const end = this.#pastVarint()
    let value = 0n
    for (let at = end - 1; at >= from; at--) value = (value << 7n) | BigInt((this.#bytes[at] ?? 0) & 0x7f)
    return value
  }

  /** To the end of a number, without reading it. */
  #pastVarint(): number {
    for (let bytes = 0; bytes < 10; bytes++) if (this.#byte() < 0x80) return this.#at
    throw new Refused(400, 'a number longer than 64 bits')
  }

  /** A tag or a length: at most 32 bits. */
  length(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new Refused(400, 'a length beyond 32 bits')
  }

  bytes(): Buffer {
    return this.take(this.length())
  }

  skip(wire: number): void {
    if (wire === VARINT) this.#pastVarint()
    else if (wire === EIGHT) this.take(8)
    else if (wire === LENGTH) this.bytes()
    else if (wire === FOUR) this.take(4)
    else throw new Refused(400, 'not protobuf')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Refused(400, 'cut off')
    return byte
  }
}
