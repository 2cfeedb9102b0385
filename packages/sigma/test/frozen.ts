import type { FoldRequest, StateStore } from '../src/state.ts'

/** A store whose states cannot be changed once `reduce` has given them, to prove that nobody does. */
export function frozen(store: StateStore): StateStore {
  return {
    fold<State, Answer>(request: FoldRequest<State, Answer>) {
      return store.fold({
        ...request,
        reduce: (state: State) => {
          const folded = request.reduce(freeze(state))
          freeze(folded.state)
          return folded
        },
      })
    },
    due: (now, limit) => store.due(now, limit),
    lease: (...lease) => store.lease(...lease),
    close: () => store.close(),
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  Object.values(value).forEach(freeze)
  return value
}
