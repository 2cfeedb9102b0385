import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Quarantined } from '../event.ts'

/** One event that waits, with the input it came from, so that the ledger can be settled when it leaves. */
export interface SpooledEvent {
  readonly input: string
  readonly event: OcsfEvent
}

/** Events of one sink that wait together. */
export interface SpoolEntry {
  /** Names the entry: sink, time, and a hash of what is in it, so that spooling the same events twice leaves one entry. */
  readonly id: string
  readonly sink: string
  /** When it was spooled, epoch milliseconds; the first time, where it was put back. */
  readonly at: number
  readonly why: 'retry' | 'hold'
  /** The last thing the sink said. */
  readonly reason: string
  readonly events: readonly SpooledEvent[]
}

/**
 * Where a sink's events wait, as OCSF before encoding, until the sink is back. Adapters: files, S3 and memory.
 */
export interface Spool {
  /**
   * Resolves with the entry's id, only when the bytes are durable. Throws `SpoolFullError` where there is no room; `replaces` names an
   * entry, about to be removed, of which this is the rest: for that there is always room.
   */
  put(entry: Omit<SpoolEntry, 'id'>, options?: { readonly replaces?: string }): Promise<string>
  /** Ids, oldest first. */
  list(sink: string, limit: number): Promise<readonly string[]>
  /** Throws `CorruptEntryError` where the entry is not what was written, `SpoolError` where it is gone or cannot be reached. */
  get(id: string): Promise<SpoolEntry>
  /** No error where it is gone already. */
  remove(id: string): Promise<void>
}

/** Where input that cannot be decoded, and events that a sink will never take, wait for a person. Adapters: files, S3 and memory. */
export interface Quarantine {
  /** Resolves with the entry's id, only when the bytes are durable. The same input and reason again leave one entry. */
  put(entry: Quarantined): Promise<string>
  /** Ids, by arrival, oldest first. */
  list(limit: number): Promise<readonly string[]>
  get(id: string): Promise<Quarantined>
  remove(id: string): Promise<void>
}
