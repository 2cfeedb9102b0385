import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBody } from './body.ts'
import { decodeBatch, readEnvelope } from './decode.ts'
import { DICTIONARIES } from './dictionary.ts'
import { encodeBatch } from './encode.ts'
import { BodyError, WireError } from './errors.ts'
import { generator, sampleBatch, sampleTelemetry } from './measure.ts'
import { messageOf } from './testing/message.ts'
import { inflateRawSync } from 'node:zlib'
import { v1 } from './v1.ts'

const random = generator(7)
const message = Buffer.from(encodeBatch(sampleBatch(sampleTelemetry(10, random), random)))
const payload = inflateRawSync(v1.open(message).records, { dictionary: DICTIONARIES.get(1) })

/** Decodes and reads everything; what is refused must be refused by one of our errors. */
function outcome(bytes: Uint8Array): 'read' | 'refused' {
  try {
    for (const record of decodeBatch(bytes).records) {
      try {
        readBody(record)
      } catch (error) {
        if (!(error instanceof BodyError)) throw error
      }
    }
    return 'read'
  } catch (error) {
    if (error instanceof WireError) return 'refused'
    throw error
  }
}

const changed = (bytes: Uint8Array, at: number, xor: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ xor
  return copy
}

describe('a damaged batch', () => {
  it('is refused, whatever one byte becomes at whatever place', () => {
    expect(outcome(message)).toBe('read')
    const survivors: string[] = []
    for (let at = 0; at < message.length; at++) {
      for (const xor of [1, 2, 4, 8, 16, 32, 64, 128, 0x55, 0xff]) {
        if (outcome(changed(message, at, xor)) === 'read') survivors.push(`${at}^${xor}`)
      }
    }
    expect(survivors).toEqual([])
  })

  it('is refused when it ends early, at whatever length', () => {
    for (let length = 0; length < message.length; length++) expect(outcome(message.subarray(0, length))).toBe('refused')
  })

  it('is refused when bytes move, repeat or vanish', () => {
    for (let at = 10; at < message.length - 1; at += 3) {
      expect(outcome(Buffer.concat([message.subarray(0, at), message.subarray(at + 1)]))).toBe('refused')
      expect(outcome(Buffer.concat([message.subarray(0, at), message.subarray(at - 1)]))).toBe('refused')
    }
  })
})

describe('a hostile batch, whose checksum is right', () => {
  it('is read or refused, and never hangs, with any byte of its payload changed', () => {
    const outcomes = new Set<string>()
    for (let at = 0; at < payload.length; at++) {
      for (const xor of [1, 0x40, 0x80, 0xff]) outcomes.add(outcome(messageOf({ payload: changed(payload, at, xor), count: 10 })))
    }
    expect(outcomes).toEqual(new Set(['read', 'refused']))
  })

  it('is read or refused when its payload is cut', () => {
    for (let length = 0; length < payload.length; length++) {
      expect(outcome(messageOf({ payload: payload.subarray(0, length), count: 10 }))).toBe('refused')
    }
  })

  it('is read or refused when its payload is any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(20),
        (bytes, count) => void outcome(messageOf({ payload: bytes, count })),
      ),
    )
  })

  it('is refused at once when it counts more than it holds', () => {
    // An empty identity, then an array count of 10^15 where each array of the payload begins.
    const head = Buffer.alloc(9)
    const bomb = Buffer.from('8080c0c5b4d5c603', 'hex')
    for (let arrays = 0; arrays < 7; arrays++) {
      expect(outcome(messageOf({ payload: Buffer.concat([head, Buffer.alloc(arrays), bomb]), count: 0 }))).toBe('refused')
    }
  })

  it('is refused as too large when its items are many and small', () => {
    const many = Buffer.concat([Buffer.alloc(9 + 3), count(2_000_000), Buffer.alloc(2_000_000), Buffer.alloc(4)])
    expect(() => decodeBatch(messageOf({ payload: many, count: 0 }))).toThrow(/too many items/)
  })
})

describe('a batch that is small and would grow', () => {
  const long = 'x'.repeat(100_000)

  it('is refused for a long name that every record would repeat', () => {
    const batch = sampleBatch(sampleTelemetry(2, random), random)
    const grown = { ...batch, extension: long, function: { ...batch.function, arn: long, runtime: long } }
    expect(decodeBatch(encodeBatch(grown)).function.arn).toHaveLength(256)
    const head = Buffer.concat([count(100_000), Buffer.from(long), Buffer.alloc(15)])
    expect(() => decodeBatch(messageOf({ payload: head, count: 0 }))).toThrow(/a name of more than 256/)
    const records = batch.records.map(record => ({ ...record, signal: long, invocation: long }))
    expect(decodeBatch(encodeBatch({ ...batch, records })).records[0]).toMatchObject({
      signal: long.slice(0, 256),
      invocation: long.slice(0, 256),
    })
  })

  it('has its lines refused that repeat the invocation without end', () => {
    const body = Buffer.concat([Buffer.of(13, 0), Buffer.alloc(1_000_000, 1)])
    const record = {
      signal: 'function',
      time: 0,
      invocation: 'i'.repeat(256),
      contentType: 'application/vnd.weir.platform',
      body,
    } as const
    expect(() => readBody(record)).toThrow(/line: grows too much/)
  })
})

describe('any bytes', () => {
  it('are read or refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => void outcome(bytes)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => void outcome(Buffer.concat([message.subarray(0, 10), bytes]))),
    )
  })

  it('never make readEnvelope throw anything but WireError', () => {
    fc.assert(
      fc.property(fc.nat(message.length), fc.uint8Array({ maxLength: 60 }), (kept, bytes) => {
        try {
          readEnvelope(Buffer.concat([message.subarray(0, kept), bytes]))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})

function count(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
