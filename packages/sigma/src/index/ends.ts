/** Of a longer needle, so many bytes at its end are hashed; the rest is left to the comparison that follows. */
const HASHED = 24
/** How far from its end the two characters stand that are looked at first: behind `.exe`, which most have. */
const NEAR = 6
const PAIRS = 2_048

/**
 * Which of many needles a text may begin with, or end with: one walk from that end, with a look into a table at each length that a needle
 * has.
 */
export class Ends {
  readonly #lengths: Uint8Array
  readonly #heads: Int32Array
  readonly #mask: number
  readonly #hashes: Int32Array
  readonly #next: Int32Array
  readonly #fromEnd: boolean
  readonly #pairs = new Uint8Array(PAIRS)
  readonly #anyPair: boolean

  /** Needles are known by their place. */
  constructor(texts: readonly string[], fromEnd: boolean) {
    const encoder = new TextEncoder()
    const needles = texts.map(text => encoder.encode(text))
    this.#fromEnd = fromEnd
    this.#anyPair = texts.some(text => text.length < NEAR)
    for (const text of texts) this.#pairs[pair(text, fromEnd ? text.length - NEAR : NEAR - 2)] = 1
    const size = (needle: Uint8Array): number => Math.min(needle.length, HASHED)
    this.#lengths = Uint8Array.from([...new Set(needles.map(size))].sort((a, b) => a - b))
    let buckets = 16
    while (buckets < 2 * needles.length) buckets *= 2
    this.#mask = buckets - 1
    this.#heads = new Int32Array(buckets).fill(-1)
    this.#next = new Int32Array(needles.length)
    this.#hashes = Int32Array.from(needles, needle => {
      let hash = 0
      for (let i = 0; i < size(needle); i++) hash = (Math.imul(hash, 31) + (needle[fromEnd ? needle.length - 1 - i : i] ?? 0)) | 0
      return mixed(hash, size(needle))
    })
    this.#hashes.forEach((hash, id) => {
      const bucket = hash & this.#mask
      this.#next[id] = this.#heads[bucket] ?? -1
      this.#heads[bucket] = id
    })
  }

  /**
   * Whether a text, by two characters near that end, may have a needle there: most texts have none, and then need not be written as bytes.
   */
  mayFind(text: string): boolean {
    if (this.#anyPair) return true
    const at = this.#fromEnd ? text.length - NEAR : NEAR - 2
    return at >= 0 && this.#pairs[pair(text, at)] === 1
  }

  /** Puts the needles that the first `length` bytes may end with (or begin with) into `out`; answers how many. */
  find(bytes: Uint8Array, length: number, out: number[]): number {
    const fromEnd = this.#fromEnd
    let count = 0
    let hash = 0
    let i = 0
    const lengths = this.#lengths
    for (let l = 0; l < lengths.length; l++) {
      const size = lengths[l] ?? 0
      if (size > length) break
      for (; i < size; i++) hash = (Math.imul(hash, 31) + (bytes[fromEnd ? length - 1 - i : i] ?? 0)) | 0
      const key = mixed(hash, size)
      for (let id = this.#heads[key & this.#mask] ?? -1; id >= 0; id = this.#next[id] ?? -1)
        if (this.#hashes[id] === key) out[count++] = id
    }
    return count
  }
}

const pair = (text: string, at: number): number => (Math.imul(text.charCodeAt(at), 31) + text.charCodeAt(at + 1)) & (PAIRS - 1)

function mixed(hash: number, length: number): number {
  const mix = Math.imul(hash ^ Math.imul(length, 0x85ebca6b), 0x9e3779b1)
  return mix ^ (mix >>> 15)
}
