import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decoded, decode, fromFramed, gathered } from './decode.ts'
import type { Quarantined } from './event.ts'
import { frameBytes } from './framing/index.ts'
import { batchBytes, FUNCTION_ARN, testOrigin, type WrittenBatch } from './sources/testing/records.ts'

const origin = testOrigin()
const of = (bytes: string | Uint8Array, more = {}): Decoded =>
  decode({ origin: { ...origin, ...more }, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes })
const total = ({ records, quarantined }: Decoded): number =>
  records.length + quarantined.reduce((sum, item) => sum + item.records, 0)

const batch: WrittenBatch = {
  sandbox: '00112233445566778899aabbccddeeff',
  sequence: 4,
  function: { arn: FUNCTION_ARN, version: '7', memoryMb: 128, region: 'eu-west-1', runtime: '', initializationType: '' },
  extension: '0.1.0',
  emitted: 12,
  dropped: [{ reason: 'buffer-full', records: 2, bytes: 300 }],
  previous: '',
  records: [
    { signal: 'function', time: 1_795_166_400_000, invocation: 'r1', body: 'a line' },
    { signal: 'platform.report', time: 1_795_166_400_001, invocation: 'r1', body: { status: 'success' } },
    { signal: 'function', time: 1_795_166_400_002, invocation: 'r1', body: { level: 'INFO' } },
  ],
}

describe('decode', () => {
  it('takes a batch apart and gives its header', () => {
    const decoded = of(batchBytes(batch))
    expect(decoded.records.map(record => record.value)).toEqual(['a line', { status: 'success' }, { level: 'INFO' }])
    expect(decoded.records.map(record => record.index)).toEqual([0, 1, 2])
    expect(decoded.parts[0]?.batch).toMatchObject({ sandbox: batch.sandbox, sequence: 4, emitted: 12, dropped: batch.dropped })
    expect(decoded).toMatchObject({ received: 3, quarantined: [], control: 0 })
  })

  it('sets a batch with a corrupted byte aside with its count, at every position, and never throws', () => {
    const whole = batchBytes(batch)
    for (let at = 0; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole)
      bytes[at] = (bytes[at] as number) ^ 0x55
      const decoded = of(bytes)
      expect(total(decoded)).toBe(decoded.received)
      if (decoded.quarantined.length === 0) continue
      expect(decoded.records).toEqual([])
      expect(decoded.parts[0]?.batch).toBeUndefined()
    }
    const damaged = Uint8Array.from(whole)
    damaged[whole.length - 20] = (damaged[whole.length - 20] as number) ^ 1
    expect(of(damaged).quarantined).toMatchObject([{ reason: 'corrupt', records: 3, bytes: damaged }])
    expect(of(whole.subarray(0, 12)).quarantined).toMatchObject([{ reason: 'corrupt', records: 1 }])
  })

  it('names an unknown schema as what a newer Weir can read', () => {
    const bytes = Uint8Array.from(batchBytes(batch))
    bytes[5] = (bytes[5] as number) ^ 0xff
    expect(of(bytes).quarantined).toMatchObject([{ reason: 'unknown-schema', bytes }])
  })

  it('sets a record with a bad body aside alone', () => {
    const good = batchBytes(batch)
    const decoded = of(
      batchBytes({ ...batch, records: [...batch.records, { signal: 'x', time: 1, invocation: '', body: deep(70) }] }),
    )
    expect(of(good).quarantined).toEqual([])
    expect(decoded.records).toHaveLength(3)
    expect(decoded.quarantined).toMatchObject([{ reason: 'too-deep', records: 1 }])
    expect(decoded.quarantined[0]?.detail).toMatch(/^record 3 of the batch: /)
    expect(decoded.received).toBe(4)
  })

  it('sets a batch aside whole where none may come', () => {
    const bytes = batchBytes(batch)
    const decoded = of(bytes, { sources: ['cloudtrail'] })
    expect(decoded.quarantined).toMatchObject([{ reason: 'wrong-source', records: 3, bytes }])
    expect(decoded.quarantined[0]?.detail).toBe('a weir batch on a stream that may carry cloudtrail')
    expect([decoded.parts[0]?.batch, decoded.records, decoded.received]).toEqual([undefined, [], 3])
  })

  it('parses the JSON message of a log event, and keeps other messages as text', () => {
    const message = (text: string) => ({ id: '1', timestamp: 1, message: text })
    const envelope = {
      messageType: 'DATA_MESSAGE',
      owner: '1',
      logGroup: 'g',
      logStream: 's',
      subscriptionFilters: [],
      logEvents: [message('{"a":1}\n'), message('{no}'), message('line'), message(JSON.stringify(deep(70)))],
    }
    const decoded = of(gzipSync(JSON.stringify(envelope)))
    expect(decoded.records.map(record => typeof record.value)).toEqual(['object', 'string', 'string', 'string'])
    expect(decoded.records[0]).toMatchObject({
      value: { a: 1 },
      carrier: { kind: 'logs', id: '1', timestamp: 1, envelope: { logGroup: 'g' } },
    })
    expect(of(JSON.stringify({ ...envelope, messageType: 'CONTROL_MESSAGE' }))).toMatchObject({
      records: [],
      received: 0,
      control: 1,
    })
  })

  it('says what is broken, where, and nothing of its content', () => {
    const { quarantined, records } = of('{"a":1}\n{"password":hunter2}\n{"b":2}\n')
    expect(records).toHaveLength(2)
    expect(quarantined).toMatchObject([{ reason: 'invalid-json', bytes: Buffer.from('{"password":hunter2}'), records: 1 }])
    expect(quarantined[0]?.detail).toMatch(/at byte 8$/)
    expect(quarantined[0]?.detail).not.toMatch('hunter2')
  })

  it('takes a part of a file as an input', () => {
    const framed = [...frameBytes(Buffer.from('{"a":1}\nno\n{"a":2}'))]
    const decoded = decode(fromFramed(framed.slice(1), origin))
    expect(decoded.records.map(({ value, index }) => [value, index])).toEqual([[{ a: 2 }, 0]])
    expect(decoded).toMatchObject({ received: 2, quarantined: [{ origin: { file: true } }] })
    const bytes = batchBytes(batch)
    expect(fromFramed([...frameBytes(gzipSync(bytes))], origin).bytes).toEqual(Buffer.from(bytes))
  })

  it('makes one entry of many pieces', () => {
    const { quarantined, received } = of(`{"a":1}\n${'no\n'.repeat(500)}{"b":2}`)
    expect(quarantined).toHaveLength(1)
    expect(quarantined[0]).toMatchObject({ reason: 'invalid-json', records: 500, detail: 'not JSON, at byte 8, and 499 more' })
    expect(received).toBe(502)
    const piece = (reason: Quarantined['reason']): Quarantined => ({
      origin,
      reason,
      detail: 'd',
      bytes: Buffer.from('b'),
      records: 1,
    })
    const mixed = [...Array.from({ length: 9 }, () => piece('too-large')), piece('corrupt')]
    expect(gathered(mixed).map(({ reason, records }) => [reason, records])).toEqual([
      ['too-large', 9],
      ['corrupt', 1],
    ])
    // What can be read again by itself would not be, with anything behind it.
    const whole = gathered([...mixed, ...Array.from({ length: 9 }, () => ({ ...piece('too-large'), whole: true as const }))])
    expect(whole.map(({ records }) => records)).toEqual([...Array.from({ length: 9 }, () => 1), 9, 1])
  })

  it('never throws, and counts every record once', () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.concat([batchBytes(batch).subarray(0, 80), bytes])),
      fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.concat([Buffer.from([0xc3, 0x01]), bytes])),
      fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.concat([gzipSync('{"a":1}\n').subarray(0, 15), bytes])),
      fc.json().map(text => Buffer.from(text)),
    )
    fc.assert(
      fc.property(input, bytes => {
        const decoded = of(bytes)
        expect(total(decoded)).toBe(decoded.received)
      }),
      { numRuns: 1000 },
    )
  })
})

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = { a: value }
  return value
}
