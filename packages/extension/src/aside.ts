import type { Recording } from './signals/signal.ts'

/** The file of the layer with the slower looks at the sandbox. */
type Side = typeof import('./inventory/inventory.ts')

let side: Side | undefined

/**
 * Does what a signal leaves to the side file, which is read when it is first needed: then at once, the first time a moment later. A bug in it costs
 * that signal.
 */
export function aside(signal: string, to: Recording, use: (side: Side) => unknown): void {
  const run = async (loaded: Side) => {
    side = loaded
    await use(loaded)
  }
  const running = side ? run(side) : import('./inventory/inventory.ts').then(run)
  running.catch(() => to.counters.fault(`signal:${signal}`))
}
