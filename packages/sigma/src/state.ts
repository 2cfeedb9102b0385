/**
 * What every store keeps of one key, in bytes as JSON in UTF-8: a state, and an answer. DynamoDB's 400 KB for an item hold both, with a key of the
 * greatest length.
 */
export const STATE_BYTES = 200_000
export const ANSWER_BYTES = 190_000

/**
 * State that crosses sandboxes and workers: windows of counts, baselines, leases. One interface, three adapters (memory, SQLite,
 * DynamoDB) in ingest.
 */
export interface StateStore {
  /**
   * Folds one batch into the state under `key`, exactly once: asked again with the same `batch` it changes nothing and answers what it
   * answered the first time, so that a crash neither counts twice nor loses the answer. Concurrent callers are serialized per key.
   *
   * `reduce` must be pure: it may run more than once. State and answer are JSON; with `packing`, state may be what is JSON only when packed.
   *
   * An answer of more than `ANSWER_BYTES` could not be kept, so the fold rejects with a RangeError and changes nothing: cut it, and say so in it.
   * A state of more than `STATE_BYTES` is taken by some stores only.
   */
  fold<State, Answer>(request: FoldRequest<State, Answer>): Promise<Answer>

  /**
   * Keys whose state asked to be looked at again (`wakeAt` of its last fold) at or before `now`, the most urgent first. Whoever is told of one
   * folds it; a fold that answers without `wakeAt` takes it off the list. Two callers may be told of one key.
   */
  due(now: number, limit: number): Promise<readonly Due[]>

  /** Takes or renews the lease `name` for `holder`; false when someone else holds it. Times are epoch and plain milliseconds. */
  lease(name: string, holder: string, now: number, forMs: number): Promise<boolean>

  close(): Promise<void>
}

export interface FoldRequest<State, Answer> {
  /** At most 1,024 characters, well-formed: a store may not tell half surrogate pairs apart. Holds the detection's id and its group. */
  readonly key: string
  /** Names the batch that is folded in; at most 256 characters. */
  readonly batch: string
  readonly now: number
  /** When the state may be forgotten, epoch milliseconds. */
  readonly expiresAt: number
  readonly initial: State
  readonly reduce: (state: State) => Folded<State, Answer>
  /**
   * How state becomes JSON, where it is not. A store in this process then keeps the state itself, and gives it to the next `reduce`: what was once
   * given as state is never changed, by `reduce` or by whoever calls. All folds of a key have it, or none.
   */
  readonly packing?: Packing<State>
}

/** State as JSON and back; what `unpack` gives is as good as what was packed. */
export interface Packing<State, Packed = unknown> {
  pack(state: State): Packed
  unpack(packed: Packed): State
}

export interface Folded<State, Answer> {
  readonly state: State
  readonly answer: Answer
  /** When `due` names this key, epoch milliseconds, though no event comes: a window that closes. Before `expiresAt`. */
  readonly wakeAt?: number
}

export interface Due {
  readonly key: string
  readonly wakeAt: number
}
