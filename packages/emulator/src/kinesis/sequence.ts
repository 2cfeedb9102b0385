/**
 * Sequence numbers as Kinesis prints them: decimal, 56 digits, rising within a shard. The top bit of 186 keeps the width constant.
 * Layout, most significant first: 1 | shard creation (seconds, 40 bits) | counter in the shard (64) | 45 spare | shard index (32) | 2 (4).
 * Only the width and the order are AWS's; the layout is ours and no client may read it.
 */
const TOP = 1n << 185n
const CREATED_AT = 145n
const COUNTER_AT = 81n
const SHARD_AT = 4n
const mask = (bits: bigint) => (1n << bits) - 1n

export function sequenceNumber(shardCreatedSeconds: number, shardIndex: number, counter: number): string {
  return (
    TOP |
    (BigInt(shardCreatedSeconds) << CREATED_AT) |
    (BigInt(counter) << COUNTER_AT) |
    (BigInt(shardIndex) << SHARD_AT) |
    2n
  ).toString()
}

/** The counter inside a sequence number of this shard; undefined when the text is no number of this shard. */
export function counterOf(sequence: string, shardCreatedSeconds: number, shardIndex: number): number | undefined {
  if (!/^[1-9]\d{55}$/.test(sequence)) return undefined
  const value = BigInt(sequence)
  const counter = Number((value >> COUNTER_AT) & mask(64n))
  return sequenceNumber(shardCreatedSeconds, shardIndex, counter) === sequence ? counter : undefined
}

/** Orders two sequence numbers. They are decimal strings of any length, so text order is wrong. */
export function compareSequence(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
