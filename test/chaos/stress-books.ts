import type { KinesisServer } from '@weir/emulator'
import { check, memoryLedger, summarize } from '@weir/ingest'
import { openBench } from '../flow/harness.ts'
import { FORGED } from './stress-attack.ts'

/** What ingest made of all that reached the stream. */
export interface Books {
  /** Lines of the function that became events, each uid once; what the function posted itself is not among them. */
  readonly lines: number
  readonly forged: number
  /** Events of the platform, without `platform.logsDropped`: only a subscriber sees those. */
  readonly platform: number
  /** By reason, over all processes. */
  readonly dropped: ReadonlyMap<string, number>
  readonly faults: ReadonlyMap<string, number>
  /** Bodies of the extension's own signals, by name. */
  readonly own: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>
  readonly quarantined: number
  /** Records that were emitted, as their process says, and have not arrived. */
  readonly missing: number
  readonly sandboxes: number
  readonly wrong: readonly string[]
}

/** What can become of an event that the platform has told, besides arriving. */
const LOSSES = [
  'buffer-full',
  'over-budget',
  'logs-dropped',
  'stream-rejected',
  'not-encodable',
  'unparsable',
  'body-too-large',
  'repeated',
]
const BATCH = 20
const MAX_KEPT = 200

export const counted = ({ dropped }: Books): number => LOSSES.reduce((sum, reason) => sum + (dropped.get(reason) ?? 0), 0)

/** Puts a stream through ingest, as the event source mapping would. `key` opens the journals. */
export async function readBooks(kinesis: KinesisServer, stream: string, key: string): Promise<Books> {
  const ledger = memoryLedger()
  const uids = new Set<string>()
  let [lines, forged, platform] = [0, 0, 0]
  const faults = new Map<string, number>()
  const own = new Map<string, Readonly<Record<string, unknown>>[]>()
  const bench = await openBench({
    rules: [],
    config: { journal: { key: 'env:JOURNAL_KEY' } },
    env: { JOURNAL_KEY: key },
    stores: { ledger },
    events: (_, events) => {
      for (const { uid, record } of events) {
        if (uids.has(uid)) continue
        uids.add(uid)
        const { signal, record: body } = record as { readonly signal: string; readonly record: unknown }
        if (signal === 'function' && typeof body === 'string' && body.startsWith(FORGED)) forged++
        else if (signal === 'function') lines++
        else if (signal.startsWith('platform.')) platform += signal === 'platform.logsDropped' ? 0 : 1
        else {
          const bodies = own.get(signal) ?? []
          if (bodies.length < MAX_KEPT) own.set(signal, [...bodies, Object(body) as Record<string, unknown>])
          const { kind, count } = Object(body) as { readonly kind: string; readonly count: number }
          if (signal === 'weir.fault') faults.set(kind, (faults.get(kind) ?? 0) + count)
        }
      }
    },
  })
  const records = kinesis.records(stream)
  for (let from = 0; from < records.length; from += BATCH) {
    const failed = await bench.handle(records.slice(from, from + BATCH).map(({ data }) => ({ stream: 'telemetry', data })))
    if (failed.length > 0) throw new Error(`ingest gave back ${failed.length} records`)
  }
  const summary = await summarize(ledger)
  const dropped = new Map<string, number>()
  for (const sandbox of summary.sandboxes)
    for (const [reason, count] of Object.entries(sandbox.dropped)) dropped.set(reason, (dropped.get(reason) ?? 0) + count)
  return {
    lines,
    forged,
    platform,
    dropped,
    faults,
    own,
    quarantined: summary.streams.reduce((sum, each) => sum + each.quarantined, 0),
    missing: summary.sandboxes.reduce((sum, { inFlight }) => sum + Math.abs(inFlight), 0),
    sandboxes: summary.sandboxes.length,
    wrong: check(summary),
  }
}
