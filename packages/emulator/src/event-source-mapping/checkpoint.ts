/** Where each shard of one stream is read to. `SHARD_END` stands for a closed shard that was read to its end. */
export interface CheckpointStore {
  load(shardId: string): Promise<string | undefined>
  save(shardId: string, sequenceNumber: string): Promise<void>
}

export const SHARD_END = 'SHARD_END'

/** Checkpoints that live as long as the process, of one stream: shards of two streams may have one name. */
export function memoryCheckpoints(): CheckpointStore {
  const checkpoints = new Map<string, string>()
  return {
    load: async shardId => checkpoints.get(shardId),
    save: async (shardId, sequenceNumber) => void checkpoints.set(shardId, sequenceNumber),
  }
}

/** Follows the records of one shard that are read but not settled, so that the checkpoint never passes one that is still open. */
export class Progress {
  #open: { sequenceNumber: string; settled: boolean }[] = []
  readonly #bySequence = new Map<string, { settled: boolean }>()

  get pending(): number {
    return this.#open.length
  }

  add(sequenceNumber: string): void {
    const entry = { sequenceNumber, settled: false }
    this.#open.push(entry)
    this.#bySequence.set(sequenceNumber, entry)
  }

  /** Marks records as settled; returns the sequence number up to which all are, when that has moved. */
  settle(sequenceNumbers: readonly string[]): string | undefined {
    for (const sequenceNumber of sequenceNumbers) {
      const entry = this.#bySequence.get(sequenceNumber)
      if (entry) entry.settled = true
    }
    const open = this.#open.findIndex(entry => !entry.settled)
    const done = this.#open.splice(0, open < 0 ? this.#open.length : open)
    for (const entry of done) this.#bySequence.delete(entry.sequenceNumber)
    return done.at(-1)?.sequenceNumber
  }
}
