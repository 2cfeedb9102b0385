import { loadOf, type Step } from '../budget.ts'
import type { Recording, Signal } from './signal.ts'

/** `weir.load`, at each change: what is left out from here on, and why. Told by `changeLoad`. */
export const load: Signal = { name: 'weir.load' }

/** `addedMs`: what the extension added to an invocation after its end, a moving mean at the time of the change. */
export function changeLoad(to: Recording, step: Step, before: Step, addedMs: number): void {
  to.load = loadOf(step)
  to.own('weir.load', { step, before, addedMs: Math.round(addedMs), budgetMs: to.config.budgetMs })
}
