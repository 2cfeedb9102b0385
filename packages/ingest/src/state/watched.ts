import type { FoldRequest, StateStore } from '@weir/sigma'
import { WeirError } from '../errors.ts'

/** The input must come again: its windows could not be counted. */
export class StateUnavailable extends WeirError {}

/** The state store, and whether it failed: a detection may swallow that, and must not hide it. */
export function watched(state: StateStore): StateStore & { failure: unknown } {
  const watching = {
    failure: undefined as unknown,
    fold: <State, Answer>(request: FoldRequest<State, Answer>) =>
      state.fold(request).catch((error: unknown) => {
        // A name that no store takes is a bug of the caller's, and would fail again.
        if (error instanceof RangeError) throw error
        watching.failure = error
        throw new StateUnavailable('the state store cannot be reached', { cause: error })
      }),
    due: state.due.bind(state),
    lease: state.lease.bind(state),
    close: state.close.bind(state),
  }
  return watching
}
