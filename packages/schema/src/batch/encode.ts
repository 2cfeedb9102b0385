import { deflateRawSync } from 'node:zlib'
import { checksum } from './checksum.ts'
import { CURRENT_DICTIONARY, DICTIONARIES } from './dictionary.ts'
import { isLong, MAX_ITEMS, MAX_RAW_BYTES } from './limits.ts'
import { isUuid } from './text.ts'
import { MAX_REASONS, wireName, wireTime } from './wire.ts'
import type { Batch, ContentType, TelemetryRecord } from './types.ts'
import { ENVELOPE_FINGERPRINT } from './v1-schema.ts'
import { ByteWriter } from './writer.ts'

export { packPlatform } from './pack.ts'

/** Avro single-object encoding: the marker, then the schema's fingerprint. */
const HEADER = Buffer.from(`c301${ENVELOPE_FINGERPRINT}`, 'hex')
const CODE: Readonly<Record<ContentType, number>> = {
  'application/json': 0,
  'text/plain': 1,
  'application/octet-stream': 2,
  'application/vnd.weir.platform': 3,
}
/** An ARN whose account can travel as a number: 12 digits would take as many bytes, because nothing like them was sent before. */
const ACCOUNT_ARN = /^(arn:[\w-]*:lambda:[\w-]*:)(\d{12})(:[^]*)$/
/** Bytes a record can cost beside its body, its new invocation id and its new name: five numbers and two lengths. */
const RECORD_OVERHEAD = 40

/** An upper bound of what `record` adds to a batch before compression, bytes: for a caller that fills batches up to a limit. */
export function estimateRecordBytes(record: TelemetryRecord): number {
  return record.body.length + RECORD_OVERHEAD + 3 * (record.signal.length + record.invocation.length)
}

/**
 * A batch as one message for the stream, version 1 (the README has the layout). Bytes depend on the batch alone. No schema library here: this
 * runs inside the monitored function's sandbox; `decodeBatch` reads the same bytes through avsc, and a test holds the two together.
 * Throws RangeError for a sandbox that is not 32 hex digits or a sequence that is not a positive integer; a record's time outside 1970–9999
 * becomes 0, and a name or id of more than 256 characters is cut, because one bad record must not cost the others. RangeError too for more than MAX_RAW_BYTES or MAX_ITEMS, which no reader takes:
 * a caller that sums `estimateRecordBytes` never gets there. `compress` false saves the time of compressing.
 */
export function encodeBatch(batch: Batch, compress = true): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(batch.sandbox)) throw new RangeError('batch.sandbox: expected 32 lower-case hex digits')
  if (!isLong(batch.sequence) || batch.sequence < 1) throw new RangeError('batch.sequence: expected 1, 2, 3 …')
  if (!/^([0-9a-f]{64})?$/.test(batch.previous)) throw new RangeError("batch.previous: expected 64 hex digits or ''")
  if (batch.dropped.length > MAX_REASONS) throw new RangeError(`batch.dropped: more than ${MAX_REASONS}`)
  if (batch.records.length > MAX_ITEMS / 4) throw new RangeError(`batch.records: more than ${MAX_ITEMS / 4}`)

  const payload = encodePayload(batch)
  if (payload.length > MAX_RAW_BYTES) throw new RangeError(`batch.records: more than ${MAX_RAW_BYTES} bytes before compression`)
  const deflated = compress ? deflate(payload) : payload
  const smaller = deflated.length < payload.length
  const records = smaller ? deflated : payload

  const out = new ByteWriter(records.length + 160)
  out.raw(HEADER)
  out.hex(batch.sandbox)
  out.long(batch.sequence)
  out.long(batch.records.length)
  out.long(smaller ? 1 : 0)
  out.long(smaller ? CURRENT_DICTIONARY : 0)
  out.long(payload.length)
  out.long(batch.previous.length / 2)
  out.hex(batch.previous)
  const head = out.length
  out.raw(Buffer.alloc(4))
  out.bytes(records)
  const tail = out.length
  out.bytes(batch.signature)

  const message = out.done()
  message.writeUInt32LE(checksum(message.subarray(0, head), message.subarray(head + 4, tail), payload), head)
  return message
}

/** Level 9 saves one part in forty of an ordinary log, and takes seconds for a megabyte of two letters in no order: the invocation waits for it. */
const LEVEL = 6

function deflate(payload: Buffer): Buffer {
  const dictionary = DICTIONARIES.get(CURRENT_DICTIONARY)
  return deflateRawSync(payload, dictionary ? { dictionary, level: LEVEL } : {})
}

function encodePayload({ function: identity, extension, emitted, dropped, records }: Batch): Buffer {
  const signals = new Table()
  const invocations = new Table()
  let bytes = 512
  for (const record of records) {
    signals.add(signalKey(record))
    if (record.invocation) invocations.add(wireName(record.invocation))
    bytes += record.body.length + RECORD_OVERHEAD
  }

  const out = new ByteWriter(bytes)
  const whole = wireName(identity.arn)
  const arn = ACCOUNT_ARN.exec(whole)
  out.text(arn ? `${arn[1]}${arn[3]}` : whole)
  out.long(arn ? Number(arn[2]) + 1 : 0)
  out.long(identity.memoryMb | 0)
  out.text(wireName(identity.version))
  out.text(wireName(identity.region))
  out.text(wireName(identity.runtime))
  out.text(wireName(identity.initializationType))
  out.text(wireName(extension))
  out.long(emitted)
  array(out, dropped, each => {
    out.text(wireName(each.reason))
    out.long(each.records)
    out.long(each.bytes)
  })
  array(out, invocations.values, id => writeInvocation(out, id))
  array(out, signals.values, key => {
    out.text(key.slice(1))
    out.long(Number(key[0]))
  })
  array(out, records, record => out.long(signals.index(signalKey(record))))
  array(out, records, record => out.long(record.invocation ? invocations.index(wireName(record.invocation)) + 1 : 0))
  let time = 0
  array(out, records, record => {
    const now = wireTime(record.time)
    out.long(now - time)
    time = now
  })
  array(out, records, record => out.bytes(record.body))
  return out.done()
}

/** A signal's name behind the one digit of its content type's code: what the signal table is made of. */
const signalKey = ({ contentType, signal }: TelemetryRecord): string => `${CODE[contentType]}${wireName(signal)}`

/** One Avro block with all items, then the empty block that ends an array. */
function array<T>(out: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  if (items.length > 0) {
    out.long(items.length)
    for (const item of items) write(item)
  }
  out.byte(0)
}

/** A UUID is its 16 bytes. Any other id is 0 and its UTF-8, or 1, a filler and its UTF-8 where that would be 16 bytes long as well. */
function writeInvocation(out: ByteWriter, id: string): void {
  if (isUuid(id)) {
    out.long(16)
    out.hex(id.replaceAll('-', ''))
    return
  }
  const text = Buffer.from(id)
  out.bytes(Buffer.concat([text.length === 15 ? Buffer.of(1, 0) : Buffer.of(0), text]))
}

/** Distinct strings, numbered in the order they came. */
class Table {
  readonly #index = new Map<string, number>()

  add(value: string): void {
    if (!this.#index.has(value)) this.#index.set(value, this.#index.size)
  }

  index(value: string): number {
    return this.#index.get(value) ?? 0
  }

  get values(): readonly string[] {
    return [...this.#index.keys()]
  }
}
