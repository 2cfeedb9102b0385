import { crc32 } from '../batch/crc32.ts'

/**
 * A journal: a header in the clear, then frames. All numbers are little endian. The header is `WJL`, the version 1, the id of the key that it
 * is sealed to, the sandbox, and the encapsulated key.
 */
export const HEADER_BYTES = 60
/** Of a frame: its kind, the length of its content, its number in the journal, the sequence of the batch inside. */
const HEAD_BYTES = 13
const CHECK_BYTES = 4
const MAGIC = Buffer.from('WJL\x01')
/** A batch is below 1 MiB, and so is all that may stand in one record of the stream. */
export const MAX_FRAME = 1_020_000

/**
 * What a frame holds. `records`: records that are in memory only, as a batch of their own. `part`: a batch as it is shipped; what is cut at
 * once ends with a `cut`, which is the same or empty, and from there on stands for all `records` before it. `mark`: the sequences of the batches
 * that still wait, in the clear.
 */
export const FRAME = { records: 1, part: 2, cut: 3, mark: 4 } as const

export interface Frame {
  readonly kind: number
  readonly number: number
  readonly sequence: number
  readonly content: Uint8Array
  /** Where it lies in the bytes that were read. */
  readonly from: number
  readonly to: number
}

export interface Header {
  readonly keyId: Uint8Array
  readonly sandbox: string
  readonly encapsulated: Uint8Array
}

/** `sandbox`: 32 hex digits. */
export const writeHeader = ({ keyId, sandbox, encapsulated }: Header): Uint8Array =>
  Buffer.concat([MAGIC, keyId, Buffer.from(sandbox, 'hex'), encapsulated])

/** Absent where the bytes begin no journal of this version. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < HEADER_BYTES || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return undefined
  return {
    keyId: bytes.subarray(4, 12),
    sandbox: Buffer.from(bytes.subarray(12, 28)).toString('hex'),
    encapsulated: bytes.subarray(28, HEADER_BYTES),
  }
}

/** A frame's head; with the journal's header before it, it is what the content is bound to. */
export function writeHead(kind: number, length: number, number: number, sequence: number): Uint8Array {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head[0] = kind
  head.writeUInt32LE(length, 1)
  head.writeUInt32LE(number, 5)
  head.writeUInt32LE(sequence, 9)
  return head
}

export function writeFrame(head: Uint8Array, content: Uint8Array): Uint8Array {
  const frame = Buffer.concat([head, content, Buffer.alloc(CHECK_BYTES)])
  frame.writeUInt32LE(crc32(frame.subarray(0, -CHECK_BYTES)), frame.length - CHECK_BYTES)
  return frame
}

/** The frame at `from`. Absent where none is whole there: a torn tail, or bytes that are no frame. */
export function readFrame(bytes: Uint8Array, from: number): Frame | undefined {
  if (bytes.length - from < HEAD_BYTES + CHECK_BYTES) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.length - from)
  const length = view.readUInt32LE(1)
  const end = HEAD_BYTES + length
  if (length > MAX_FRAME || view.length < end + CHECK_BYTES) return undefined
  if (view.readUInt32LE(end) !== crc32(view.subarray(0, end))) return undefined
  return {
    kind: view.readUInt8(),
    number: view.readUInt32LE(5),
    sequence: view.readUInt32LE(9),
    content: view.subarray(HEAD_BYTES, end),
    from,
    to: from + end + CHECK_BYTES,
  }
}

/** The head of a frame as it stands in the bytes that it was read from. */
export const headOf = (bytes: Uint8Array, { from }: Frame): Uint8Array => bytes.subarray(from, from + HEAD_BYTES)
