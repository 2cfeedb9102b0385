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
import type { Origin, Quarantined, QuarantineReason } from './event.ts'
import type { BatchHeader } from './source.ts'

/** A record that holds a batch which its sandbox could not ship itself, sealed to a key that ingest has (packages/schema/README.md, "The seal"). */
export const isSealed = ({ signal }: Pick<TelemetryRecord, 'signal'>): boolean => signal === 'weir.sealed'

/** What sealed records became. */
export interface Unsealed {
  readonly batches: readonly { readonly bytes: Uint8Array; readonly batch: Batch }[]
  readonly quarantined: readonly Quarantined[]
}

const CONTENT_TYPE: ContentType = 'application/octet-stream'
/** Twice what the extension puts into one batch: each costs a decryption, and may cost a key agreement. */
const MAX_SEALED = 2_000
/** Bytes after inflating, of all that was sealed in one input: the extension puts at most four batches of a megabyte and one of others into one. */
const MAX_OPENED = 8 * 1024 * 1024
const NO_KEY = 'sealed, and there is no key here: set journal.key, then replay'

/**
 * Opens the sealed records of one batch. Each opens to a batch, within the bounds of any batch and all together within those of a few. What does
 * not open stands in quarantine as a batch of sealed records, so that it can be replayed when its key is here. Never throws for what is in it.
 */
export function unseal(
  sealed: readonly TelemetryRecord[],
  { function: identity }: BatchHeader,
  origin: Origin,
  opener: Opener | undefined,
): Unsealed {
  const batches: { bytes: Uint8Array; batch: Batch }[] = []
  const refused = new Map<QuarantineReason, { readonly detail: string; readonly records: TelemetryRecord[] }>()
  const left = { bytes: MAX_OPENED, records: MAX_ITEMS }
  for (const [index, record] of sealed.entries()) {
    try {
      if (!opener) throw new Refused('sealed', NO_KEY)
      if (index >= MAX_SEALED) throw new Refused('too-large', `more than ${MAX_SEALED} sealed batches in one`)
      batches.push(open(record, opener, left))
    } catch (error) {
      const { reason, detail } = refusal(error)
      const others = refused.get(reason)
      if (others) others.records.push(record)
      else refused.set(reason, { detail, records: [record] })
    }
  }
  const quarantined = [...refused].map(([reason, { detail, records }]): Quarantined => {
    const more = records.length > 1 ? `, and ${records.length - 1} more` : ''
    return { origin, reason, detail: `${detail}${more}`, bytes: wrapped(records, identity), records: records.length }
  })
  return { batches, quarantined }
}

function open(
  record: TelemetryRecord,
  opener: Opener,
  left: { bytes: number; records: number },
): { bytes: Uint8Array; batch: Batch } {
  if (record.contentType !== CONTENT_TYPE) throw new Refused('corrupt', 'a sealed record that is not octets')
  const { sandbox, sequence, batch: bytes } = opener.open(record.body)
  const { rawBytes, count } = readEnvelope(bytes)
  if (rawBytes > left.bytes || count > left.records) throw new Refused('too-large', 'more sealed in one batch than is opened')
  left.bytes -= rawBytes
  left.records -= count
  const batch = decodeBatch(bytes)
  if (batch.sandbox !== sandbox || batch.sequence !== sequence)
    throw new Refused('corrupt', 'a sealed batch of another sandbox or sequence than its frame says')
  if (batch.records.some(isSealed)) throw new Refused('corrupt', 'a sealed batch within a sealed batch')
  return { bytes, batch }
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
