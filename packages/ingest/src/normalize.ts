import { isUtf8 } from 'node:buffer'
import { isBatch, type TelemetryRecord } from '@weir/schema'
import { UnmappableError } from './errors.ts'
import type { Event, Origin, Quarantined } from './event.ts'
import { isGzip } from './framing/inflate.ts'
import type { LogsEnvelope } from './framing/index.ts'
import type { BatchHeader, Carrier, DecodedRecord } from './source.ts'
import { allowedSources, identify, recognize } from './sources/index.ts'

/** Masks secrets in a JSON value. `keep`: fields that name somebody and open nothing. */
export type Redact = (value: unknown, keep?: readonly string[]) => unknown

/** One event or one quarantined record for each record. */
export interface Normalized {
  readonly events: readonly Event[]
  /** Each record by itself, see `gathered`. */
  readonly quarantined: readonly Quarantined[]
}

/**
 * Records become events: the first source that knows a record among those its stream may carry makes the event, after the record was redacted.
 * A record of no such source is quarantined as `wrong-source`, one that its source cannot read as `unmappable`. Never throws for a record.
 */
export function normalize(records: readonly DecodedRecord[], origin: Origin, redact: Redact): Normalized {
  const events: Event[] = []
  const quarantined: Quarantined[] = []
  const shared = sharedParts(redact)
  const allowed = allowedSources(origin.sources)
  for (const record of records) {
    const source = recognize(record, allowed)
    if (!source) {
      const detail = `a ${identify(record)} record on a stream that may carry ${origin.sources.join(', ') || 'nothing'}`
      quarantined.push({ origin, reason: 'wrong-source', detail, bytes: record.bytes, records: 1 })
      continue
    }
    let clean: DecodedRecord
    try {
      clean = redacted(record, redact(record.value, source.keep), carrierOf(record, shared))
    } catch {
      // What cannot be redacted goes nowhere, not even into quarantine.
      const detail = 'the record could not be redacted and is withheld'
      quarantined.push({ origin, reason: 'unmappable', detail, bytes: new Uint8Array(0), records: 1 })
      continue
    }
    try {
      events.push(source.normalize(clean, origin))
    } catch (error) {
      if (!(error instanceof UnmappableError)) throw error
      const detail = `${source.name}: ${error.message}`
      quarantined.push({ origin, reason: 'unmappable', detail, bytes: record.bytes, records: 1 })
    }
  }
  return { events, quarantined }
}

/**
 * Bytes for quarantine, with secrets masked. Text that is not quite UTF-8 is read byte for byte, so that one stray byte does not carry a secret
 * past the redactor; a Weir batch or gzip is not text and stays as it came, to be read again.
 */
export function redactBytes(bytes: Uint8Array, redactText: (text: string) => string): Uint8Array {
  if (isGzip(bytes) || isBatch(bytes)) return bytes
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
  const redacted = redactText(text)
  return redacted === text ? bytes : Buffer.from(redacted, encoding)
}

/** The record with these, or itself where nothing had to be masked. */
function redacted(record: DecodedRecord, value: unknown, carrier: Carrier): DecodedRecord {
  return value === record.value && carrier === record.carrier ? record : { ...record, value, carrier }
}

/** What a record's carrier says is written by others too. */
function carrierOf({ carrier }: DecodedRecord, shared: SharedParts): Carrier {
  switch (carrier.kind) {
    case 'bare':
      return carrier
    case 'logs': {
      const envelope = shared(carrier.envelope, cleanEnvelope)
      return envelope === carrier.envelope ? carrier : { ...carrier, envelope }
    }
    case 'weir': {
      const batch = shared(carrier.batch, cleanBatch)
      const record = cleanNames(carrier.record, shared)
      return batch === carrier.batch && record === carrier.record ? carrier : { ...carrier, batch, record }
    }
    default:
      return carrier satisfies never
  }
}

const cleanEnvelope = (envelope: LogsEnvelope, redact: Redact): LogsEnvelope => redact(envelope) as LogsEnvelope

function cleanBatch(batch: BatchHeader, redact: Redact): BatchHeader {
  const clean = redact(batch.function) as BatchHeader['function']
  const extension = cleanText(batch.extension, redact)
  return clean === batch.function && extension === batch.extension ? batch : { ...batch, function: clean, extension }
}

/** Signal and invocation are the sandbox's words, and come again from record to record. */
function cleanNames(record: TelemetryRecord, shared: SharedParts): TelemetryRecord {
  const signal = shared(record.signal, cleanText)
  const invocation = shared(record.invocation, cleanText)
  return signal === record.signal && invocation === record.invocation ? record : { ...record, signal, invocation }
}

const cleanText = (text: string, redact: Redact): string => redact(text) as string

/** Redacts what many records share once. */
type SharedParts = <T extends object | string>(part: T, clean: (part: T, redact: Redact) => T) => T

function sharedParts(redact: Redact): SharedParts {
  const done = new Map<object | string, object | string>()
  return <T extends object | string>(part: T, clean: (part: T, redact: Redact) => T): T => {
    const known = done.get(part) as T | undefined
    if (known) return known
    const cleaned = clean(part, redact)
    done.set(part, cleaned)
    return cleaned
  }
}
