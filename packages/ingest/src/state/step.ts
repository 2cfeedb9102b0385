import { hash } from 'node:crypto'
import type { FoldRequest, Packing } from '@weir/sigma'
import { emptyAnswers, find, remember } from './answers.ts'

/** What a store keeps under one key; how it holds the state, it says by a `Form`. */
export interface Item<Held = string> {
  readonly state: Held
  /** What was answered to the last batches: see answers.ts. */
  readonly answers: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** What a fold leaves. */
export interface Next<Held = string> extends Item<Held> {
  /** When the key asked to be looked at again, epoch milliseconds. */
  readonly wakeAt: number | undefined
}

/** How a store holds states. */
export interface Form<Held> {
  read<State>(held: Held, packing: Packing<State> | undefined): State
  write<State>(state: State, packing: Packing<State> | undefined): Held
}

const json = (value: unknown): string => JSON.stringify(value) ?? 'null'

/** As JSON text. */
export const asText: Form<string> = {
  read<State>(held: string, packing: Packing<State> | undefined) {
    const parsed: unknown = JSON.parse(held)
    return packing ? packing.unpack(parsed) : (parsed as State)
  },
  write: (state, packing) => json(packing ? packing.pack(state) : state),
}

/** As it is where the request says that nobody changes it (`packing`), else as JSON text. */
export const asItIs: Form<unknown> = {
  read: <State>(held: unknown, packing: Packing<State> | undefined) => (packing ? held : JSON.parse(held as string)) as State,
  write: (state, packing) => (packing ? state : json(state)),
}

const MAX_KEY = 1_024
const MAX_BATCH = 256

/** One fold: what to store, nothing where the batch was folded before, and the answer as JSON. Pure. */
export function step<Held, State, Answer>(
  found: Item<Held> | undefined,
  request: FoldRequest<State, Answer>,
  form: Form<Held>,
): { readonly next: Next<Held> | undefined; readonly answer: string } {
  checkNames(request)
  const item = found && found.expiresAt > request.now ? found : undefined
  const batch = digest(request.batch)
  const known = item && find(item.answers, batch)
  if (known !== undefined) return { next: undefined, answer: known }

  const { state, answer, wakeAt } = request.reduce(item ? form.read(item.state, request.packing) : initialOf(request))
  const said = json(answer)
  return {
    next: {
      state: form.write(state, request.packing),
      answers: remember(item ? item.answers : emptyAnswers, batch, said),
      expiresAt: Math.trunc(Math.max(item ? item.expiresAt : 0, request.expiresAt)),
      wakeAt: wakeAt !== undefined && Number.isFinite(wakeAt) ? Math.trunc(wakeAt) : undefined,
    },
    answer: said,
  }
}

/** Plain state by way of JSON even the first time, so that every adapter and every repetition gives `reduce` the same values. */
const initialOf = <State, Answer>({ initial, packing }: FoldRequest<State, Answer>): State =>
  packing ? initial : (JSON.parse(json(initial)) as State)

/** The answer as the caller gets it: mostly a word, for which no parser is needed. */
export function spoken(answer: string): unknown {
  if (answer === 'null') return null
  return WORDS.has(answer) ? WORDS.get(answer) : JSON.parse(answer)
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
])

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
