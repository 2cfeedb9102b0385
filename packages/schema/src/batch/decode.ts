import { inflateRawSync } from 'node:zlib'
import avsc from 'avsc'
import { DICTIONARIES } from './dictionary.ts'
import { WireError } from './errors.ts'
import { MAX_ITEMS, MAX_RAW_BYTES } from './limits.ts'
import type { Batch, Envelope } from './types.ts'
import { v1 } from './v1.ts'
import type { Opened, WireVersion } from './version.ts'
import { compileCheck } from './walk.ts'

/** Every version ever shipped. A new one is one file and one entry here. */
const VERSIONS: readonly WireVersion[] = [v1]

const READERS = new Map(
  VERSIONS.map(version => {
    const type = avsc.Type.forSchema(version.payload)
    return [
      version.fingerprint,
      { version, check: compileCheck(version.payload), decode: (bytes: Buffer): unknown => type.fromBuffer(bytes) },
    ]
  }),
)

/** The most that is set aside for inflating before anything has come of it, bytes. */
const MAX_CHUNK = 64 * 1024

/** What `decodeBatch` accepts at most. */
export interface DecodeLimits {
  /** Bytes after inflating. */
  readonly rawBytes?: number
  /** Array items in one batch, all arrays together. */
  readonly items?: number
}

/** Whether these bytes claim to be a batch (Avro single-object encoding); says nothing of its version or health. */
export function isBatch(bytes: Uint8Array): boolean {
  return bytes.length > 10 && bytes[0] === 0xc3 && bytes[1] === 0x01
}

/** What stands in the clear, without inflating the records. The checksum is not verified: these are claims. Throws WireError. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  return readerOf(bytes).version.open(bytes).envelope
}

/**
 * The batch in `bytes`, from any version ever shipped. Bounded in time and memory whatever the bytes are. Record bodies are views into one
 * buffer and come as they were written: `readBody` reads them. Throws WireError.
 */
export function decodeBatch(bytes: Uint8Array, limits: DecodeLimits = {}): Batch {
  const { version, check, decode } = readerOf(bytes)
  const opened = version.open(bytes)
  const payload = inflate(opened, limits.rawBytes ?? MAX_RAW_BYTES)
  if (!opened.intact(payload)) throw new WireError('corrupt', 'the checksum does not match')
  check(payload, limits.items ?? MAX_ITEMS)
  return version.batch(opened, decode(payload))
}

function readerOf(bytes: Uint8Array) {
  if (!isBatch(bytes)) throw new WireError('corrupt', 'not a batch: the Avro marker C3 01 is missing')
  const fingerprint = Buffer.from(bytes.subarray(2, 10)).toString('hex')
  const reader = READERS.get(fingerprint)
  if (!reader) throw new WireError('unknown-schema', `schema ${fingerprint} is not known here; a newer Weir can read it`)
  return reader
}

function inflate({ envelope, records }: Opened, limit: number): Buffer {
  const { codec, rawBytes, dictionary } = envelope
  if (rawBytes > limit) throw new WireError('too-large', `envelope.rawBytes: ${rawBytes} is over the limit of ${limit}`)
  let payload: Buffer
  if (codec === 'null') {
    payload = Buffer.from(records)
  } else {
    const preset = DICTIONARIES.get(dictionary)
    if (dictionary !== 0 && !preset)
      throw new WireError('unknown-dictionary', `dictionary ${dictionary} is not known here; a newer Weir can read it`)
    try {
      // One chunk that holds all and a byte more: zlib asks for another one when a chunk is full.
      const chunkSize = Math.min(Math.max(64, rawBytes + 1), MAX_CHUNK)
      payload = inflateRawSync(records, {
        maxOutputLength: Math.max(1, rawBytes),
        chunkSize,
        ...(preset && { dictionary: preset }),
      })
    } catch {
      throw new WireError('corrupt', 'the records do not inflate to the length the envelope says')
    }
  }
  if (payload.length !== rawBytes) throw new WireError('corrupt', `envelope.rawBytes: says ${rawBytes}, found ${payload.length}`)
  return payload
}
