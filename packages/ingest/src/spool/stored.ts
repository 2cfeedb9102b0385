import { type Blobs, CorruptEntryError } from './blobs.ts'
import { frame, sha256, unframe } from './frame.ts'
import type { Spool, SpooledEvent, SpoolEntry } from './spool.ts'

const KIND = 'spool/1'

/**
 * The spool over any blobs. An entry is a header with the sink, the time, the reason and how many events wait for each input, and one line
 * for each event. Its name comes from the sink and the events, so that spooling them again leaves one entry.
 */
export function spoolOver(blobs: Blobs): Spool {
  return {
    async put({ sink, at, why, reason, events }, { replaces } = {}) {
      const payload = Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''))
      const header = { sink, at, why, reason, events: events.length, inputs: [...perInput(events)] }
      const hash = sha256(`${sink}\n${sha256(payload)}`).slice(0, 32)
      return blobs.put(sink, at, hash, await frame(KIND, header, payload), { evenIfFull: replaces !== undefined })
    },
    list: (sink, limit) => blobs.list(sink, limit),
    async get(id) {
      const bytes = await blobs.get(id)
      const { header, payload } = await unframe(KIND, id, bytes)
      const entry = readEntry(id, header, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'))
      if (!entry) throw new CorruptEntryError(`${id}: is not an entry of a spool`, bytes, header)
      return entry
    },
    remove: id => blobs.remove(id),
  }
}

function perInput(events: readonly SpooledEvent[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { input } of events) counts.set(input, (counts.get(input) ?? 0) + 1)
  return counts
}

/** How many events of each input a spool header speaks of; empty where it cannot be read. */
export function inputsOf(header: Readonly<Record<string, unknown>> | undefined): ReadonlyMap<string, number> {
  const inputs = header?.['inputs']
  if (!Array.isArray(inputs)) return new Map()
  return new Map(
    inputs.filter(
      (pair): pair is [string, number] => Array.isArray(pair) && typeof pair[0] === 'string' && Number.isInteger(pair[1]),
    ),
  )
}

function readEntry(id: string, header: Readonly<Record<string, unknown>>, text: string): SpoolEntry | undefined {
  const { sink, at, why, reason, events: count } = header
  if (typeof sink !== 'string' || typeof at !== 'number' || typeof reason !== 'string') return undefined
  if (why !== 'retry' && why !== 'hold') return undefined
  try {
    const events = text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as SpooledEvent)
    return events.length === count ? { id, sink, at, why, reason, events } : undefined
  } catch {
    return undefined
  }
}
