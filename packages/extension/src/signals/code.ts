import { aside } from '../aside.ts'
import { perSandbox } from '../per-sandbox.ts'
import type { Signal } from './signal.ts'

const stateOf = perSandbox(() => ({ begun: false }))

/** `weir.code`, once, some time after the first flush: which code was deployed: see `tellCode`. */
export const code: Signal = {
  name: 'weir.code',
  flush(to) {
    const state = stateOf(to)
    if (state.begun) return
    state.begun = true
    aside('weir.code', to, (side, quietly) => side.tellCode(to, quietly))
  },
}
