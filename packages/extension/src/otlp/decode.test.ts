import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeProtobuf, messages } from '../testing/protobuf.ts'
import { allowance, MAX_DEPTH, MAX_VALUES, Refused } from './bounds.ts'
import { decodeJson } from './json.ts'
import { LOGS, METRICS, TRACES } from './messages.ts'
import { decodeProtobuf } from './protobuf.ts'

const KINDS = [
  ['logs', LOGS],
  ['traces', TRACES],
  ['metrics', METRICS],
] as const
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const TRACE_ID = '5b8efff798038103d269b633813fc60c'

/** A request of one log record with this body. */
const logOf = (body: unknown) => ({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] })

describe.each(KINDS)('a request of %s', (_, message) => {
  it('reads the same from protobuf and from JSON', () => {
    fc.assert(
      fc.property(messages(message, 6), value => {
        expect(decodeProtobuf(encodeProtobuf(value, message), message)).toEqual(decodeJson(json(value), message))
      }),
      { numRuns: 200 },
    )
  })

  it('is refused, or read, whatever the bytes are', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // A sound one with some bytes changed gets further than noise.
      fc.tuple(messages(message, 6), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })).map(([value, changes]) => {
        const sound = encodeProtobuf(value, message)
        for (const [at, byte] of changes) if (sound.length > 0) sound[at % sound.length] = byte
        return sound
      }),
    )
    fc.assert(
      fc.property(bytes, hostile => {
        for (const decode of [decodeProtobuf, decodeJson]) {
          try {
            JSON.stringify(decode(hostile, message))
          } catch (error) {
            expect(error).toBeInstanceOf(Refused)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('decodeProtobuf', () => {
  it('gives OTLP/JSON: ids in hex, 64-bit integers as text, enums as numbers, bytes in base64, and no zero that says nothing', () => {
    // Written by hand from the wire format: field and wire type, length, value.
    const record = [
      0x09,
      0x00,
      0xe4,
      0x0b,
      0x54,
      0x02,
      0x00,
      0x00,
      0x00, // timeUnixNano, fixed64
      0x10,
      0x11, // severityNumber 17
      0x2a,
      0x03,
      0x1a,
      0x01,
      0x00, // body: arrayValue? no, field 3 with a length: a wire type that intValue does not have
      0x38,
      0x00, // droppedAttributesCount 0
      0x4a,
      0x02,
      0xab,
      0xcd, // traceId
      0x78,
      0x01, // field 15: unknown
    ]
    const scope = [0x12, record.length, ...record]
    const resource = [0x12, scope.length, ...scope]
    expect(decodeProtobuf(Buffer.from([0x0a, resource.length, ...resource]), LOGS)).toEqual({
      resourceLogs: [
        { scopeLogs: [{ logRecords: [{ timeUnixNano: '10000000000', severityNumber: 17, body: {}, traceId: 'abcd' }] }] },
      ],
    })
  })

  it('takes packed numbers and single ones', () => {
    const buckets = METRICS
    const value = (bucketCounts: string[]) => ({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [{ bucketCounts }] } }] }] }],
    })
    const single = encodeProtobuf(value(['1', '2']), buckets)
    const packed = Buffer.from(single)
    expect(decodeProtobuf(packed, buckets)).toEqual(value(['1', '2']))
    // The same point with its two counts in one field.
    const point = Buffer.concat([Buffer.from([0x32, 16]), Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])])
    const wrap = (field: number, inner: Buffer) => Buffer.concat([Buffer.from([(field << 3) | 2, inner.length]), inner])
    expect(decodeProtobuf(wrap(1, wrap(2, wrap(2, wrap(9, wrap(1, point))))), buckets)).toEqual(value(['1', '2']))
  })

  it.each([
    ['nothing after a tag', [0x0a]],
    ['a length beyond the end', [0x0a, 0x7f, 0x00]],
    ['a group', [0x0b]],
    ['a field without a number', [0x02, 0x00]],
    ['an endless number', Array.from({ length: 12 }, () => 0xff)],
    ['a number of eleven bytes in a field that it does not know', [0x78, ...Array<number>(10).fill(0xff), 0x01]],
    ['a number that is cut off in such a field', [0x78, 0xff]],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeProtobuf(Buffer.from(bytes), LOGS)).toThrow(Refused)
  })
})

describe('a field that it does not know', () => {
  /** Field 15 with the largest number, as often as asked. */
  const unknown = (count: number) => Buffer.alloc(11 * count, Buffer.from([0x78, ...Array<number>(9).fill(0xff), 0x01]))

  it('is passed over whole, whatever its wire type', () => {
    const parts = [unknown(1), [0x79, 1, 2, 3, 4, 5, 6, 7, 8], [0x7a, 2, 0x0a, 0], [0x7d, 1, 2, 3, 4], [0x0a, 0]]
    expect(decodeProtobuf(Buffer.concat(parts.map(part => Buffer.from(part))), LOGS)).toEqual({ resourceLogs: [{}] })
  })

  it('costs what a value costs: few bytes on the wire become megabytes of them', () => {
    expect(decodeProtobuf(unknown(MAX_VALUES), LOGS)).toEqual({})
    expect(() => decodeProtobuf(unknown(MAX_VALUES + 1), LOGS)).toThrow(/more values/)
    const inside = Buffer.concat([Buffer.from([0x0a, 22]), unknown(2)])
    expect(decodeProtobuf(inside, LOGS, allowance(3))).toEqual({ resourceLogs: [{}] })
    expect(() => decodeProtobuf(inside, LOGS, allowance(2))).toThrow(/more values/)
  })
})

describe('both', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = { stringValue: 'x' }
    for (let level = 0; level < levels; level++) value = { arrayValue: { values: [value] } }
    return value
  }

  it(`go at most ${MAX_DEPTH} messages deep`, () => {
    const decoded = (levels: number) => [
      () => decodeProtobuf(encodeProtobuf(logOf(nested(levels)), LOGS), LOGS),
      () => decodeJson(json(logOf(nested(levels))), LOGS),
    ]
    for (const decode of decoded(48)) expect(decode).not.toThrow()
    for (const decode of decoded(49)) expect(decode).toThrow(/too deep/)
    expect(() => decodeJson(Buffer.from('{"resourceLogs":['.repeat(100_000)), LOGS)).toThrow(Refused)
  })

  it('hold few values, however many are sent', () => {
    const empty = Buffer.concat(Array.from({ length: MAX_VALUES + 1 }, () => Buffer.from([0x0a, 0x00])))
    expect(() => decodeProtobuf(empty, LOGS)).toThrow(/more values/)
    expect(() => decodeJson(json({ resourceLogs: Array.from({ length: MAX_VALUES + 1 }, () => ({})) }), LOGS)).toThrow(
      /more values/,
    )
    expect(() => decodeJson(Buffer.from(`[${'0,'.repeat(MAX_VALUES * 2)}0]`), LOGS)).toThrow(/more values/)
    expect(() => decodeJson(json(logOf({ stringValue: ',{['.repeat(MAX_VALUES) })), LOGS)).not.toThrow()
    expect(() => decodeProtobuf(Buffer.from([0x0a, 0x00, 0x0a, 0x00]), LOGS, allowance(1))).toThrow(/more values/)
    const bucketCounts = Array.from({ length: MAX_VALUES + 1 }, () => 1)
    const wide = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [{ bucketCounts }] } }] }] }] }
    expect(() => decodeJson(json(wide), METRICS)).toThrow(/more values/)
    expect(() => decodeProtobuf(encodeProtobuf(wide, METRICS), METRICS)).toThrow(/more values/)
  })
})

describe('decodeJson', () => {
  it('passes over what it does not know and null, and takes numbers for 64-bit integers', () => {
    const record = { timeUnixNano: 1_700_000_000, traceId: TRACE_ID.toUpperCase(), novelty: {}, spanId: null }
    expect(decodeJson(json({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }), LOGS)).toEqual({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '1700000000', traceId: TRACE_ID }] }] }],
    })
  })

  it.each([
    ['a list', []],
    ['a text for a list', { resourceLogs: 'x' }],
    ['an id that is not hex', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ traceId: 'xyz' }] }] }] }],
    ['the name of an enum', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: 'INFO' }] }] }] }],
    ['a text for a message', logOf('x')],
  ])('refuses %s', (_, value) => {
    expect(() => decodeJson(json(value), LOGS)).toThrow(Refused)
  })
})
