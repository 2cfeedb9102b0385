import type { Quarantined } from '../event.ts'
import type { Quarantine, Spool, SpooledEvent } from '../spool/spool.ts'
import type { Rejection, Waiting } from './deliver.ts'

const QUARANTINE_AT_ONCE = 8
const MAX_SPOOLED_TOGETHER = 5_000 // events of one spool entry: about 5 MB, and what one drain step repeats after a crash

/** What could be put away, and what could not. */
export interface PutAway<T> {
  readonly stored: readonly T[]
  readonly failed: readonly T[]
  /** Why some failed. */
  readonly error?: unknown
}

/** Puts rejected events into quarantine, those of one input and one reason together, as NDJSON. */
export async function quarantineRejected(
  quarantine: Pick<Quarantine, 'put'>,
  sink: string,
  rejected: readonly Rejection[],
): Promise<PutAway<Rejection>> {
  const groups = [...Map.groupBy(rejected, ({ item, reason, detail }) => `${reason}\n${item.input}\n${detail}`).values()]
  const stored: Rejection[] = []
  const failed: Rejection[] = []
  let error: unknown
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift()) {
      try {
        await quarantine.put(quarantined(sink, group))
        stored.push(...group)
      } catch (thrown) {
        error = thrown
        failed.push(...group)
      }
    }
  }
  await Promise.all(Array.from({ length: QUARANTINE_AT_ONCE }, worker))
  return { stored, failed, ...(error !== undefined && { error }) }
}

function quarantined(sink: string, group: readonly Rejection[]): Quarantined {
  const [first] = group
  if (!first) throw new RangeError('an empty group')
  return {
    // The stream is not known here; the input's id names the record on it. The event's own time keeps the name the same on redelivery.
    origin: { stream: `sink:${sink}`, id: first.item.input, arrival: first.item.event.time, accounts: [], sources: [] },
    reason: first.reason,
    detail: `sink ${sink}: ${first.detail}`,
    bytes: Buffer.from(group.map(({ item }) => `${JSON.stringify(item.event)}\n`).join('')),
    records: group.length,
  }
}

/** Spools what waits, held events apart from the others, in entries of bounded size. */
export async function spoolWaiting(
  spool: Pick<Spool, 'put'>,
  sink: string,
  waiting: readonly Waiting[],
  { at, replaces }: { readonly at: number; readonly replaces?: string },
): Promise<PutAway<Waiting>> {
  const stored: Waiting[] = []
  const failed: Waiting[] = []
  let error: unknown
  for (const [why, group] of Map.groupBy(waiting, ({ why }) => why)) {
    for (let start = 0; start < group.length; start += MAX_SPOOLED_TOGETHER) {
      const part = group.slice(start, start + MAX_SPOOLED_TOGETHER)
      const events = part.map(({ item }): SpooledEvent => ({ input: item.input, event: item.event }))
      try {
        const entry = { sink, at, why, reason: part.at(-1)?.reason ?? '', events }
        await (replaces === undefined ? spool.put(entry) : spool.put(entry, { replaces }))
        stored.push(...part)
      } catch (thrown) {
        error = thrown
        failed.push(...part)
      }
    }
  }
  return { stored, failed, ...(error !== undefined && { error }) }
}
