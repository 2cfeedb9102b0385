import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import avsc from 'avsc'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBody } from './body.ts'
import { decodeBatch, isBatch, readEnvelope } from './decode.ts'
import { DICTIONARIES } from './dictionary.ts'
import { encodeBatch } from './encode.ts'
import { WireError, type WireReason } from './errors.ts'
import { canonicalForm, fingerprint } from './fingerprint.ts'
import { generator, sampleBatch, sampleTelemetry } from './measure.ts'
import { batch as anyBatch, plain } from './testing/arbitraries.ts'
import { messageOf } from './testing/message.ts'
import type { Batch } from './types.ts'
import { v1 } from './v1.ts'
import { ENVELOPE, ENVELOPE_FINGERPRINT, PAYLOAD } from './v1-schema.ts'

const refusal = (act: () => unknown): WireReason | undefined => {
  try {
    act()
  } catch (error) {
    if (error instanceof WireError) return error.reason
    throw error
  }
}

const GOLDEN: Batch = {
  sandbox: '000102030405060708090a0b0c0d0e0f',
  sequence: 3,
  function: {
    arn: 'arn:aws:lambda:eu-west-1:012345678901:function:thumbnails',
    version: '$LATEST',
    memoryMb: 256,
    region: 'eu-west-1',
    runtime: 'nodejs:24.v9',
    initializationType: 'on-demand',
  },
  extension: '0.1.0',
  emitted: 5,
  dropped: [{ reason: 'buffer-full', records: 2, bytes: 700 }],
  previous: '',
  signature: new Uint8Array(),
  records: [
    {
      signal: 'function',
      time: 1_789_000_000_123,
      invocation: '3da1f2dc-3222-475e-9205-e2e6c6318895',
      contentType: 'text/plain',
      body: Buffer.from('hello\n'),
    },
    {
      signal: 'weir.process',
      time: 1_789_000_000_100,
      invocation: '',
      contentType: 'application/json',
      body: Buffer.from('{"pids":3}'),
    },
  ],
}
const GOLDEN_HEX =
  'c301f9014844af85037b000102030405060708090a0b0c0d0e0f060402029003001696af9dc8018b22a2d42ec928cd4dca4bcccc297ef3e1c1dfe80616128b71' +
  '2e26e41e1acb0f2e062605db859fee1829b9c74d627df4ec9861c754061678d830a1f4fb1818581898185898181858be75aeed9e98a1cbc0c293919a9393cf25' +
  '520d2a5e8b95ac8c6b190000'
const GOLDEN_PAYLOAD_HEX =
  '5a61726e3a6177733a6c616d6264613a65752d776573742d313a3a66756e6374696f6e3a7468756d626e61696c73ecf0e0fd5b80040e244c415445535412' +
  '65752d776573742d31186e6f64656a733a32342e7639126f6e2d64656d616e640a302e312e300a02166275666665722d66756c6c04f80a0002203da1f2dc' +
  '3222475e9205e2e6c631889500041066756e6374696f6e0218776569722e70726f636573730000040002000402000004f689ad8b91682d00040c68656c6c' +
  '6f0a147b2270696473223a337d00'

describe('version 1 of the wire', () => {
  it('has the canonical forms and the fingerprint it was shipped with', () => {
    expect(fingerprint(ENVELOPE)).toBe(ENVELOPE_FINGERPRINT)
    expect(fingerprint(ENVELOPE)).toBe('f9014844af85037b')
    expect(fingerprint(PAYLOAD)).toBe('77043d4cc965ff1e')
    expect(canonicalForm(PAYLOAD)).toContain('"name":"io.weir.v1.Payload"')
  })

  it('has the dictionary it was shipped with', () => {
    const digest = createHash('sha256')
      .update(DICTIONARIES.get(1) ?? '')
      .digest('hex')
    expect(digest).toBe('dc93e4f490a0437df6327442515f1b52538a0b1f2ac2a4ef16741a7b4eaa575b')
  })

  it('reads the bytes it was shipped with', () => {
    expect(plain(decodeBatch(Buffer.from(GOLDEN_HEX, 'hex')))).toEqual(plain(GOLDEN))
  })

  it('writes the bytes it was shipped with, up to compression, which differs between builds of zlib', () => {
    const { envelope, records } = v1.open(encodeBatch(GOLDEN))
    expect(envelope).toEqual(readEnvelope(Buffer.from(GOLDEN_HEX, 'hex')))
    expect(inflateRawSync(records, { dictionary: DICTIONARIES.get(1) }).toString('hex')).toBe(GOLDEN_PAYLOAD_HEX)
  })

  it('is the Avro that avsc writes and reads', () => {
    const message = Buffer.from(encodeBatch(GOLDEN))
    const envelope = avsc.Type.forSchema(ENVELOPE).fromBuffer(message.subarray(10))
    expect(envelope).toMatchObject({ sequence: 3, count: 2, codec: 1, dictionary: 1 })
    const raw = inflateRawSync(envelope.records, { dictionary: DICTIONARIES.get(1) })
    const payloadType = avsc.Type.forSchema(PAYLOAD)
    const payload = payloadType.fromBuffer(raw)
    expect(payloadType.toBuffer(payload)).toEqual(raw)
    expect(payload).toMatchObject({
      emitted: 5,
      signals: [{ name: 'function' }, { name: 'weir.process' }],
      time: [1_789_000_000_123, -23],
    })
  })
})

describe('decodeBatch', () => {
  it('gives back what encodeBatch was given', () => {
    fc.assert(
      fc.property(anyBatch, batch => {
        const message = encodeBatch(batch)
        expect(isBatch(message)).toBe(true)
        expect(plain(decodeBatch(message))).toEqual(plain(batch))
        expect(readEnvelope(message)).toMatchObject({
          sandbox: batch.sandbox,
          sequence: batch.sequence,
          count: batch.records.length,
        })
      }),
    )
  })

  it('gives back real telemetry through packed bodies', () => {
    const random = generator(1)
    for (let round = 0; round < 30; round++) {
      const events = sampleTelemetry(20, random)
      expect(decodeBatch(encodeBatch(sampleBatch(events, random))).records.map(readBody)).toEqual(
        events.map(event => event.record),
      )
    }
  })

  it('turns a time that no clock should show into 0', () => {
    const times = [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e15, 1_789_000_000_000.9]
    const [first] = GOLDEN.records
    const records = times.map(time => ({ ...(first as Batch['records'][number]), time }))
    expect(decodeBatch(encodeBatch({ ...GOLDEN, records })).records.map(record => record.time)).toEqual([
      0, 0, 0, 0, 1_789_000_000_000,
    ])
  })

  const payload = (): Buffer => {
    const { records } = v1.open(encodeBatch(GOLDEN))
    return inflateRawSync(records, { dictionary: DICTIONARIES.get(1) })
  }

  it.each<[string, WireReason, () => Uint8Array]>([
    ['anything else', 'corrupt', () => Buffer.from('{"Records":[]}')],
    ['nothing', 'corrupt', () => new Uint8Array()],
    [
      'an unknown fingerprint',
      'unknown-schema',
      () => messageOf({ payload: payload(), count: 2, fingerprint: '0102030405060708' }),
    ],
    ['an unknown codec', 'unknown-schema', () => messageOf({ payload: payload(), count: 2, codec: 2 })],
    [
      'an unknown dictionary',
      'unknown-dictionary',
      () => messageOf({ payload: payload(), records: deflateRawSync(payload()), count: 2, codec: 1, dictionary: 9 }),
    ],
    [
      'the wrong dictionary',
      'corrupt',
      () =>
        messageOf({
          payload: payload(),
          records: deflateRawSync(payload(), { dictionary: DICTIONARIES.get(1) }),
          count: 2,
          codec: 1,
        }),
    ],
    ['a count that is not the number of records', 'corrupt', () => messageOf({ payload: payload(), count: 3 })],
    ['a negative count', 'corrupt', () => messageOf({ payload: payload(), count: -2 })],
    ['sequence 0', 'corrupt', () => messageOf({ payload: payload(), count: 2, sequence: 0 })],
    [
      'a previous digest of another length',
      'corrupt',
      () => messageOf({ payload: payload(), count: 2, previous: Buffer.alloc(31) }),
    ],
    ['fewer bytes than it says', 'corrupt', () => messageOf({ payload: payload(), count: 2, rawBytes: payload().length + 1 })],
    [
      'more bytes than it says',
      'corrupt',
      () =>
        messageOf({ payload: payload(), records: deflateRawSync(payload()), count: 2, codec: 1, rawBytes: payload().length - 1 }),
    ],
    ['bytes after the payload', 'corrupt', () => messageOf({ payload: Buffer.concat([payload(), Buffer.of(0)]), count: 2 })],
    ['bytes after the message', 'corrupt', () => messageOf({ payload: payload(), count: 2, trailing: Buffer.of(0) })],
    ['more than the limit', 'too-large', () => messageOf({ payload: payload(), count: 2, rawBytes: 4 * 1024 * 1024 + 1 })],
    [
      'a bomb of zeros',
      'corrupt',
      () =>
        messageOf({ payload: payload(), records: deflateRawSync(Buffer.alloc(100_000_000)), count: 2, codec: 1, rawBytes: 1000 }),
    ],
  ])('refuses %s', (_, reason, message) => {
    expect(refusal(() => decodeBatch(message()))).toBe(reason)
  })

  it('takes the limits it is given', () => {
    const message = messageOf({ payload: payload(), count: 2 })
    expect(decodeBatch(message).records).toHaveLength(2)
    expect(refusal(() => decodeBatch(message, { rawBytes: payload().length - 1 }))).toBe('too-large')
    expect(refusal(() => decodeBatch(message, { items: 5 }))).toBe('too-large')
  })

  it('says nothing of the content in an error', () => {
    const message = Buffer.from(encodeBatch(GOLDEN))
    message[message.length - 3] = (message[message.length - 3] ?? 0) ^ 1
    expect(() => decodeBatch(message)).toThrow(/^(the checksum does not match|the records do not inflate.*)$/)
  })
})
