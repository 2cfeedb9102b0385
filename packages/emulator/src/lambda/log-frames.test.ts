import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameDecoder, LineDecoder, MAX_LINE } from './log-frames.ts'

function frame(text: string, { json = false, time = 0 } = {}): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.alloc(16)
  header.writeUInt32BE(json ? 0xa55a000e : 0xa55a000f, 0)
  header.writeUInt32BE(payload.length, 4)
  header.writeBigUInt64BE(BigInt(time) * 1000n, 8)
  return Buffer.concat([header, payload])
}

/** Feeds bytes in pieces of the given lengths, then whole. */
function feed<T>(decoder: { push(chunk: Buffer): T[]; end(): T[] }, bytes: Buffer, cuts: readonly number[]): T[] {
  const out: T[] = []
  let at = 0
  for (const cut of cuts) {
    out.push(...decoder.push(bytes.subarray(at, at + cut)))
    at += cut
  }
  return [...out, ...decoder.push(bytes.subarray(at)), ...decoder.end()]
}

describe('FrameDecoder', () => {
  it('returns the messages of frames however they are cut', () => {
    const message = fc.record({
      text: fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
      json: fc.boolean(),
      time: fc.nat(2 ** 31),
    })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), fc.array(fc.nat(50), { maxLength: 50 }), (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(({ text, ...how }) => frame(text, how)))
        expect(feed(new FrameDecoder(), bytes, cuts)).toEqual(messages)
      }),
    )
  })

  it('cuts a large message into pieces and holds no more than one', () => {
    const text = 'x'.repeat(MAX_LINE * 2 + 10)
    const lines = feed(new FrameDecoder(), frame(text), [])
    expect(lines.map(line => line.text.length)).toEqual([MAX_LINE, MAX_LINE, 10])
  })

  it('takes what is no frame for text, and finds back', () => {
    const bytes = Buffer.concat([Buffer.from('written by hand\n'), frame('framed')])
    expect(feed(new FrameDecoder(), bytes, [])).toEqual([
      { text: 'written by hand\n', json: false },
      { text: 'framed', json: false, time: 0 },
    ])
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.array(fc.nat(50), { maxLength: 20 }), (bytes, cuts) => {
        expect(() => feed(new FrameDecoder(), Buffer.from(bytes), cuts)).not.toThrow()
      }),
    )
  })
})

describe('LineDecoder', () => {
  it('returns every byte, in lines, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{0,20}\n?$/), { maxLength: 30 }),
        fc.array(fc.nat(20), { maxLength: 30 }),
        (parts, cuts) => {
          const text = parts.join('')
          const lines = feed(new LineDecoder(), Buffer.from(text), cuts).map(line => line.text)
          expect(lines.join('')).toBe(text)
          expect(lines.slice(0, -1).every(line => line.indexOf('\n') === line.length - 1)).toBe(true)
        },
      ),
    )
  })

  it('cuts a line without an end', () => {
    const lines = feed(new LineDecoder(), Buffer.from(`${'x'.repeat(MAX_LINE + 5)}\n`), [100])
    expect(lines.map(line => line.text.length)).toEqual([MAX_LINE, 6])
  })
})
