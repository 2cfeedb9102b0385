import { aside } from '../aside.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Signal } from './signal.ts'

/** One sandbox in so many lists its packages at its first flush, chosen by the random id: a function that only ever starts cold is listed too. */
const ONE_IN = 8
/** Any other at this flush: by then the cost is spread over what the sandbox has done. */
const AT_FLUSH = 16

const stateOf = perSandbox(() => ({ flushes: 0 }))

/** `weir.inventory`, once in a sandbox, if it lives long enough or is chosen: the packages that were deployed: see `tellInventory`. */
export const inventory: Signal = {
  name: 'weir.inventory',
  flush(to) {
    if (!to.config.inventory || to.load !== 'all') return
    const state = stateOf(to)
    state.flushes++
    const chosen = Number.parseInt(to.sandbox.id.slice(0, 2), 16) % ONE_IN === 0
    if (state.flushes === (chosen ? 1 : AT_FLUSH)) aside('weir.inventory', to, (side, quietly) => side.tellInventory(to, quietly))
  },
}
