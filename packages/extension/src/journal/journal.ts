import type { Batch } from '@weir/schema'

/**
 * Where records stand until the stream has them, so that the next process of this sandbox can ship what this one could not. Nothing here throws:
 * a disk that is full costs the safety net, not the records.
 */
export interface Journal {
  /** Records that have just been buffered, as the batch they would be if this process died now. */
  ahead(batch: Batch): void
  /** A batch was cut and encoded: from here on it stands for the records that went into it. */
  cut(batch: Batch, data: Uint8Array): void
  /** Of what was cut, only the batches with these sequence numbers still wait. None left: the journal is empty again. */
  waiting(sequences: readonly number[]): void
  /** A restored copy of a snapshot: what stands here is another sandbox's. */
  renew(): void
}

/** For a sandbox that has no key to seal a journal to. */
export const noJournal: Journal = { ahead: () => {}, cut: () => {}, waiting: () => {}, renew: () => {} }
