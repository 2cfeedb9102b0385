import type { Recording } from './signals/signal.ts'

/** What a signal remembers of a sandbox. A copy that is restored from a snapshot is another sandbox, and begins anew. */
export function perSandbox<State>(make: () => State): (to: Recording) => State {
  const held = new WeakMap<Recording, { readonly id: string; readonly state: State }>()
  return to => {
    const { id } = to.sandbox
    let found = held.get(to)
    if (found?.id !== id) {
      found = { id, state: make() }
      held.set(to, found)
    }
    return found.state
  }
}
