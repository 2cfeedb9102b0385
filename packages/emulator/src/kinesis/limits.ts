const MIB = 1024 * 1024

/**
 * Kinesis quotas (AWS: "Quotas and limits", API reference of PutRecords and GetRecords, 2026). `false` for `throttle` takes away the
 * per-shard rates only; sizes and counts are always checked.
 */
export const LIMITS = {
  recordsPerPut: 500,
  bytesPerPut: 10 * MIB,
  maxRecordKiB: { default: 1024, min: 1024, max: 10_240 },
  partitionKeyChars: 256,
  recordsPerGet: 10_000,
  bytesPerGet: 10 * MIB,
  iteratorMs: 5 * 60_000,
  writeBytesPerSecond: MIB,
  writeRecordsPerSecond: 1000,
  readsPerSecond: 5,
  readBytesPerSecond: 2 * MIB,
  retentionHours: { default: 24, min: 24, max: 8760 },
} as const

/** A token bucket that starts full. A taker may go into debt once, so that one large read delays the next instead of never fitting. */
export class Bucket {
  readonly #perSecond: number
  readonly #capacity: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number, capacity = perSecond) {
    this.#perSecond = perSecond
    this.#capacity = capacity
    this.#tokens = capacity
    this.#at = now
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - this.#at)
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsed * this.#perSecond) / 1000)
    this.#at = now
  }

  has(amount: number, now: number): boolean {
    this.#refill(now)
    return this.#tokens >= amount
  }

  take(amount: number): void {
    this.#tokens -= amount
  }
}

export interface ShardRates {
  writeBytes: Bucket
  writeRecords: Bucket
  reads: Bucket
  readBytes: Bucket
}

/** The four rates of one shard. A stream with large records may burst to one of them. */
export function shardRates(now: number, maxRecordBytes: number): ShardRates {
  return {
    writeBytes: new Bucket(LIMITS.writeBytesPerSecond, now, Math.max(LIMITS.writeBytesPerSecond, maxRecordBytes)),
    writeRecords: new Bucket(LIMITS.writeRecordsPerSecond, now),
    reads: new Bucket(LIMITS.readsPerSecond, now),
    readBytes: new Bucket(LIMITS.readBytesPerSecond, now),
  }
}
