import * as fc from 'fast-check'
import type { Field, Message, Scalar } from '../otlp/messages.ts'

/** A writer of protobuf for tests, from the same tables as the reader but by itself: OTLP/JSON in, bytes out. */
export function encodeProtobuf(value: Readonly<Record<string, unknown>>, message: Message): Buffer {
  const parts: Buffer[] = []
  for (const [number, { name, type, many }] of Object.entries(message)) {
    if (value[name] === undefined) continue
    for (const each of many ? (value[name] as unknown[]) : [value[name]]) {
      const bytes =
        typeof type === 'function' ? encodeProtobuf(each as Record<string, unknown>, type()) : SCALAR[type].write(each)
      const wire = typeof type === 'function' ? 2 : SCALAR[type].wire
      parts.push(varint(BigInt((Number(number) << 3) | wire)), ...(wire === 2 ? [varint(BigInt(bytes.length)), bytes] : [bytes]))
    }
  }
  return Buffer.concat(parts)
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, value)
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
  bytes.push(Number(left))
  return Buffer.from(bytes)
}

const fixed = (length: number, write: (into: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(length)
  write(bytes)
  return bytes
}

/** Each scalar: its wire type, how it is written, and values of it as OTLP/JSON has them. */
const SCALAR: Readonly<Record<Scalar, { wire: number; write: (value: unknown) => Buffer; values: fc.Arbitrary<unknown> }>> = {
  string: { wire: 2, write: value => Buffer.from(String(value)), values: fc.string({ unit: 'binary', maxLength: 12 }) },
  hex: {
    wire: 2,
    write: value => Buffer.from(String(value), 'hex'),
    values: fc.uint8Array({ maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex')),
  },
  base64: {
    wire: 2,
    write: value => Buffer.from(String(value), 'base64'),
    values: fc.uint8Array({ maxLength: 9 }).map(bytes => Buffer.from(bytes).toString('base64')),
  },
  bool: { wire: 0, write: value => varint(value === true ? 1n : 0n), values: fc.boolean() },
  enum: { wire: 0, write: value => varint(BigInt(Number(value))), values: fc.integer() },
  uint32: { wire: 0, write: value => varint(BigInt(Number(value))), values: fc.nat(2 ** 32 - 1) },
  sint32: { wire: 0, write: value => varint(zigzag(BigInt(Number(value)))), values: fc.integer() },
  uint64: {
    wire: 0,
    write: value => varint(BigInt(String(value))),
    values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  },
  int64: {
    wire: 0,
    write: value => varint(BigInt(String(value))),
    values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  },
  fixed32: { wire: 5, write: value => fixed(4, into => into.writeUInt32LE(Number(value))), values: fc.nat(2 ** 32 - 1) },
  fixed64: {
    wire: 1,
    write: value => fixed(8, into => into.writeBigUInt64LE(BigInt(String(value)))),
    values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  },
  sfixed64: {
    wire: 1,
    write: value => fixed(8, into => into.writeBigInt64LE(BigInt(String(value)))),
    values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  },
  double: {
    wire: 1,
    write: value => fixed(8, into => into.writeDoubleLE(Number(value))),
    values: fc.double().map(value => (Number.isFinite(value) ? value + 0 : String(value))),
  },
}
const zigzag = (value: bigint): bigint => (value >= 0n ? value * 2n : -value * 2n - 1n)

/** Messages of a kind, as OTLP/JSON, at most so many messages deep. */
export function messages(message: Message, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.values(message).filter(({ type }) => depth > 0 || typeof type !== 'function')
  const valuesOf = ({ type, many }: Field): fc.Arbitrary<unknown> => {
    const one = typeof type === 'function' ? messages(type(), depth - 1) : SCALAR[type].values
    return many ? fc.array(one, { maxLength: 2 }) : one
  }
  return fc.record(Object.fromEntries(fields.map(field => [field.name, valuesOf(field)])), { requiredKeys: [] }).map(
    // Without a prototype, as fast-check makes some, it is the same to JSON.
    value => ({ ...value }),
  )
}
