import { KinesisError, invalidArgument, validation } from './errors.ts'
import { LIMITS, shardRates, type ShardRates } from './limits.ts'
import { MAX_HASH_KEY, Shard, type StoredRecord } from './shard.ts'

export interface StreamOptions {
  name: string
  arn: string
  shardCount: number
  onDemand: boolean
  createdMs: number
  /** When the stream becomes ACTIVE. */
  activeMs: number
  throttle: boolean
  /** Data held at most; above it the oldest records go, as if their retention were over. */
  maxBytes: number
}

/** One data stream: its shards, their rates, and what bounds its memory. */
export class Stream {
  readonly name: string
  readonly arn: string
  readonly onDemand: boolean
  readonly createdMs: number
  readonly #activeMs: number
  readonly #throttle: boolean
  readonly #maxBytes: number
  readonly shards: Shard[] = []
  readonly #rates = new Map<string, ShardRates>()
  retentionHours: number = LIMITS.retentionHours.default
  maxRecordKiB: number = LIMITS.maxRecordKiB.default
  /** Records forgotten so far, by time or by `maxBytes`. */
  trimmed = 0

  constructor(options: StreamOptions) {
    this.name = options.name
    this.arn = options.arn
    this.onDemand = options.onDemand
    this.createdMs = options.createdMs
    this.#activeMs = options.activeMs
    this.#throttle = options.throttle
    this.#maxBytes = options.maxBytes
    this.#addUniform(options.shardCount, options.createdMs)
  }

  status(now: number): 'CREATING' | 'ACTIVE' {
    return now >= this.#activeMs ? 'ACTIVE' : 'CREATING'
  }

  get openShards(): Shard[] {
    return this.shards.filter(shard => shard.open)
  }

  shard(id: string): Shard {
    const shard = this.shards.find(shard => shard.id === id)
    if (!shard) throw new KinesisError('ResourceNotFoundException', `Could not find shard ${id} in stream ${this.name}.`)
    return shard
  }

  owner(hash: bigint): Shard {
    const shard = this.shards.find(shard => shard.owns(hash))
    if (!shard) throw new KinesisError('InternalFailure', `No open shard owns hash key ${hash}.`, 500)
    return shard
  }

  #ratesOf(shard: Shard, now: number): ShardRates {
    let rates = this.#rates.get(shard.id)
    if (!rates) this.#rates.set(shard.id, (rates = shardRates(now, this.maxRecordKiB * 1024)))
    return rates
  }

  /** True when the shard still takes a record of this size this second; it is then counted. */
  mayWrite(shard: Shard, bytes: number, now: number): boolean {
    if (!this.#throttle) return true
    const { writeBytes, writeRecords } = this.#ratesOf(shard, now)
    if (!writeBytes.has(bytes, now) || !writeRecords.has(1, now)) return false
    writeBytes.take(bytes)
    writeRecords.take(1)
    return true
  }

  /** True when the shard still answers a GetRecords this second. What it then returned is charged with `chargeRead`. */
  mayRead(shard: Shard, now: number): boolean {
    if (!this.#throttle) return true
    const { reads, readBytes } = this.#ratesOf(shard, now)
    if (!reads.has(1, now) || !readBytes.has(1, now)) return false
    reads.take(1)
    return true
  }

  chargeRead(shard: Shard, bytes: number, now: number): void {
    if (this.#throttle) this.#ratesOf(shard, now).readBytes.take(bytes)
  }

  append(shard: Shard, partitionKey: string, data: Buffer, now: number): StoredRecord {
    const record = shard.append(partitionKey, data, now)
    const over = this.shards.reduce((sum, shard) => sum + shard.bytes, 0) - this.#maxBytes
    if (over > 0) {
      const fullest = this.shards.reduce((a, b) => (b.bytes > a.bytes ? b : a))
      // A sixteenth at a time, so that a full stream does not pay for trimming on every record; the newest record always stays.
      this.trimmed += fullest.trimBytes(Math.min(Math.max(over, this.#maxBytes / 16), fullest.bytes - data.length))
    }
    return record
  }

  /** Forgets what is older than the retention period. */
  expire(now: number): void {
    for (const shard of this.shards) this.trimmed += shard.trimBefore(now - this.retentionHours * 3_600_000)
  }

  split(id: string, newStart: bigint, now: number): void {
    const shard = this.#openShard(id)
    if (newStart <= shard.startHash || newStart > shard.endHash)
      throw invalidArgument(
        `NewStartingHashKey ${newStart} used in SplitShard() on shard ${id} in stream ${this.name} is not in its range.`,
      )
    shard.close()
    this.#add(shard.startHash, newStart - 1n, now, [id])
    this.#add(newStart, shard.endHash, now, [id])
  }

  merge(id: string, adjacentId: string, now: number): void {
    const [low, high] = [this.#openShard(id), this.#openShard(adjacentId)].sort((a, b) => (a.startHash < b.startHash ? -1 : 1))
    if (!low || !high || low.endHash + 1n !== high.startHash)
      throw invalidArgument(
        `Shards ${id} and ${adjacentId} in stream ${this.name} are not an adjacent pair of shards eligible for merging.`,
      )
    low.close()
    high.close()
    this.#add(low.startHash, high.endHash, now, [id, adjacentId])
  }

  /**
   * Uniform scaling to double or half of the open shards, as splits in the middle or merges of neighbours. AWS also takes counts in
   * between; those would give a shard more than the two parents that the API can name.
   */
  scale(count: number, now: number): void {
    const open = this.openShards.sort((a, b) => (a.startHash < b.startHash ? -1 : 1))
    if (count === open.length) return
    if (count === open.length * 2) {
      for (const shard of open) this.split(shard.id, shard.startHash + (shard.endHash - shard.startHash + 1n) / 2n, now)
    } else if (count * 2 === open.length) {
      for (let i = 0; i < open.length; i += 2) this.merge(open[i]?.id ?? '', open[i + 1]?.id ?? '', now)
    } else {
      throw validation(
        `This emulator scales ${open.length} open shards to ${open.length * 2} or ${open.length / 2}, not to ${count}.`,
      )
    }
  }

  #openShard(id: string): Shard {
    const shard = this.shard(id)
    if (!shard.open) throw new KinesisError('ResourceInUseException', `Shard ${id} in stream ${this.name} is closed.`)
    return shard
  }

  #addUniform(count: number, now: number): void {
    const step = (MAX_HASH_KEY + 1n) / BigInt(count)
    for (let i = 0n; i < BigInt(count); i++)
      this.#add(i * step, i === BigInt(count) - 1n ? MAX_HASH_KEY : (i + 1n) * step - 1n, now)
  }

  /** A child is created a second after its parents, so that its sequence numbers come later than theirs. */
  #add(startHash: bigint, endHash: bigint, now: number, parents: readonly string[] = []): void {
    const latest = Math.max(now, ...this.shards.filter(shard => parents.includes(shard.id)).map(shard => shard.createdMs + 1000))
    this.shards.push(new Shard({ index: this.shards.length, createdMs: latest, startHash, endHash, parents }))
  }
}
