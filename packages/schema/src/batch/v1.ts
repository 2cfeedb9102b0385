import { checksum } from './checksum.ts'
import { WireError } from './errors.ts'
import { uuidText } from './fields.ts'
import { ByteReader } from './reader.ts'
import type { Batch, ContentType, Dropped, FunctionIdentity, TelemetryRecord } from './types.ts'
import { ENVELOPE, ENVELOPE_FINGERPRINT, PAYLOAD } from './v1-schema.ts'
import type { Opened, WireVersion } from './version.ts'

const CODECS = ['null', 'deflate'] as const
const CONTENT_TYPES: readonly ContentType[] = [
  'application/json',
  'text/plain',
  'application/octet-stream',
  'application/vnd.weir.platform',
]
const HEADER_BYTES = 10

/** The Payload as avsc hands it over. */
interface Payload {
  readonly function: FunctionIdentity
  readonly extension: string
  readonly emitted: number
  readonly dropped: readonly Dropped[]
  readonly time: number
  readonly names: readonly string[]
  readonly invocations: readonly Buffer[]
  readonly records: readonly {
    readonly signal: number
    readonly time: number
    readonly invocation: number
    readonly contentType: number
    readonly body: Buffer
  }[]
}

/** Version 1 of the wire. */
export const v1: WireVersion = {
  fingerprint: ENVELOPE_FINGERPRINT,
  envelope: ENVELOPE,
  payload: PAYLOAD,

  open(message) {
    const from = new ByteReader(message, HEADER_BYTES)
    const sandbox = from.raw(16, 'envelope.sandbox').toString('hex')
    const sequence = from.long('envelope.sequence')
    const count = from.int('envelope.count')
    const codec = from.int('envelope.codec')
    const dictionary = from.int('envelope.dictionary')
    const rawBytes = from.long('envelope.rawBytes')
    const previous = from.bytes('envelope.previous').toString('hex')
    const head = from.position
    const sum = from.raw(4, 'envelope.checksum').readUInt32LE()
    const records = from.bytes('envelope.records')
    const tail = from.position
    const signature = from.bytes('envelope.signature')
    if (from.left > 0) throw new WireError('corrupt', 'envelope: bytes after the end')
    if (sequence < 1) throw new WireError('corrupt', 'envelope.sequence: below 1')
    if (count < 0) throw new WireError('corrupt', 'envelope.count: below 0')
    if (rawBytes < 0) throw new WireError('corrupt', 'envelope.rawBytes: below 0')
    if (previous.length !== 0 && previous.length !== 64)
      throw new WireError('corrupt', 'envelope.previous: neither empty nor 32 bytes')
    const name = CODECS[codec]
    if (!name) throw new WireError('unknown-schema', `envelope.codec: ${codec} is not known here`)
    return {
      envelope: { sandbox, sequence, count, codec: name, dictionary, rawBytes },
      previous,
      signature,
      records,
      intact: payload => checksum(message.subarray(0, head), message.subarray(head + 4, tail), payload) === sum,
    }
  },

  batch(opened, value) {
    const payload = value as Payload
    const { sandbox, sequence } = opened.envelope
    return {
      sandbox,
      sequence,
      function: { ...payload.function },
      extension: payload.extension,
      emitted: payload.emitted,
      dropped: payload.dropped.map(each => ({ ...each })),
      previous: opened.previous,
      signature: opened.signature,
      records: recordsOf(opened, payload),
    } satisfies Batch
  },
}

function recordsOf({ envelope }: Opened, payload: Payload): TelemetryRecord[] {
  if (payload.records.length !== envelope.count) {
    throw new WireError('corrupt', `envelope.count: says ${envelope.count}, found ${payload.records.length} records`)
  }
  const invocations = ['', ...payload.invocations.map(invocationText)]
  let time = payload.time
  return payload.records.map((record, index) => {
    const signal = payload.names[record.signal]
    const invocation = invocations[record.invocation]
    const contentType = CONTENT_TYPES[record.contentType]
    time += record.time
    if (signal === undefined) throw new WireError('corrupt', `records[${index}].signal: not in the name table`)
    if (invocation === undefined) throw new WireError('corrupt', `records[${index}].invocation: not in the table`)
    if (contentType === undefined)
      throw new WireError('unknown-schema', `records[${index}].contentType: ${record.contentType} is not known here`)
    if (!Number.isSafeInteger(time)) throw new WireError('corrupt', `records[${index}].time: out of range`)
    return { signal, time, invocation, contentType, body: record.body }
  })
}

/** The counterpart of the writer's table entry: 16 bytes are a UUID; else 0 and UTF-8, or 1, a filler and UTF-8. */
function invocationText(bytes: Buffer, index: number): string {
  if (bytes.length === 16) return uuidText(bytes)
  const skip = bytes[0] === 0 ? 1 : 2
  if (bytes.length <= skip || (skip === 2 && (bytes[0] !== 1 || bytes.length !== 17))) {
    throw new WireError('corrupt', `invocations[${index}]: neither a UUID nor a text`)
  }
  return bytes.toString('utf8', skip)
}
