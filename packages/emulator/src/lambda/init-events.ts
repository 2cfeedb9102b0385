import type { Clock } from '../clock.ts'
import { round, type InitPhase } from './events.ts'
import type { Extension } from './extensions-api.ts'
import type { Failure } from './failure.ts'
import type { InitializationType } from './options.ts'

export interface InitEventsContext {
  initializationType: InitializationType
  phase: InitPhase
  clock: Clock
  emit: (type: string, record: unknown) => void
}

/** What the platform tells of one Init, in AWS's order. */
export class InitEvents {
  readonly #context: InitEventsContext
  readonly #started: number
  readonly #managed: boolean
  #runtimeDone = false

  constructor(context: InitEventsContext, about: object) {
    this.#context = context
    this.#started = context.clock.now()
    this.#managed = context.initializationType === 'lambda-managed-instances'
    context.emit('platform.initStart', { ...this.#common, ...about })
  }

  /** An on-demand environment says so when its extensions are ready too; a managed instance when the runtime is, and not when time is up. */
  runtimeDone(failure?: Failure): void {
    if (this.#managed && (this.#runtimeDone || failure?.status === 'timeout')) return
    this.#runtimeDone = true
    this.#context.emit('platform.initRuntimeDone', this.#outcome(failure))
  }

  /** The end of Init. Answers its duration in milliseconds. */
  report(extensions: readonly Extension[], failure?: Failure): number {
    for (const { name, state, events, errorType } of extensions)
      this.#context.emit('platform.extension', { name, state, events, ...(errorType !== undefined && { errorType }) })
    const durationMs = round(this.#context.clock.now() - this.#started)
    this.#context.emit('platform.initReport', { ...this.#outcome(failure), metrics: { durationMs } })
    return durationMs
  }

  get #common() {
    const { initializationType, phase } = this.#context
    return { initializationType, phase }
  }

  #outcome(failure?: Failure) {
    return { ...this.#common, status: failure?.status ?? 'success', ...failure?.told }
  }
}
