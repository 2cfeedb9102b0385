/** How many bytes of a long needle are looked at: every four bytes of text in a row that hold it contain an aligned group of four. */
const WINDOW = 7
const GROUP = 4
/** The filter has so many times two bits for each group. */
const SPARSE = 4
const COUNT_BITS = 14

/**
 * Which of many needles a text may contain, in a time that hardly depends on how many there are. Text is UTF-8 in a buffer. Of a long
 * needle the seven rarest bytes in a row are filed four times, once for each way in which groups of four can fall on them, so that only
 * every fourth place of a text is looked at. Short needles are filed by their first three bytes and looked for at every place.
 */
export class Grams {
  /** A bit for each hash of a long needle's group; hashes are the upper bits of a product. */
  readonly #filter: Uint8Array
  readonly #shift: number
  readonly #long: Chains
  readonly #short: Chains
  readonly #shortFilter: Uint8Array
  readonly #hasShort: boolean

  /** Needles are known by their place; each has at least three bytes. */
  constructor(needles: readonly Uint8Array[]) {
    const bits = Math.min(20, Math.max(12, SPARSE + Math.ceil(Math.log2(needles.length * GROUP))))
    this.#shift = 32 - bits
    this.#filter = new Uint8Array(1 << (bits - 3))
    this.#shortFilter = new Uint8Array(1 << (bits - 3))
    const hash = (key: number): number => Math.imul(key, 0x9e3779b1) >>> this.#shift
    const counts = new Uint16Array(1 << COUNT_BITS)
    for (const needle of needles) for (let i = 0; i + GROUP <= needle.length; i++) bump(counts, mix(group(needle, i), COUNT_BITS))
    this.#long = new Chains(needles.length * GROUP)
    this.#short = new Chains(needles.length)
    let hasShort = false
    needles.forEach((needle, id) => {
      if (needle.length < WINDOW) {
        hasShort = true
        const key = three(needle, 0)
        mark(this.#shortFilter, hash(key))
        this.#short.add(key, 0, 0, id)
        return
      }
      const from = rarest(needle, counts)
      for (let shift = 0; shift < GROUP; shift++) {
        const key = group(needle, from + shift)
        mark(this.#filter, hash(key))
        this.#long.add(key, shift, rest(needle, from, shift), id)
      }
    })
    this.#hasShort = hasShort
  }

  /** Adds the needles that the first `length` bytes may contain to `out`, from its place `count` on, perhaps several times; answers how many there are. */
  find(bytes: Uint8Array, groups: Int32Array, length: number, out: number[]): number {
    let count = 0
    const filter = this.#filter
    const shift = this.#shift
    const long = this.#long
    for (let i = 0, g = 0; i + GROUP <= length; i += GROUP, g++) {
      const key = groups[g] ?? 0
      const h = Math.imul(key, 0x9e3779b1) >>> shift
      if (((filter[h >> 3] ?? 0) & (1 << (h & 7))) === 0) continue
      for (let e = long.first(key); e >= 0; e = long.next(e)) {
        if (!long.is(e, key)) continue
        const before = long.shift(e)
        const from = i - before
        if (from >= 0 && from + WINDOW <= length && rest(bytes, from, before) === long.rest(e)) out[count++] = long.id(e)
      }
    }
    if (!this.#hasShort) return count
    const shortFilter = this.#shortFilter
    const short = this.#short
    let key = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
    for (let i = 2; i < length; i++) {
      key = ((key << 8) | (bytes[i] ?? 0)) & 0xffffff
      const h = Math.imul(key, 0x9e3779b1) >>> shift
      if (((shortFilter[h >> 3] ?? 0) & (1 << (h & 7))) === 0) continue
      for (let e = short.first(key); e >= 0; e = short.next(e)) if (short.is(e, key)) out[count++] = short.id(e)
    }
    return count
  }
}

/** Entries under hashed keys: plain columns, chained by their place. */
class Chains {
  readonly #heads: Int32Array
  readonly #mask: number
  readonly #keys: Int32Array
  readonly #shifts: Uint8Array
  readonly #rests: Int32Array
  readonly #ids: Int32Array
  readonly #next: Int32Array
  #size = 0

  constructor(capacity: number) {
    let buckets = 16
    while (buckets < 2 * capacity) buckets *= 2
    this.#mask = buckets - 1
    this.#heads = new Int32Array(buckets).fill(-1)
    this.#keys = new Int32Array(capacity)
    this.#shifts = new Uint8Array(capacity)
    this.#rests = new Int32Array(capacity)
    this.#ids = new Int32Array(capacity)
    this.#next = new Int32Array(capacity)
  }

  add(key: number, shift: number, rest: number, id: number): void {
    const at = this.#size++
    const head = (Math.imul(key, 0x9e3779b1) >>> 8) & this.#mask
    this.#keys[at] = key
    this.#shifts[at] = shift
    this.#rests[at] = rest
    this.#ids[at] = id
    this.#next[at] = this.#heads[head] ?? -1
    this.#heads[head] = at
  }

  first(key: number): number {
    return this.#heads[(Math.imul(key, 0x9e3779b1) >>> 8) & this.#mask] ?? -1
  }
  next(entry: number): number {
    return this.#next[entry] ?? -1
  }
  is(entry: number, key: number): boolean {
    return this.#keys[entry] === key
  }
  shift(entry: number): number {
    return this.#shifts[entry] ?? 0
  }
  rest(entry: number): number {
    return this.#rests[entry] ?? 0
  }
  id(entry: number): number {
    return this.#ids[entry] ?? 0
  }
}

const mix = (key: number, bits: number): number => Math.imul(key, 0x9e3779b1) >>> (32 - bits)
function mark(filter: Uint8Array, h: number): void {
  filter[h >> 3] = (filter[h >> 3] ?? 0) | (1 << (h & 7))
}
function bump(counts: Uint16Array, h: number): void {
  if ((counts[h] ?? 0) < 0xffff) counts[h] = (counts[h] ?? 0) + 1
}

/** Four bytes as an Int32Array over the same buffer reads them, on a little-endian machine. */
const group = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
const three = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)

/** The three bytes of the window at `from` that are not in the group at `shift`. */
function rest(bytes: Uint8Array, from: number, shift: number): number {
  let out = 0
  for (let i = 0; i < WINDOW; i++) if (i < shift || i >= shift + GROUP) out = (out << 8) | (bytes[from + i] ?? 0)
  return out
}

/** Where the window begins whose groups are shared with the fewest needles. */
function rarest(needle: Uint8Array, counts: Uint16Array): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let from = 0; from + WINDOW <= needle.length; from++) {
    let sum = 0
    for (let shift = 0; shift < GROUP; shift++) sum += counts[mix(group(needle, from + shift), COUNT_BITS)] ?? 0
    if (sum < least) {
      least = sum
      best = from
    }
  }
  return best
}
