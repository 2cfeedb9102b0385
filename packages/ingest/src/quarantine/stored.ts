import type { Quarantined, QuarantineReason } from '../event.ts'
import { type Blobs, CorruptEntryError } from '../spool/blobs.ts'
import { frame, sha256, unframe } from '../spool/frame.ts'
import type { Quarantine } from '../spool/spool.ts'

const KIND = 'quarantine/1'

const REASONS: Readonly<Record<QuarantineReason, true>> = {
  corrupt: true,
  'unknown-schema': true,
  'invalid-json': true,
  'too-large': true,
  'too-deep': true,
  'wrong-source': true,
  unmappable: true,
  rejected: true,
  sealed: true,
  'on-failure': true,
}

/**
 * The quarantine over any blobs. An entry is a header with origin, reason and detail, and the input's bytes. Its name comes from all of
 * these and the input's arrival, so that the same input again leaves one entry.
 */
export function quarantineOver(blobs: Blobs): Quarantine {
  return {
    async put({ origin, reason, detail, records, bytes }) {
      const hash = sha256(JSON.stringify([origin.stream, origin.id, reason, detail, sha256(bytes)])).slice(0, 32)
      return blobs.put('', origin.arrival, hash, await frame(KIND, { origin, reason, detail, records }, bytes))
    },
    list: limit => blobs.list('', limit),
    async get(id) {
      const stored = await blobs.get(id)
      const { header, payload } = await unframe(KIND, id, stored)
      const { origin, reason, detail, records } = header as unknown as Quarantined
      if (typeof origin?.id !== 'string' || typeof origin.stream !== 'string' || !Object.hasOwn(REASONS, reason)) {
        throw new CorruptEntryError(`${id}: is not an entry of a quarantine`, stored, header)
      }
      return { origin, reason, detail, records, bytes: payload }
    },
    remove: id => blobs.remove(id),
  }
}
