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
  /** Names the batch; the same on redelivery. */
  readonly id: string
  /** SHA-256 of its bytes, or some of it. */
  readonly digest: string
  readonly sandbox: string
  readonly sequence: number
  readonly functionArn: string
}

const SEQUENCES_KEPT = 128 // per sandbox: a redelivery is minutes old, a sandbox flushes a few times a minute
const KEEP_MS = 7 * 24 * 3600_000 // as long as the stack's streams keep records: a redelivery cannot be older

/**
 * Compares what the batches of one input claim with what is known of its stream and with what the same sandboxes sent before. Each sandbox costs one
 * fold and gives at most one event of a kind, which names its first batch: a thousand batches of a sandbox may come sealed in one input.
 */
export async function examineClaims(claims: readonly Claim[], origin: Origin, state: StateStore, now: number): Promise<Event[]> {
  const found: Event[] = []
  for (const group of Map.groupBy(claims, claim => claim.sandbox).values()) {
    const stranger = group.find(claim => !mayWrite(claim, origin))
    if (stranger) {
      const detail = 'a batch claims a function of an account that may not write to this stream'
      const claimedAccount = accountOf(stranger)
      found.push(about('weir.identity-mismatch', stranger, origin, { detail, claimedAccount }))
    }
    const sequence = await contradicted(group, origin, state, now)
    const twice = group.find(claim => claim.sequence === sequence)
    if (twice) {
      const detail = `two different batches carry sequence ${twice.sequence} of one sandbox`
      found.push(about('weir.conflict', twice, origin, { detail, sequence: twice.sequence }))
    }
  }
  return found
}

const accountOf = ({ functionArn }: Claim): string => functionArn.split(':')[4] ?? ''
const mayWrite = (claim: Claim, { accounts }: Origin): boolean => accounts.includes('*') || accounts.includes(accountOf(claim))

const about = (
  signal: TrustSignal,
  { id, sandbox, functionArn }: Claim,
  origin: Origin,
  more: { readonly detail: string; readonly [name: string]: unknown },
): Event => trustEvent(signal, { ...origin, id }, { ...more, sandbox, functionArn })

/**
 * The first of a sandbox's sequences that was seen with other content, in these batches or before; null where none was. Repeatable, and folded anew
 * where an input opens to other batches than last time, as with another key.
 */
async function contradicted(group: readonly Claim[], origin: Origin, state: StateStore, now: number): Promise<number | null> {
  const [{ sandbox } = { sandbox: '' }] = group
  const batch = createHash('sha256').update(origin.id)
  for (const { sequence, digest } of group) batch.update(`\0${sequence} ${digest}`)
  return state.fold<Record<string, string>, number | null>({
    key: `sequence|${sandbox}`,
    batch: batch.digest('hex').slice(0, 32),
    now,
    expiresAt: now + KEEP_MS,
    initial: {},
    reduce: seen => {
      const all = new Map(Object.entries(seen).map(([sequence, digest]) => [Number(sequence), digest]))
      const came = new Set<number>()
      let answer: number | null = null
      for (const { sequence, digest } of group) {
        const before = all.get(sequence)
        if (before === undefined) {
          all.set(sequence, digest)
          came.add(sequence)
        } else if (before !== digest) answer ??= sequence
      }
      // What came now is kept before what was there, the highest first.
      const kept = [...all].toSorted(([a], [b]) => Number(came.has(b)) - Number(came.has(a)) || b - a).slice(0, SEQUENCES_KEPT)
      return { state: Object.fromEntries(kept), answer }
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
