import type { Batch } from '@weir/schema'
import type { Recording } from '../signals/signal.ts'

/** A batch by its names. */
export interface Name {
  readonly sandbox: string
  readonly sequence: number
}

/** A batch that was cut, as it will be shipped. */
export interface Cut {
  readonly sequence: number
  readonly data: Uint8Array
}

/** Records of a batch that is none of this sandbox's own. */
export type Carrier = Pick<Batch, 'sandbox' | 'sequence' | 'emitted' | 'records'>

/**
 * Where records stand until the stream has them, so that the next process of this sandbox can ship what this one could not. Nothing here throws:
 * a disk that is full costs the safety net, not the records.
 */
export interface Journal {
  /** Records that have just been buffered, as the batch they would be if this process died now; the sequence is given here. */
  ahead(batch: Batch): void
  /** All that was buffered has been cut, up to the sequence `last`; these batches stand for it from here on. */
  cut(batches: readonly Cut[], last: number): void
  /** Of all that was cut or carried, only these still wait. */
  waiting(batches: readonly Name[]): void
  /** What earlier processes of this sandbox left, as the next batch to ship; nothing when there is no more for now. The first call reads the disk. */
  recover(to: Recording, maxBytes: number): Carrier | undefined
  /** A restored copy of a snapshot: what stands here is another sandbox's. */
  renew(): void
}

/** For a sandbox that has no key to seal a journal to. */
export const noJournal: Journal = { ahead: () => {}, cut: () => {}, waiting: () => {}, recover: () => undefined, renew: () => {} }
