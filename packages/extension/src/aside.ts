import { isManagedInstance } from './lambda-api.ts'
import { perSandbox } from './per-sandbox.ts'
import type { Quietly, Recording } from './signals/signal.ts'

/** The file of the layer with the slower looks at the sandbox. */
type Side = typeof import('./inventory/inventory.ts')

let side: Side | undefined

/** What waits for the end of the invocation; of each kind the newest. */
const waiting = perSandbox(() => new Map<unknown, () => void>())

/**
 * Does what a signal leaves to the side file, which is read when it is first needed, and never while a handler runs: its answer must not wait for ours.
 * What has to wait is done at the end of that invocation, once for each signal; work that goes on after that asks `quietly` before each of its steps.
 * A bug in it costs that signal.
 */
export function aside(signal: string, to: Recording, use: (side: Side, quietly: Quietly) => unknown): void {
  quietly(to, signal, () => loaded(signal, to, each => use(each, task => quietly(to, task, task))))
}

/** The same, at once and beside the handler: for what is as short as recording a line, and as often. The first time a moment later. */
export function loaded(signal: string, to: Recording, use: (side: Side) => unknown): void {
  const run = async (file: Side) => {
    side = file
    await use(file)
  }
  const running = side ? run(side) : import('./inventory/inventory.ts').then(run)
  running.catch(() => to.counters.fault(`signal:${signal}`))
}

/** An invocation has ended: does what has waited for that, unless another has begun. */
export function resume(to: Recording): void {
  if (!isQuiet(to)) return
  const due = [...waiting(to).values()]
  waiting(to).clear()
  for (const task of due) task()
}

function quietly(to: Recording, kind: unknown, task: () => void): void {
  if (isQuiet(to)) task()
  else waiting(to).set(kind, task)
}

/** No handler runs, for all that telemetry has shown. On Managed Instances one nearly always does, and has the processor beside ours. */
function isQuiet({ config, sandbox }: Recording): boolean {
  const { newest } = sandbox
  return !newest || isManagedInstance(config) || sandbox.seen(newest.requestId) === 'finished'
}
