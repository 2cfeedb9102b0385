/** Text longer than this is looked at piece by piece, in UTF-16 units. */
const PIECE = 8_192
/** By how much pieces overlap, so that what a needle is known by stands whole in one of them. */
const OVERLAP = 32

/** Where texts are written as UTF-8 to be searched: one buffer, used for one text after another. */
export class TextBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly groups: Int32Array
  readonly #encoder = new TextEncoder()

  constructor() {
    const buffer = new ArrayBuffer(PIECE * 3)
    this.bytes = new Uint8Array(buffer)
    this.groups = new Int32Array(buffer)
  }

  /** Writes the piece of `text` that begins at `from`; answers its length in bytes. */
  write(text: string, from: number): number {
    const piece = text.length <= PIECE ? text : text.slice(from, from + PIECE)
    return this.#encoder.encodeInto(piece, this.bytes).written
  }

  /** Writes the end of `text`. */
  writeEnd(text: string): number {
    return this.write(text, Math.max(0, text.length - PIECE))
  }

  /** Where the next piece begins, or -1 when there is none. */
  next(text: string, from: number): number {
    return from + PIECE >= text.length ? -1 : from + PIECE - OVERLAP
  }
}
