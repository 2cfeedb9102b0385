import type { Clock } from '../clock.ts'
import { round } from './events.ts'
import { asFailure, type Failure } from './failure.ts'
import type { Generation } from './generation.ts'
import type { SandboxSpec } from './options.ts'

/** Lambda's limit of a restore, hooks included, in milliseconds. */
export const RESTORE_MS = 10_000

export interface RestoreContext {
  spec: SandboxSpec
  clock: Clock
  instanceId: string
  generation: Generation
  emit: (type: string, record: unknown) => void
}

/**
 * A restore from a snapshot, as the platform tells of it. What stands for the snapshot is a stop of the processes: their memory, their sockets and
 * their clock are the same ones, only older. `hooks` resolves when the runtime's own are through.
 */
export async function restore(
  { spec, clock, instanceId, generation, emit }: RestoreContext,
  hooks: () => Promise<void>,
): Promise<{ restoreDurationMs: number; failure?: Failure }> {
  const started = clock.now()
  const { name: functionName, version: functionVersion, memorySize: instanceMaxMemory } = spec
  emit('platform.restoreStart', { ...generation.runtimeVersion, functionName, functionVersion, instanceId, instanceMaxMemory })
  const failure = await hooks().then(() => undefined, asFailure)
  const outcome = { status: failure?.status ?? 'success', ...failure?.told }
  emit('platform.restoreRuntimeDone', outcome)
  const restoreDurationMs = round(clock.now() - started)
  emit('platform.restoreReport', { ...outcome, metrics: { durationMs: restoreDurationMs } })
  return { restoreDurationMs, ...(failure && { failure }) }
}
