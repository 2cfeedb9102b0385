import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOpener, makeKeys, SealError } from './open.ts'
import {
  createSealer,
  FRAME,
  type Frame,
  HEADER_BYTES,
  keyId,
  MAX_FRAME,
  readFrame,
  readHeader,
  writeFrame,
  writeHead,
  writeHeader,
} from './seal.ts'

const SANDBOX = '00112233445566778899aabbccddeeff'
const pair = makeKeys()
const recipient = Buffer.from(pair.public, 'base64')
const opener = createOpener([Buffer.from(pair.private, 'base64')])
const sealer = createSealer(recipient, randomBytes)
const header = writeHeader({ keyId: keyId(recipient), sandbox: SANDBOX, encapsulated: sealer.encapsulated })

function sealed(plain: Uint8Array, number = 0, sequence = 1, kind: number = FRAME.records): Uint8Array {
  const head = writeHead(kind, plain.length + 16, number, sequence)
  return Buffer.concat([header, writeFrame(head, sealer.seal(number, Buffer.concat([header, head]), plain))])
}
const reasonOf = (bytes: Uint8Array): string => {
  try {
    opener.open(bytes)
    return 'opened'
  } catch (error) {
    return error instanceof SealError ? error.reason : String(error)
  }
}

describe('a sealed frame', () => {
  it('gives back what was sealed, each frame alone and in any order', () => {
    const message = fc.record({
      plain: fc.uint8Array({ maxLength: 300 }),
      sequence: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      kind: fc.constantFrom(FRAME.records, FRAME.part, FRAME.cut),
    })
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), messages => {
        const frames = messages.map(({ plain, sequence, kind }, number) => ({
          bytes: sealed(plain, number, sequence, kind),
          expected: { sandbox: SANDBOX, sequence, batch: Buffer.from(plain) },
        }))
        for (const { bytes, expected } of frames.toReversed()) expect(opener.open(bytes)).toEqual(expected)
      }),
    )
  })

  it('is refused when any byte of it is another', () => {
    const good = sealed(Buffer.from('a batch'))
    expect(reasonOf(good)).toBe('opened')
    for (let at = 0; at < good.length; at++) {
      for (const flip of [1, 0x80]) {
        const bad = Buffer.from(good)
        bad[at] = (bad[at] ?? 0) ^ flip
        // The checksum is no secret: one who changes a frame can mend it.
        bad.writeUInt32LE(crcOf(bad), bad.length - 4)
        expect(reasonOf(bad), `byte ${at}`).toBe(
          at >= 4 && at < 12 ? 'unknown-key' : at >= good.length - 4 ? 'opened' : 'corrupt',
        )
      }
    }
  })

  it('is refused when it is cut, goes on, or is anything else', () => {
    const good = sealed(Buffer.from('a batch'))
    for (let length = 0; length < good.length; length++) expect(reasonOf(good.subarray(0, length))).toBe('corrupt')
    expect(reasonOf(Buffer.concat([good, Buffer.of(0)]))).toBe('corrupt')
    expect(reasonOf(sealed(Buffer.from('x'), 1, 1, FRAME.mark))).toBe('corrupt')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(['corrupt', 'unknown-key']).toContain(reasonOf(bytes))
        expect(['corrupt', 'unknown-key']).toContain(reasonOf(Buffer.concat([header, bytes])))
      }),
    )
  })

  it('names its key, so that a reader with several finds the one it needs', () => {
    const other = makeKeys()
    const both = createOpener([other, pair].map(each => Buffer.from(each.private, 'base64')))
    expect(both.keys).toEqual([other.id, pair.id])
    expect(both.open(sealed(Buffer.from('x'), 2)).batch).toEqual(Buffer.from('x'))
    expect(reasonOf(sealed(Buffer.from('x'), 3))).toBe('opened')
    expect(() => createOpener([Buffer.from(other.private, 'base64')]).open(sealed(Buffer.from('x'), 4))).toThrow(
      `sealed to the key ${pair.id}, which is not here`,
    )
    expect(() => createOpener([new Uint8Array(31)])).toThrow('32 bytes')
  })

  it('is not opened by a key that only has the same id in its header', () => {
    const other = Buffer.from(makeKeys().public, 'base64')
    const elsewhere = createSealer(other, randomBytes)
    const head = writeHead(FRAME.records, 17, 0, 1)
    const own = writeHeader({ keyId: keyId(recipient), sandbox: SANDBOX, encapsulated: elsewhere.encapsulated })
    const bytes = Buffer.concat([own, writeFrame(head, elsewhere.seal(0, Buffer.concat([own, head]), Buffer.of(1)))])
    expect(reasonOf(bytes)).toBe('corrupt')
  })
})

describe('a journal', () => {
  it('reads back its header', () => {
    expect(header).toHaveLength(HEADER_BYTES)
    expect(readHeader(header)).toEqual({ keyId: keyId(recipient), sandbox: SANDBOX, encapsulated: sealer.encapsulated })
    expect(readHeader(header.subarray(1))).toBeUndefined()
  })

  it('reads back its frames up to where it is torn', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), fc.nat(), (contents, tear) => {
        const frames = contents.map((content, number) => writeFrame(writeHead(FRAME.mark, content.length, number, 7), content))
        const whole = Buffer.concat(frames)
        const torn = whole.subarray(0, tear % (whole.length + 1))
        const read: Frame[] = []
        for (let from = 0, frame = readFrame(torn, from); frame; frame = readFrame(torn, from)) {
          read.push(frame)
          from = frame.to
        }
        const intact = frames.filter((_, index) => Buffer.concat(frames.slice(0, index + 1)).length <= torn.length)
        expect(read.map(each => [each.number, Buffer.from(each.content)])).toEqual(
          intact.map((_, index) => [index, Buffer.from(contents[index] ?? [])]),
        )
      }),
    )
  })

  it('believes no length beyond what a record of the stream can hold', () => {
    const head = writeHead(FRAME.records, MAX_FRAME + 1, 0, 1)
    expect(readFrame(writeFrame(head, new Uint8Array(MAX_FRAME + 1)), 0)).toBeUndefined()
  })
})

function crcOf(sealedFrame: Uint8Array): number {
  const frame = writeFrame(sealedFrame.subarray(HEADER_BYTES, HEADER_BYTES + 13), sealedFrame.subarray(HEADER_BYTES + 13, -4))
  return Buffer.from(frame).readUInt32LE(frame.length - 4)
}
