import { hash } from 'node:crypto'
import type { FoldRequest } from '@weir/sigma'
import { emptyAnswers, find, remember } from './answers.ts'

/** What a store keeps under one key. */
export interface Item {
  /** JSON. */
  readonly state: string
  /** What was answered to the last batches: see answers.ts. */
  readonly answers: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** When the key asked to be looked at again, epoch milliseconds. */
  readonly wakeAt?: number
}

const MAX_KEY = 1_024
const MAX_BATCH = 256

/** One fold: what to store, nothing where the batch was folded before, and the answer as JSON. Pure. */
export function step<State, Answer>(
  found: Item | undefined,
  request: FoldRequest<State, Answer>,
): { readonly next: Item | undefined; readonly answer: string } {
  checkNames(request)
  const item = found && found.expiresAt > request.now ? found : undefined
  const batch = digest(request.batch)
  const known = item && find(item.answers, batch)
  if (known !== undefined) return { next: undefined, answer: known }

  // By way of JSON even the first time, so that every adapter and every repetition gives `reduce` and the caller the same values.
  const before = item ? item.state : json(request.initial)
  const { state, answer, wakeAt } = request.reduce(JSON.parse(before) as State)
  const said = json(answer)
  return {
    next: {
      state: json(state),
      answers: remember(item?.answers ?? emptyAnswers, batch, said),
      expiresAt: Math.trunc(Math.max(item?.expiresAt ?? 0, request.expiresAt)),
      ...(wakeAt !== undefined && Number.isFinite(wakeAt) ? { wakeAt: Math.trunc(wakeAt) } : {}),
    },
    answer: said,
  }
}

/** The answer as the caller gets it: mostly a word, for which no parser is needed. */
export function spoken(answer: string): unknown {
  return WORDS.has(answer) ? WORDS.get(answer) : JSON.parse(answer)
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['null', null],
  ['true', true],
  ['false', false],
])

const json = (value: unknown): string => JSON.stringify(value) ?? 'null'

// One batch is folded into many keys, one after another.
let last = { batch: '', digest: '' }

/** 72 bits: among the batches that one key remembers, two share them once in 10¹⁷ keys; and nobody outside chooses a batch's name. */
function digest(batch: string): string {
  if (last.batch !== batch) last = { batch, digest: hash('sha256', batch, 'base64url').slice(0, 12) }
  return last.digest
}

function checkNames({ key, batch }: { readonly key: string; readonly batch: string }): void {
  if (key.length === 0 || key.length > MAX_KEY)
    throw new RangeError(`a state's key has 1 to ${MAX_KEY} characters; this has ${key.length}`)
  if (batch.length === 0 || batch.length > MAX_BATCH) {
    throw new RangeError(`a batch's name has 1 to ${MAX_BATCH} characters; this has ${batch.length}`)
  }
}
