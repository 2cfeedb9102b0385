import { createHash } from 'node:crypto'
import { counterOf, sequenceNumber } from './sequence.ts'

/** One stored record. `arrival` is in milliseconds since the epoch. */
export interface StoredRecord {
  sequenceNumber: string
  partitionKey: string
  data: Buffer
  arrival: number
  shardId: string
}

/** Hash keys are 128-bit unsigned numbers; MD5 of the partition key picks one unless the producer names it. */
export const MAX_HASH_KEY = (1n << 128n) - 1n
export const hashKey = (partitionKey: string): bigint =>
  BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`)

export interface ShardSpec {
  index: number
  createdMs: number
  startHash: bigint
  endHash: bigint
  parents?: readonly string[]
}

/**
 * One shard: an append-only run of records, addressed by a counter that also sits in the sequence number.
 * Counter 0 is the shard's own starting sequence number; the first record has counter 1.
 */
export class Shard {
  readonly id: string
  readonly createdMs: number
  readonly startHash: bigint
  readonly endHash: bigint
  readonly parents: readonly string[]
  readonly startingSequence: string
  readonly #index: number
  readonly #createdSeconds: number
  #records: StoredRecord[] = []
  /** Counter of `#records[0]`. */
  #first = 1
  #next = 1
  #closedAt: string | undefined
  bytes = 0

  constructor(spec: ShardSpec) {
    this.id = `shardId-${String(spec.index).padStart(12, '0')}`
    this.createdMs = spec.createdMs
    this.startHash = spec.startHash
    this.endHash = spec.endHash
    this.parents = spec.parents ?? []
    this.#index = spec.index
    this.#createdSeconds = Math.floor(spec.createdMs / 1000)
    this.startingSequence = sequenceNumber(this.#createdSeconds, this.#index, 0)
  }

  get open(): boolean {
    return this.#closedAt === undefined
  }

  /** Set once the shard was split or merged away. */
  get endingSequence(): string | undefined {
    return this.#closedAt
  }

  close(): void {
    this.#closedAt = sequenceNumber(this.#createdSeconds, this.#index, this.#next)
  }

  owns(hash: bigint): boolean {
    return this.open && hash >= this.startHash && hash <= this.endHash
  }

  append(partitionKey: string, data: Buffer, arrival: number): StoredRecord {
    const record = {
      sequenceNumber: sequenceNumber(this.#createdSeconds, this.#index, this.#next++),
      partitionKey,
      data,
      arrival,
      shardId: this.id,
    }
    this.#records.push(record)
    this.bytes += data.length
    return record
  }

  /** Counter of the oldest record still held. */
  get horizon(): number {
    return this.#first
  }

  /** Counter that the next record will get. */
  get tip(): number {
    return this.#next
  }

  get records(): readonly StoredRecord[] {
    return this.#records
  }

  counterOf(sequence: string): number | undefined {
    return counterOf(sequence, this.#createdSeconds, this.#index)
  }

  /** Counter of the first record that arrived at or after `ms`. */
  counterAt(ms: number): number {
    const found = this.#records.findIndex(record => record.arrival >= ms)
    return found < 0 ? this.#next : this.#first + found
  }

  /** Records from `counter` on, at most `limit` of them and about `maxBytes` of data (always at least one). */
  read(counter: number, limit: number, maxBytes: number): { records: StoredRecord[]; next: number } {
    const from = Math.max(counter, this.#first)
    const records: StoredRecord[] = []
    let bytes = 0
    for (let i = from - this.#first; i < this.#records.length && records.length < limit; i++) {
      const record = this.#records[i]
      if (!record) break
      bytes += record.data.length + record.partitionKey.length
      if (records.length > 0 && bytes > maxBytes) break
      records.push(record)
    }
    return { records, next: from + records.length }
  }

  /** Milliseconds by which a reader standing at `counter` is behind the tip. */
  behind(counter: number, now: number): number {
    const record = this.#records[Math.max(counter, this.#first) - this.#first]
    return record ? Math.max(0, now - record.arrival) : 0
  }

  /** Forgets records that arrived before `ms`; returns how many. */
  trimBefore(ms: number): number {
    return this.#drop(this.counterAt(ms) - this.#first)
  }

  /** Forgets the oldest records until at least `bytes` of data are free; returns how many. */
  trimBytes(bytes: number): number {
    let freed = 0
    let count = 0
    while (freed < bytes && count < this.#records.length) freed += this.#records[count++]?.data.length ?? 0
    return this.#drop(count)
  }

  #drop(count: number): number {
    for (const record of this.#records.splice(0, count)) this.bytes -= record.data.length
    this.#first += count
    return count
  }
}
