import { createHash } from 'node:crypto'
import type { FoldRequest } from '@weir/sigma'

/** What a store keeps under one key. */
export interface Item {
  /** JSON. */
  readonly state: string
  /** What was answered to the last batches, oldest first: a digest of the batch's name, and the answer as JSON. */
  readonly answers: readonly (readonly [batch: string, answer: string])[]
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * Batches of which a key remembers the answer. A stream redelivers what it delivered last, and a key sees each batch once, so this covers
 * hours of a busy group. A batch that comes again after so many others is folded again: its events count twice, and a finding it then makes
 * has the same uid.
 */
export const REMEMBERED_BATCHES = 256

/** Of the answers together, UTF-8 and as JSON in JSON: an item must fit DynamoDB's 400 KB with its state. */
const MAX_ANSWER_BYTES = 200_000
const MAX_KEY = 1_024
const MAX_BATCH = 256

/** One fold: what to store, nothing where the batch was folded before, and the answer as JSON. Pure. */
export function step<State, Answer>(
  found: Item | undefined,
  request: FoldRequest<State, Answer>,
): { readonly next: Item | undefined; readonly answer: string } {
  checkNames(request)
  const item = found && found.expiresAt > request.now ? found : undefined
  const batch = createHash('sha256').update(request.batch).digest('base64url').slice(0, 22)
  const known = item?.answers.find(([name]) => name === batch)
  if (known) return { next: undefined, answer: known[1] }

  // By way of JSON even the first time, so that every adapter and every repetition gives `reduce` and the caller the same values.
  const before = item ? item.state : json(request.initial)
  const { state, answer } = request.reduce(JSON.parse(before) as State)
  const said = json(answer)
  return {
    next: {
      state: json(state),
      answers: bounded([...(item?.answers ?? []), [batch, said]]),
      expiresAt: Math.max(item?.expiresAt ?? 0, request.expiresAt),
    },
    answer: said,
  }
}

/** The newest answers that fit. One too large is not kept: its batch, should it come again, is folded again. */
function bounded(answers: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  const kept: (readonly [string, string])[] = []
  let bytes = 0
  for (const each of answers.slice(-REMEMBERED_BATCHES).toReversed()) {
    const size = Buffer.byteLength(JSON.stringify(each)) + 1
    if (size > MAX_ANSWER_BYTES) continue
    bytes += size
    if (bytes > MAX_ANSWER_BYTES) break
    kept.push(each)
  }
  return kept.toReversed()
}

const json = (value: unknown): string => JSON.stringify(value) ?? 'null'

function checkNames({ key, batch }: { readonly key: string; readonly batch: string }): void {
  if (key.length === 0 || key.length > MAX_KEY)
    throw new RangeError(`a state's key has 1 to ${MAX_KEY} characters; this has ${key.length}`)
  if (batch.length === 0 || batch.length > MAX_BATCH) {
    throw new RangeError(`a batch's name has 1 to ${MAX_BATCH} characters; this has ${batch.length}`)
  }
}
