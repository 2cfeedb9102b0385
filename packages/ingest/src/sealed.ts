import { createHash } from 'node:crypto'
import {
  type Batch,
  type ContentType,
  decodeBatch,
  encodeBatch,
  MAX_ITEMS,
  readEnvelope,
  type TelemetryRecord,
  WireError,
} from '@weir/schema'
import { type Opener, SealError } from '@weir/schema/open'
import { HEADER_BYTES } from '@weir/schema/seal'
import type { Origin, Quarantined, QuarantineReason } from './event.ts'
import type { BatchHeader } from './source.ts'
import { batchWeight } from './weight.ts'

/** A record that holds a batch which its sandbox could not ship itself, sealed to a key that ingest has (packages/schema/README.md, "The seal"). */
export const isSealed = ({ signal }: Pick<TelemetryRecord, 'signal'>): boolean => signal === 'weir.sealed'

/** What sealed records became. */
export interface Unsealed {
  readonly batches: readonly UnsealedBatch[]
  readonly quarantined: readonly Quarantined[]
}

export interface UnsealedBatch {
  readonly bytes: Uint8Array
  readonly batch: Batch
  /** The sealed record's place among all records it came with. */
  readonly index: number
  readonly weight: number
}

const CONTENT_TYPE: ContentType = 'application/octet-stream'
/** Twice what the extension puts into one batch: each costs a decryption. */
const MAX_SEALED = 2_000
/** The extension puts frames of one journal into a batch. Each costs a key agreement, and its sandbox a fold of state. */
const MAX_JOURNALS = 16
/** The most records of all that was sealed in one input: what an ordinary batch may hold. */
const MAX_RECORDS = MAX_ITEMS / 4
/** Of a frame in a sealed record: where its number in the journal stands, after its kind and its length. */
const NUMBER_AT = HEADER_BYTES + 5
/** Bytes after inflating, of all that was sealed in one input: the extension puts at most four batches of a megabyte and one of others into one. */
const MAX_OPENED = 8 * 1024 * 1024
const NO_KEY = 'sealed, and there is no key here: set journal.key, then replay'

/**
 * Opens the sealed ones among a batch's records. Each opens to a batch, within the bounds of any batch and all together within those of a few. What
 * does not open stands in quarantine as a batch of sealed records, so that it can be replayed when its key is here. Never throws for what is in it,
 * but what the opener throws that is no SealError.
 */
export function unseal(
  records: readonly TelemetryRecord[],
  { function: identity }: BatchHeader,
  origin: Origin,
  opener: Opener | undefined,
): Unsealed {
  const batches: UnsealedBatch[] = []
  const refused = new Map<QuarantineReason, { readonly detail: string; readonly records: TelemetryRecord[] }>()
  const left: Left = { bytes: MAX_OPENED, records: MAX_RECORDS, sealed: MAX_SEALED, journals: new Set(), frames: new Set() }
  for (const [index, record] of records.entries()) {
    if (!isSealed(record)) continue
    try {
      if (!opener) throw new Refused('sealed', NO_KEY)
      batches.push({ ...open(record, opener, left), index })
    } catch (error) {
      const { reason, detail } = refusal(error)
      const others = refused.get(reason)
      if (others) others.records.push(record)
      else refused.set(reason, { detail, records: [record] })
    }
  }
  const quarantined = [...refused].map(([reason, { detail, records }]): Quarantined => {
    const more = records.length > 1 ? `, and ${records.length - 1} more` : ''
    return { origin, reason, detail: `${detail}${more}`, bytes: wrapped(records, identity), records: records.length, whole: true }
  })
  return { batches, quarantined }
}

/** What may still be opened of one input, and what was. */
interface Left {
  bytes: number
  records: number
  sealed: number
  readonly journals: Set<string>
  readonly frames: Set<string>
}

function open(record: TelemetryRecord, opener: Opener, left: Left): Omit<UnsealedBatch, 'index'> {
  if (record.contentType !== CONTENT_TYPE) throw new Refused('corrupt', 'a sealed record that is not octets')
  if (left.sealed-- <= 0) throw new Refused('too-large', `more than ${MAX_SEALED} sealed batches in one`)
  once(record.body, left)
  const { sandbox, sequence, batch: bytes } = opener.open(record.body)
  const { rawBytes, count } = readEnvelope(bytes)
  if (rawBytes > left.bytes || count > left.records) throw new Refused('too-large', 'more sealed in one batch than is opened')
  left.bytes -= rawBytes
  left.records -= count
  const batch = decodeBatch(bytes)
  if (batch.sandbox !== sandbox || batch.sequence !== sequence)
    throw new Refused('corrupt', 'a sealed batch of another sandbox or sequence than its frame says')
  if (batch.records.some(isSealed)) throw new Refused('corrupt', 'a sealed batch within a sealed batch')
  return { bytes, batch, weight: batchWeight({ rawBytes, count }) }
}

/** A frame that comes again costs nothing in a compressed batch, and all of what it opens to here. Looks at what is in the clear. */
function once(body: Uint8Array, { journals, frames }: Left): void {
  const journal = Buffer.from(body.subarray(0, HEADER_BYTES)).toString('latin1')
  const frame = journal + Buffer.from(body.subarray(NUMBER_AT, NUMBER_AT + 4)).toString('latin1')
  if (frames.has(frame)) throw new Refused('corrupt', 'a frame of a journal that came before in the same batch')
  if (!journals.has(journal) && journals.size >= MAX_JOURNALS)
    throw new Refused('too-large', `frames of more than ${MAX_JOURNALS} journals in one batch`)
  journals.add(journal)
  frames.add(frame)
}

class Refused extends Error {
  readonly reason: QuarantineReason
  constructor(reason: QuarantineReason, detail: string) {
    super(detail)
    this.reason = reason
  }
}

function refusal(error: unknown): { reason: QuarantineReason; detail: string } {
  if (error instanceof Refused) return { reason: error.reason, detail: error.message }
  if (error instanceof SealError) {
    if (error.reason === 'corrupt') return { reason: 'corrupt', detail: error.message }
    return { reason: 'sealed', detail: `${error.message}: add it to journal.key or journal.formerKeys, then replay` }
  }
  if (error instanceof WireError) {
    const reason = error.reason === 'unknown-dictionary' ? 'unknown-schema' : error.reason
    return { reason, detail: `a sealed batch: ${error.message}` }
  }
  throw error
}

/** A batch of these records alone. Its sandbox is a hash of them: it is told apart from the one they came in, and the same each time. */
function wrapped(records: readonly TelemetryRecord[], identity: BatchHeader['function']): Uint8Array {
  const hash = createHash('sha256')
  for (const { body } of records) hash.update(body)
  return encodeBatch(
    {
      sandbox: hash.digest('hex').slice(0, 32),
      sequence: 1,
      function: identity,
      extension: '',
      emitted: records.length,
      dropped: [],
      previous: '',
      signature: new Uint8Array(),
      records,
    },
    false,
  )
}
