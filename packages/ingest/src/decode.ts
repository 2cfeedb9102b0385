import { type Batch, BodyError, decodeBatch, MAX_ITEMS, readBody, readEnvelope, WireError } from '@weir/schema'
import type { Opener } from '@weir/schema/open'
import type { Input, Origin, Quarantined } from './event.ts'
import { type Framed, type FramedRecord, frameBytes } from './framing/index.ts'
import { JsonError, parseJson } from './json.ts'
import { isSealed, type Unsealed, unseal } from './sealed.ts'
import type { BatchHeader, Carrier, DecodedRecord } from './source.ts'

/** What an input held. `received` = records + the records of what is quarantined. */
export interface Decoded {
  /** The input itself, and each batch that was sealed in it. */
  readonly parts: readonly Part[]
  /** Of all parts. */
  readonly records: readonly DecodedRecord[]
  /** Of all parts, gathered. */
  readonly quarantined: readonly Quarantined[]
  readonly received: number
  /** What the sealed batches in it weigh, open; see `batchWeight`. */
  readonly opened: number
  /** CloudWatch Logs control messages: acknowledged, and no records. */
  readonly control: number
}

/** What is counted by itself: an input, or a batch that came sealed in one. */
export interface Part {
  /** The input's id; of a sealed batch, that and its place among the records it came with. The same on redelivery, whatever keys are here. */
  readonly id: string
  readonly bytes: Uint8Array
  readonly records: readonly DecodedRecord[]
  /** Each piece by itself, see `gathered`. */
  readonly quarantined: readonly Quarantined[]
  /** Sealed records that have become parts of their own. */
  readonly unsealed: number
  /** The part is a Weir batch: its header, for the ledger and for trust. Absent for one that only carries what is sealed. */
  readonly batch?: BatchHeader
}

/** The most records a batch that cannot be read may say it had: what its reader would accept. */
const MAX_COUNT = MAX_ITEMS / 4
/** Above this many pieces of one kind, an input's quarantine is one entry. */
const MAX_PIECES = 8
const BARE: Carrier = { kind: 'bare' }

/**
 * Takes an input apart; `opener` has the keys of what is sealed in it. Never throws for what is in it: what cannot be read stands in
 * `quarantined`, and the rest is there. Throws KeyUnavailable where an opener does.
 */
export function decode(input: Input, opener?: Opener): Decoded {
  const { origin } = input
  const records: DecodedRecord[] = []
  const bad: Quarantined[] = []
  const inner: Unsealed['batches'][number][] = []
  let batch: BatchHeader | undefined
  let control = 0
  for (const framed of input.framed ?? frameBytes(input.bytes)) {
    switch (framed.kind) {
      case 'record':
        records.push(recordOf(framed, records.length))
        break
      case 'batch': {
        const read = decodeWeir(framed.bytes, origin, opener)
        records.push(...read.records)
        bad.push(...read.quarantined)
        inner.push(...read.unsealed)
        batch = read.batch ?? batch
        break
      }
      case 'control':
        control++
        break
      case 'bad': {
        const detail = `${framed.detail}, at byte ${framed.offset}`
        bad.push({ origin, reason: framed.reason, detail, bytes: framed.bytes, records: 1 })
        break
      }
      default:
        framed satisfies never
    }
  }
  const parts: Part[] = [
    { id: origin.id, bytes: input.bytes, records, quarantined: bad, unsealed: inner.length, ...(batch && { batch }) },
  ]
  for (const { index, bytes, batch } of inner) {
    parts.push({ id: `${origin.id}#${index}`, bytes, ...readRecords(batch, origin), unsealed: 0 })
  }
  const all = parts.flatMap(part => part.records)
  const quarantined = gathered(parts.flatMap(part => part.quarantined))
  return {
    parts,
    records: all,
    quarantined,
    received: all.length + quarantined.reduce((sum, item) => sum + item.records, 0),
    opened: inner.reduce((sum, { weight }) => sum + weight, 0),
    control,
  }
}

/** A part of a file that has been framed already, as an input. `origin.id` must name the part: `path#offset`. */
export function fromFramed(framed: readonly Framed[], origin: Origin): Input {
  const [first] = framed
  const bytes = first?.kind === 'batch' ? first.bytes : new Uint8Array(0)
  return { origin: { ...origin, file: true }, bytes, framed }
}

function recordOf(framed: FramedRecord, index: number): DecodedRecord {
  const { value, bytes, repaired, logs } = framed
  if (!logs) return { value, carrier: BARE, bytes, index, repaired }
  const { id, timestamp, message } = value as { readonly id: string; readonly timestamp: number; readonly message: string }
  return { value: messageOf(message), carrier: { kind: 'logs', envelope: logs, id, timestamp }, bytes, index, repaired }
}

/** A log message, parsed when it is a JSON object that may be parsed. */
function messageOf(message: string): unknown {
  if (!/^\s*\{[^]*\}\s*$/.test(message)) return message
  try {
    return parseJson(message)
  } catch (error) {
    if (error instanceof JsonError) return message
    throw error
  }
}

/** A batch's records, and what could not be read. */
interface Read {
  readonly records: readonly DecodedRecord[]
  readonly quarantined: readonly Quarantined[]
  readonly batch?: BatchHeader
}

/** A batch on a stream that may carry none is set aside whole, as is one that cannot be read. */
function decodeWeir(bytes: Uint8Array, origin: Origin, opener: Opener | undefined): Read & { unsealed: Unsealed['batches'] } {
  const aside = (item: Omit<Quarantined, 'origin' | 'bytes'>) => ({
    records: [],
    quarantined: [{ ...item, origin, bytes, whole: true as const }],
    unsealed: [],
  })
  let batch: Batch
  try {
    batch = decodeBatch(bytes)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    // A newer Weir knows the dictionary as it knows the schema: what waits for it has one name.
    const reason = error.reason === 'unknown-dictionary' ? 'unknown-schema' : error.reason
    return aside({ reason, detail: error.message, records: claimedCount(bytes) })
  }
  if (!origin.sources.includes('weir')) {
    const detail = `a weir batch on a stream that may carry ${origin.sources.join(', ')}`
    return aside({ reason: 'wrong-source', detail, records: Math.max(1, batch.records.length) })
  }
  const sealed = batch.records.filter(isSealed).length
  const read = readRecords(batch, origin)
  if (sealed === 0) return { ...read, unsealed: [] }
  const { batches, quarantined } = unseal(batch.records, batch, origin, opener)
  const found = { records: read.records, quarantined: [...read.quarantined, ...quarantined], unsealed: batches }
  // One that only carries is of a sandbox that stands for nothing else: it has no place in the ledger.
  return sealed === batch.records.length ? found : { ...found, batch: read.batch }
}

function readRecords({ records: telemetry, ...header }: Batch, origin: Origin): Read & { readonly batch: BatchHeader } {
  const records: DecodedRecord[] = []
  const quarantined: Quarantined[] = []
  for (const [index, record] of telemetry.entries()) {
    if (isSealed(record)) continue
    try {
      const carrier: Carrier = { kind: 'weir', batch: header, record }
      records.push({ value: readBody(record), carrier, bytes: record.body, index, repaired: false })
    } catch (error) {
      if (!(error instanceof BodyError)) throw error
      const detail = `record ${index} of the batch: ${error.message}`
      quarantined.push({ origin, reason: error.reason, detail, bytes: record.body, records: 1 })
    }
  }
  return { records, quarantined, batch: header }
}

/** How many records a batch that cannot be read says it had; 1 when not even that can be read. */
function claimedCount(bytes: Uint8Array): number {
  try {
    return Math.min(Math.max(1, readEnvelope(bytes).count), MAX_COUNT)
  } catch (error) {
    if (error instanceof WireError) return 1
    throw error
  }
}

/** Many pieces with one reason become one, so that a broken input is one entry to look at and one write. Call it once, with all of an input. */
export function gathered(items: readonly Quarantined[]): readonly Quarantined[] {
  const whole = items.filter(item => item.whole)
  const pieces = items.filter(item => !item.whole)
  if (pieces.length <= MAX_PIECES) return items
  const byReason = Map.groupBy(pieces, item => item.reason)
  const joined = [...byReason.values()].flatMap(group => {
    const [first] = group
    if (!first || group.length <= MAX_PIECES) return group
    const bytes = Buffer.concat(group.flatMap((item, n) => (n === 0 ? [item.bytes] : [NEW_LINE, item.bytes])))
    const detail = `${first.detail}, and ${group.length - 1} more`
    return [{ ...first, detail, bytes, records: group.reduce((sum, item) => sum + item.records, 0) }]
  })
  return [...whole, ...joined]
}

const NEW_LINE = Buffer.from('\n')
