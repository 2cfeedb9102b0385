import { checksum } from './checksum.ts'
import { WireError } from './errors.ts'
import { uuidText } from './text.ts'
import { ByteReader } from './reader.ts'
import { MAX_NAME, MAX_REASONS, wireTime } from './wire.ts'
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
  /** `account` is the account's number + 1, to be put into the ARN; 0 when the ARN has all there is. */
  readonly function: FunctionIdentity & { readonly account: number }
  readonly extension: string
  readonly emitted: number
  readonly dropped: readonly Dropped[]
  readonly invocations: readonly Buffer[]
  readonly signals: readonly { readonly name: string; readonly contentType: number }[]
  readonly signal: readonly number[]
  readonly invocation: readonly number[]
  /** Each one's distance from the one before it; the first one's from 1970. */
  readonly time: readonly number[]
  readonly body: readonly Buffer[]
}

/** Version 1 of the wire. */
export const v1: WireVersion = {
  fingerprint: ENVELOPE_FINGERPRINT,
  envelope: ENVELOPE,
  payload: PAYLOAD,

  open(message) {
    const from = new ByteReader(message, HEADER_BYTES)
    const sandbox = from.hex(16, 'envelope.sandbox')
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
    checkNames(payload)
    const { sandbox, sequence } = opened.envelope
    return {
      sandbox,
      sequence,
      function: identityOf(payload.function),
      extension: payload.extension,
      emitted: payload.emitted,
      dropped: payload.dropped.map(each => ({ ...each })),
      previous: opened.previous,
      signature: opened.signature,
      records: recordsOf(opened, payload),
    } satisfies Batch
  },
}

/** Each record's event repeats these, so that one long name in a small batch could fill memory. */
function checkNames({ function: identity, extension, dropped, signals, invocations }: Payload): void {
  if (dropped.length > MAX_REASONS) throw new WireError('too-large', `dropped: more than ${MAX_REASONS} reasons`)
  const { arn, version, region, runtime, initializationType } = identity
  const names = [arn, version, region, runtime, initializationType, extension]
  for (const { reason } of dropped) names.push(reason)
  for (const { name } of signals) names.push(name)
  const tooLong = (length: number): boolean => length > MAX_NAME
  if (names.some(name => tooLong(name.length)) || invocations.some(id => tooLong(id.toString('utf8').length - 2))) {
    throw new WireError('too-large', `a name of more than ${MAX_NAME} characters`)
  }
}

function identityOf({ account, ...identity }: Payload['function']): FunctionIdentity {
  if (account === 0) return { ...identity }
  const [arn, partition, service, region, ...rest] = identity.arn.split(':')
  const digits = String(account - 1).padStart(12, '0')
  if (digits.length !== 12 || account < 0 || rest[0] !== '')
    throw new WireError('corrupt', 'function.account: fits no place in function.arn')
  return { ...identity, arn: [arn, partition, service, region, digits, ...rest.slice(1)].join(':') }
}

function recordsOf({ envelope }: Opened, payload: Payload): TelemetryRecord[] {
  for (const column of ['signal', 'invocation', 'time', 'body'] as const) {
    const { length } = payload[column]
    if (length !== envelope.count)
      throw new WireError('corrupt', `payload.${column}: ${length} items, the envelope says ${envelope.count}`)
  }
  const invocations = ['', ...payload.invocations.map(invocationText)]
  const signals = payload.signals.map(({ name, contentType }, index) => {
    const type = CONTENT_TYPES[contentType]
    if (!type) throw new WireError('unknown-schema', `signals[${index}].contentType: ${contentType} is not known here`)
    return { signal: name, contentType: type }
  })
  let time = 0
  return payload.body.map((body, index) => {
    const signal = signals[payload.signal[index] as number]
    const invocation = invocations[payload.invocation[index] as number]
    time += payload.time[index] as number
    if (!signal) throw new WireError('corrupt', `signal[${index}]: not in the table`)
    if (invocation === undefined) throw new WireError('corrupt', `invocation[${index}]: not in the table`)
    if (time !== wireTime(time)) throw new WireError('corrupt', `time[${index}]: not between 1970 and 9999`)
    return { signal: signal.signal, time, invocation, contentType: signal.contentType, body }
  })
}

/** The counterpart of the writer's table entry: 16 bytes are a UUID; else 0 and UTF-8, or 1, a filler and UTF-8. */
function invocationText(bytes: Buffer, index: number): string {
  if (bytes.length === 16) return uuidText(bytes.toString('hex'))
  const skip = bytes[0] === 0 ? 1 : 2
  if (bytes.length <= skip || (skip === 2 && (bytes[0] !== 1 || bytes.length !== 17))) {
    throw new WireError('corrupt', `invocations[${index}]: neither a UUID nor a text`)
  }
  return bytes.toString('utf8', skip)
}
