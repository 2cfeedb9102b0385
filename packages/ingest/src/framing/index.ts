import { Framer } from './framer.ts'
import { inflate, inflateStream, isGzip } from './inflate.ts'
import { type Fault, FILE_LIMITS, type Framed, type FramingLimits, STREAM_LIMITS } from './types.ts'

export * from './types.ts'

/** How much the framer is given at a time, so that it holds little more than one element. */
const STEP = 256 * 1024

/** Avro single-object encoding begins so: https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding */
const isBatch = (bytes: Uint8Array): boolean => bytes[0] === 0xc3 && bytes[1] === 0x01

/** The most bytes of a Weir batch: what Kinesis takes as one record at most. */
const MAX_BATCH_BYTES = 10 * 1024 * 1024

/**
 * The elements of an input that is held whole, gzip or not: a JSON array, `{"Records":[…]}`, one object, NDJSON, objects one behind the other, a
 * CloudWatch Logs envelope, a Weir batch, or lines of text. The content decides which. Bounded in time and memory whatever the bytes are;
 * never throws.
 */
export function* frameBytes(bytes: Uint8Array, limits: FramingLimits = STREAM_LIMITS): Generator<Framed> {
  const { bytes: plain, fault } = isGzip(bytes) ? inflate(bytes, limits) : { bytes, fault: undefined }
  if (fault && plain.length === 0) {
    yield { kind: 'bad', ...fault, bytes, offset: 0, length: bytes.length }
    return
  }
  if (isBatch(plain) && !fault) {
    yield { kind: 'batch', bytes: plain, offset: 0 }
    return
  }
  const framer = new Framer(limits)
  for (let at = 0; at < plain.length; at += STEP) {
    framer.feed(plain.subarray(at, at + STEP))
    yield* framer.drain(false)
  }
  yield* framer.drain(true, fault)
}

/**
 * The same for an input that comes in pieces, such as a file: holds one element at a time. Chunks must not change after they were given. Throws
 * only what the chunks' own source throws.
 */
export async function* frameStream(
  chunks: AsyncIterable<Uint8Array>,
  limits: FramingLimits = FILE_LIMITS,
): AsyncGenerator<Framed> {
  const raw = await peek(chunks)
  let fault: Fault | undefined
  async function* inflated(): AsyncGenerator<Uint8Array> {
    fault = yield* inflateStream(raw.rest, limits)
  }
  const plain = isGzip(raw.head) ? await peek(inflated()) : raw
  if (isBatch(plain.head)) {
    yield await batchOf(plain.rest)
    return
  }
  const framer = new Framer(limits)
  for await (const chunk of plain.rest) {
    framer.feed(chunk)
    yield* framer.drain(false)
  }
  yield* framer.drain(true, fault)
}

async function batchOf(chunks: AsyncIterable<Uint8Array>): Promise<Framed> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    length += chunk.length
    if (length > MAX_BATCH_BYTES) break
  }
  const bytes = Buffer.concat(parts)
  if (length <= MAX_BATCH_BYTES) return { kind: 'batch', bytes, offset: 0 }
  const detail = `a batch longer than ${MAX_BATCH_BYTES} bytes`
  return { kind: 'bad', reason: 'too-large', detail, bytes: bytes.subarray(0, STEP), offset: 0, length }
}

/** Looks at the first two bytes without losing them. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly rest: AsyncIterable<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]()
  const seen: Uint8Array[] = []
  let length = 0
  while (length < 2) {
    const next = await source.next()
    if (next.done) break
    seen.push(next.value)
    length += next.value.length
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    let finished = false
    try {
      yield* seen
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value
      finished = true
    } finally {
      if (!finished) await source.return?.()
    }
  }
  return { head: Buffer.concat(seen), rest: rest() }
}
