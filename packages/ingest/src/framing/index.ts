import { Framer } from './framer.ts'
import { inflate, inflateStream, isGzip } from './inflate.ts'
import { FILE_LIMITS, type Framed, type FramingLimits, STREAM_LIMITS } from './types.ts'

export * from './types.ts'

/** How much the framer is given at a time, so that it holds little more than one element. */
const STEP = 256 * 1024

/**
 * The elements of an input that is held whole, gzip or not: a JSON array, `{"Records":[…]}`, one object, NDJSON, objects one behind the other, a
 * CloudWatch Logs envelope, or lines of text. The content decides which. Bounded in time and memory whatever the bytes are; never throws.
 */
export function* frameBytes(bytes: Uint8Array, limits: FramingLimits = STREAM_LIMITS): Generator<Framed> {
  const { bytes: plain, fault } = isGzip(bytes) ? inflate(bytes, limits) : { bytes, fault: undefined }
  if (fault && plain.length === 0) {
    yield { kind: 'bad', ...fault, bytes, offset: 0, length: bytes.length }
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
  const { head, rest } = await firstBytes(chunks)
  const framer = new Framer(limits)
  const plain = isGzip(head) ? inflateStream(rest, limits) : rest
  const pieces = plain[Symbol.asyncIterator]()
  let next = await pieces.next()
  try {
    for (; !next.done; next = await pieces.next()) {
      framer.feed(next.value)
      yield* framer.drain(false)
    }
  } finally {
    if (!next.done) await pieces.return?.(undefined)
  }
  yield* framer.drain(true, next.value ?? undefined)
}

/** Looks at the first two bytes without losing them. */
async function firstBytes(chunks: AsyncIterable<Uint8Array>): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]()
  const seen: Uint8Array[] = []
  let length = 0
  while (length < 2) {
    const next = await source.next()
    if (next.done) break
    seen.push(next.value)
    length += next.value.length
  }
  async function* rest() {
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
