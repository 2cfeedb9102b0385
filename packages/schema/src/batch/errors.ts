/**
 * Why bytes from the stream are not a batch.
 * `corrupt`: broken framing, checksum or compression. `unknown-schema`, `unknown-dictionary`: written by a newer Weir, which can read it.
 * `too-large`: over a limit of the reader.
 */
export type WireReason = 'corrupt' | 'unknown-schema' | 'unknown-dictionary' | 'too-large'

/** Bytes that are not a batch this version can read. The message names the place and holds no content. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly reason: WireReason

  constructor(reason: WireReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Why one record's body cannot be read, while the rest of its batch can. */
export type BodyReason = 'corrupt' | 'unknown-schema' | 'invalid-json' | 'too-deep'

/** A record whose body cannot be read as its content type says. The message names the place and holds no content. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly reason: BodyReason

  constructor(reason: BodyReason, message: string) {
    super(message)
    this.reason = reason
  }
}
