import * as fc from 'fast-check'
import type { Batch, ContentType, TelemetryRecord } from '../types.ts'

/** Text that UTF-8 can hold. */
export const text = fc.string({ unit: 'binary', maxLength: 40 })

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(each => Buffer.from(each).toString('hex'))

/** Any count that a long may be. */
const count = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 }))

const invocation = fc.oneof(fc.constant(''), fc.uuid(), text, fc.string({ minLength: 14, maxLength: 16 }))

const contentType = fc.constantFrom<ContentType>(
  'application/json',
  'text/plain',
  'application/octet-stream',
  'application/vnd.weir.platform',
)

export const record: fc.Arbitrary<TelemetryRecord> = fc.record({
  signal: fc.oneof(fc.constantFrom('platform.start', 'function', 'weir.secret'), text),
  time: fc.oneof(
    fc.integer({ min: 1_789_000_000_000, max: 1_789_000_100_000 }),
    fc.integer({ min: 0, max: 253_402_300_799_999 }),
  ),
  invocation,
  contentType,
  body: fc.uint8Array({ maxLength: 200 }),
})

export const batch: fc.Arbitrary<Batch> = fc.record({
  sandbox: bytes(16),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }),
  function: fc.record({
    arn: fc.oneof(
      fc
        .tuple(fc.integer({ min: 0, max: 999_999_999_999 }), text)
        .map(([account, name]) => `arn:aws:lambda:eu-west-1:${String(account).padStart(12, '0')}:function:${name}`),
      text,
    ),
    version: text,
    memoryMb: fc.integer({ min: 0, max: 10_240 }),
    region: text,
    runtime: text,
    initializationType: text,
  }),
  extension: text,
  emitted: count,
  dropped: fc.array(fc.record({ reason: text, records: count, bytes: count }), { maxLength: 4 }),
  previous: fc.oneof(fc.constant(''), bytes(32)),
  signature: fc.uint8Array({ maxLength: 64 }),
  records: fc.array(record, { maxLength: 20 }),
})

/** A batch with every byte string as a plain array, so that views of different kinds compare. */
export const plain = (value: Batch): unknown => ({
  ...value,
  signature: [...value.signature],
  records: value.records.map(each => ({ ...each, body: [...each.body] })),
})
