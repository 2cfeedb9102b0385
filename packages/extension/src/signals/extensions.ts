import { aside } from '../aside.ts'
import type { Registered } from '../inventory/extensions.ts'
import { perSandbox } from '../per-sandbox.ts'
import { platform } from './platform.ts'
import type { Signal } from './signal.ts'

/** Lambda lets ten register; events that name more are made up inside the sandbox. */
const MAX = 16
const MAX_NAME = 128

const stateOf = perSandbox(() => ({ registered: new Map<string, Registered>(), told: -1 }))

/** `weir.extensions`, at the first flush and whenever one more has registered: see `tellExtensions`. */
export const extensions: Signal = {
  name: 'weir.extensions',
  takes: ['platform.extension'],
  capture(event, to) {
    platform.capture?.(event, to)
    const { name, state, events }: Record<string, unknown> = Object(event.record)
    const { registered } = stateOf(to)
    if (typeof name !== 'string' || registered.size >= MAX) return
    const short = name.slice(0, MAX_NAME)
    registered.set(short, { name: short, state, events })
  },
  flush(to) {
    const state = stateOf(to)
    const { size } = state.registered
    if (state.told === size) return
    state.told = size
    aside('weir.extensions', to, side => side.tellExtensions(to, [...state.registered.values()]))
  },
}
