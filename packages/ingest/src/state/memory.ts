import type { Due, FoldRequest, StateStore } from '@weir/sigma'
import { asItIs, type Item, spoken, step } from './step.ts'

const SWEEP_FOLDS = 1_000

/** State that ends with the process: for tests and `weir run`. */
export function memoryState(): StateStore {
  const items = new Map<string, Item<unknown>>()
  /** The keys that asked to be looked at again, and when. */
  const waking = new Map<string, number>()
  const leases = new Map<string, { readonly holder: string; readonly until: number }>()
  let untilSweep = SWEEP_FOLDS
  const sweep = (now: number): void => {
    for (const [key, { expiresAt }] of items) {
      if (expiresAt > now) continue
      items.delete(key)
      waking.delete(key)
    }
    // It looks at every key, so the more there are, the rarer it is.
    untilSweep = Math.max(SWEEP_FOLDS, items.size)
  }
  return {
    async fold<State, Answer>(request: FoldRequest<State, Answer>) {
      if (--untilSweep === 0) sweep(request.now)
      const { next, answer } = step(items.get(request.key), request, asItIs)
      if (next) {
        items.set(request.key, next)
        if (next.wakeAt !== undefined) waking.set(request.key, next.wakeAt)
        else waking.delete(request.key)
      }
      return spoken(answer) as Answer
    },
    async due(now, limit) {
      const due: Due[] = []
      for (const [key, wakeAt] of waking) if (wakeAt <= now) due.push({ key, wakeAt })
      return due.sort((a, b) => a.wakeAt - b.wakeAt).slice(0, limit)
    },
    async lease(name, holder, now, forMs) {
      const held = leases.get(name)
      if (held && held.holder !== holder && held.until > now) return false
      leases.set(name, { holder, until: now + forMs })
      return true
    },
    async close() {},
  }
}
