import type { FoldRequest, StateStore } from '@weir/sigma'
import { type Item, step } from './step.ts'

const SWEEP_FOLDS = 1_000

/** State that ends with the process: for tests and `weir run`. */
export function memoryState(): StateStore {
  const items = new Map<string, Item>()
  const leases = new Map<string, { readonly holder: string; readonly until: number }>()
  let folds = 0
  return {
    async fold<State, Answer>(request: FoldRequest<State, Answer>) {
      if (++folds % SWEEP_FOLDS === 0) {
        for (const [key, { expiresAt }] of items) if (expiresAt <= request.now) items.delete(key)
      }
      const { next, answer } = step(items.get(request.key), request)
      if (next) items.set(request.key, next)
      return JSON.parse(answer) as Answer
    },
    async due() {
      return []
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
