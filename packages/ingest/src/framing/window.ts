/** The stretch of an input that is held, addressed by offsets in the whole input. Handed-out views stay valid: bytes once written never change. */
export class ByteWindow {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  /** The offset of the first byte held. */
  base = 0

  /** The bytes held; offset `base` is at index 0. Longer than what is held. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** The offset after the last byte held. */
  get end(): number {
    return this.base + this.#length
  }

  byte(offset: number): number {
    return this.#bytes[offset - this.base] as number
  }

  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(from - this.base, to - this.base)
  }

  /** The first place in `from` … `to` where all of `needle` stands, or -1. */
  find(needle: Buffer | number, from: number, to = this.end): number {
    if (to <= from) return -1
    const at = this.slice(from, Math.min(to, this.end)).indexOf(needle)
    return at < 0 ? -1 : at + from
  }

  /** Adds a chunk and lets go of what stands before `keepFrom`. */
  append(chunk: Uint8Array, keepFrom: number): void {
    const dropped = Math.max(0, keepFrom - this.base)
    const kept = this.#length - dropped
    const needed = kept + chunk.length
    if (kept === 0) {
      this.#bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    } else if (this.#length + chunk.length <= this.#spare) {
      this.#bytes.set(chunk, this.#length)
      this.#length += chunk.length
      return
    } else {
      const next = Buffer.allocUnsafe(Math.max(2 * needed, 4096))
      this.#bytes.copy(next, 0, dropped, this.#length)
      next.set(chunk, kept)
      this.#bytes = next
      this.#spare = next.length
    }
    if (kept === 0) this.#spare = 0
    this.base += dropped
    this.#length = needed
  }

  /** How much of `bytes` is ours to write on: nothing of a chunk that was taken over. */
  #spare = 0
}
