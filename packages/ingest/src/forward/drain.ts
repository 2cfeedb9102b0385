import { SpoolError } from '../errors.ts'
import type { ForwardLog } from './log.ts'
import type { SettledRow } from '../ledger/ledger.ts'
import { CorruptEntryError } from '../spool/blobs.ts'
import type { Quarantine, Spool, SpooledEvent, SpoolEntry } from '../spool/spool.ts'
import { inputsOf } from '../spool/stored.ts'
import type { Delivery } from './deliver.ts'
import { quarantineRejected, spoolWaiting } from './settle.ts'

export interface DrainTerms {
  /** Epoch milliseconds. */
  readonly deadline: number
  /** Most entries to take. */
  readonly limit: number
  /**
   * Told of an entry's rows before the entry is removed, so that no crash lies between; the rows are returned all the same, and recording
   * them twice changes nothing.
   */
  readonly settle?: (rows: readonly SettledRow[]) => Promise<void>
}

interface DrainParts {
  readonly sink: string
  readonly spool: Spool
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly now: () => number
  readonly log: ForwardLog | undefined
  readonly deliver: (items: readonly SpooledEvent[]) => Promise<Delivery>
}

const MAX_PASSED = 1_000 // entries of refused partitions that one drain reads to come to others

/**
 * Spool to sink, oldest first. An entry goes when each of its events is delivered, a duplicate or in quarantine; the rest of one is put back
 * as an entry of the same age. Stops at the first entry where the sink fails. An entry all of whose events the sink's index or table refuses is
 * passed over, and does not count: what lies behind it may be welcome.
 */
export async function drainEntries(parts: DrainParts, { deadline, limit, settle }: DrainTerms): Promise<readonly SettledRow[]> {
  const { sink, spool, now } = parts
  const all: SettledRow[] = []
  let taken = 0
  for (const id of await spool.list(sink, limit + MAX_PASSED)) {
    if (now() >= deadline || taken >= limit) break
    const { rows, goOn, passed } = await drainEntry(parts, id)
    if (!passed) taken++
    if (rows) {
      await settle?.(rows)
      await spool.remove(id)
      all.push(...rows)
    }
    if (!goOn) break
  }
  return all
}

/** `rows`: the entry is done with and may be removed. `passed`: all of it is held, and the sink is well otherwise. */
async function drainEntry(
  parts: DrainParts,
  id: string,
): Promise<{ readonly rows?: readonly SettledRow[]; readonly goOn: boolean; readonly passed?: boolean }> {
  const { sink, spool, quarantine, log } = parts
  let entry: SpoolEntry
  try {
    entry = await spool.get(id)
  } catch (error) {
    if (error instanceof CorruptEntryError) return { rows: await setAside(parts, id, error), goOn: true }
    if (!(error instanceof SpoolError)) throw error
    log?.warn({ sink, entry: id, reason: error.message }, 'an entry of the spool cannot be read now')
    return { goOn: true }
  }
  const { delivered, duplicate, rejected, waiting, failure } = await parts.deliver(entry.events)
  const isolated = await quarantineRejected(quarantine, sink, rejected)
  const rest = [...waiting, ...isolated.failed.map(({ item, detail }) => ({ item, why: 'retry' as const, reason: detail }))]
  if (rest.length === entry.events.length) {
    const passed = failure === undefined && rest.every(({ why }) => why === 'hold')
    return { goOn: passed, passed }
  }
  if (rest.length > 0) {
    const put = await spoolWaiting(spool, sink, rest, { at: entry.at, replaces: id })
    if (put.failed.length > 0) throw put.error // the entry stays; what was delivered of it comes again, with the same uids
  }
  const rows = settledRows(sink, id, { delivered, duplicate, quarantined: isolated.stored.map(({ item }) => item) })
  return { rows, goOn: failure === undefined }
}

/** An entry that is not what was written goes to quarantine, and with it the events its header speaks of. */
async function setAside(
  { sink, quarantine, log }: DrainParts,
  id: string,
  { bytes, header, message }: CorruptEntryError,
): Promise<readonly SettledRow[]> {
  const inputs = inputsOf(header)
  const records = [...inputs.values()].reduce((sum, count) => sum + count, 0) || 1
  const at = typeof header?.['at'] === 'number' ? header['at'] : 0
  const origin = { stream: `spool:${sink}`, id, arrival: at, accounts: [], sources: [] }
  await quarantine.put({ origin, reason: 'corrupt', detail: message, bytes, records })
  log?.error(
    { sink, entry: id, events: inputs.size === 0 ? 'unknown' : records },
    'an entry of the spool is damaged and is now in quarantine',
  )
  return [...inputs].map(([input, quarantined]) => ({
    kind: 'settled' as const,
    input,
    sink,
    entry: id,
    delivered: 0,
    duplicate: 0,
    quarantined,
  }))
}

function settledRows(
  sink: string,
  entry: string,
  outcomes: Readonly<Record<'delivered' | 'duplicate' | 'quarantined', readonly SpooledEvent[]>>,
): readonly SettledRow[] {
  const rows = new Map<string, { delivered: number; duplicate: number; quarantined: number }>()
  for (const outcome of ['delivered', 'duplicate', 'quarantined'] as const) {
    for (const { input } of outcomes[outcome]) {
      const row = rows.get(input) ?? { delivered: 0, duplicate: 0, quarantined: 0 }
      row[outcome]++
      rows.set(input, row)
    }
  }
  return [...rows].map(([input, counts]) => ({ kind: 'settled', input, sink, entry, ...counts }))
}
