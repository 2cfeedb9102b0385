import { createHash } from 'node:crypto'
import { CLASS, OCSF_VERSION, type OcsfEvent } from '@weir/schema/ocsf'
import type { StateStore } from '@weir/sigma'
import type { Event, Origin } from './event.ts'

/**
 * Everything inside a batch is a claim; only the stream it came on is known. What does not fit is not dropped: ingest says so in an event of
 * its own (log source `weir` / `ingest`), and a rule makes it a finding.
 */
export type TrustSignal = 'weir.wrong-source' | 'weir.identity-mismatch' | 'weir.conflict'

/** What a batch says of its sender, as far as trust looks at it. */
export interface Claim {
  readonly sandbox: string
  readonly sequence: number
  readonly functionArn: string
}

const SEQUENCES_KEPT = 128 // per sandbox: a redelivery is minutes old, a sandbox flushes a few times a minute
const KEEP_MS = 7 * 24 * 3600_000 // as long as the stack's streams keep records: a redelivery cannot be older

/** Compares a batch's claims with what is known of its stream and with what the same sandbox sent before. */
export async function examineClaim(
  claim: Claim,
  origin: Origin,
  payloadDigest: string,
  state: StateStore,
  now: number,
): Promise<Event[]> {
  const found: Event[] = []
  const claimedAccount = claim.functionArn.split(':')[4] ?? ''
  if (!origin.accounts.includes('*') && !origin.accounts.includes(claimedAccount)) {
    found.push(
      trustEvent('weir.identity-mismatch', origin, {
        detail: 'a batch claims a function of an account that may not write to this stream',
        claimedAccount,
        sandbox: claim.sandbox,
        functionArn: claim.functionArn,
      }),
    )
  }
  if (await contradicts(claim, origin.id, payloadDigest, state, now)) {
    found.push(
      trustEvent('weir.conflict', origin, {
        detail: `two different batches carry sequence ${claim.sequence} of one sandbox`,
        sandbox: claim.sandbox,
        sequence: claim.sequence,
        functionArn: claim.functionArn,
      }),
    )
  }
  return found
}

/** Whether this sandbox and sequence was seen with other content. One fold per batch, repeatable. */
function contradicts(claim: Claim, batch: string, digest: string, state: StateStore, now: number): Promise<boolean> {
  return state.fold<Record<string, string>, boolean>({
    key: `sequence|${claim.sandbox}`,
    batch,
    now,
    expiresAt: now + KEEP_MS,
    initial: {},
    reduce: seen => {
      const before = seen[claim.sequence]
      if (before !== undefined) return { state: seen, answer: before !== digest }
      const kept = Object.entries(seen)
        .toSorted(([a], [b]) => Number(b) - Number(a))
        .slice(0, SEQUENCES_KEPT - 1)
      return { state: { ...Object.fromEntries(kept), [claim.sequence]: digest }, answer: false }
    },
  })
}

/** An event that ingest itself vouches for. */
export function trustEvent(
  signal: TrustSignal,
  origin: Origin,
  detail: Readonly<Record<string, unknown>> & { readonly detail: string },
): Event {
  const record = { signal, stream: origin.stream, ...(origin.account ? { account: origin.account } : {}), ...detail }
  const uid = createHash('sha256').update(`${signal}\0${origin.stream}\0${origin.id}`).digest('hex').slice(0, 32)
  const text = detail.detail
  const functionArn = detail['functionArn']
  const ocsf: OcsfEvent = {
    class_uid: CLASS.baseEvent,
    class_name: 'Base Event',
    category_uid: 0,
    category_name: 'Uncategorized',
    activity_id: 99,
    activity_name: signal,
    type_uid: CLASS.baseEvent * 100 + 99,
    time: origin.arrival,
    severity_id: 3,
    severity: 'Medium',
    message: text,
    metadata: { version: OCSF_VERSION, uid, product: { vendor_name: 'Weir', name: 'Weir', feature: { name: 'ingest' } } },
    unmapped: record,
  }
  return {
    uid,
    time: origin.arrival,
    source: 'weir',
    classUid: CLASS.baseEvent,
    logsource: { product: 'weir', service: 'ingest' },
    record,
    identity: {
      ...(origin.account ? { account: origin.account } : {}),
      ...(origin.region ? { region: origin.region } : {}),
      ...(typeof functionArn === 'string' ? { function: functionArn } : {}),
      claimed: false,
    },
    ocsf,
  }
}
