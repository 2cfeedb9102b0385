import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { reportLine, round, traceHeader, type Span, type Status } from './events.ts'
import { asFailure, Failure } from './failure.ts'
import type { Generation } from './generation.ts'
import type { SandboxSpec } from './options.ts'
import type { Answer } from './runtime-api.ts'

/** What an invoker gets: the body of the response, or of the error together with what kind of error it is. */
export interface Outcome {
  body: Buffer
  functionError?: 'Unhandled'
}

export interface Call {
  requestId: string
  payload: Buffer
  clientContext?: string | undefined
  /** Called once, when the invoker would have its answer; the sandbox stays busy until the phase has ended. */
  respond: (outcome: Outcome) => void
}

/** What serving an invocation needs of its sandbox. */
export interface Stage {
  spec: SandboxSpec
  clock: Clock
  /** Where the environment was thrown away, it is a new one that has yet to be initialized. */
  generation: Generation
  emit: (type: string, record: unknown) => void
  /** Adds to the log that an invoker may ask for. */
  log: (text: string) => void
  /** What came before this invocation and is told in its report. */
  before: { initDurationMs?: number; restoreDurationMs?: number }
  /** Stops the environment until the next invocation. */
  freeze: () => void
  /** Throws the environment away. */
  reset: (reason: 'timeout' | 'failure') => Promise<void>
  /** The sandbox has been killed from outside: nobody is left to tell of anything. */
  killed: () => boolean
}

/** How often memory is looked at where the limit is enforced. */
const MEMORY_POLL_MS = 50

export const failed = (failure: Failure, requestId: string): Outcome => ({
  body: failure.body(requestId),
  functionError: 'Unhandled',
})

export const outcomeOf = ({ ok, body }: Answer): Outcome => (ok ? { body } : { body, functionError: 'Unhandled' })

/** When an invocation began, until when it may run, and how it is traced. */
export function begin({ spec, clock }: Stage) {
  const started = clock.now()
  const trace = traceHeader(started, randomBytes)
  const timeout = new Failure('Sandbox.Timedout', `Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`, 'timeout')
  return {
    started,
    deadlineMs: Math.floor(started + spec.timeoutSeconds * 1000),
    trace,
    tracing: { spanId: /Parent=(\w+)/.exec(trace)?.[1], type: 'X-Amzn-Trace-Id', value: trace },
    timeout,
  }
}

/**
 * One invocation, to the end of its phase; never rejects. Where the environment was thrown away, Init runs again first, within this invocation
 * and its timeout ("suppressed init"), and `platform.start` comes after it: doInvoke in AWS's emulator, internal/lambda/rapid/handlers.go.
 */
export async function serve(stage: Stage, call: Call): Promise<void> {
  const { spec, clock, generation, emit } = stage
  const { requestId, payload, clientContext } = call
  const { started, deadlineMs, trace, tracing, timeout } = begin(stage)
  const over = new AbortController()
  void clock.sleep(spec.timeoutSeconds * 1000, over.signal).then(() => {
    if (!over.signal.aborted) generation.fail(timeout)
  })
  if (spec.memoryLimit === 'enforce') void watchMemory(stage, over.signal)

  /** `ended` is when the phase was over: what a reset takes after that is nobody's duration. */
  const report = (ended: number, status: Status, told: { errorType?: string }, spans?: Span[]) => {
    const { initDurationMs, restoreDurationMs } = stage.before
    const durationMs = round(Math.max(0, ended - started))
    const metrics = {
      durationMs,
      billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
      memorySizeMB: spec.memorySize,
      maxMemoryUsedMB: generation.maxMemoryUsedMB,
      ...(initDurationMs !== undefined && { initDurationMs }),
      ...(restoreDurationMs !== undefined && { restoreDurationMs, billedRestoreDurationMs: Math.ceil(restoreDurationMs) }),
    }
    emit('platform.report', { requestId, status, ...told, metrics, ...(spans && { spans }), tracing })
    stage.log(`END RequestId: ${requestId}\n${reportLine(requestId, metrics, status, told.errorType)}`)
  }
  const start = () => {
    emit('platform.start', { requestId, version: spec.version, tracing })
    stage.log(`START RequestId: ${requestId} Version: ${spec.version}\n`)
  }
  let answered = false
  const respond = (answer: Answer) => {
    answered = true
    call.respond(outcomeOf(answer))
  }
  try {
    if (!generation.initialized) await initWithin(stage, requestId, tracing, start)
    start()
    const { functionArn } = spec
    const { answer, spans } = await generation.invoke(
      { requestId, payload, clientContext, deadlineMs, functionArn, trace },
      respond,
    )
    over.abort()
    const { errorType } = answer
    report(clock.now(), answer.ok ? 'success' : 'error', errorType === undefined ? {} : { errorType }, spans)
    stage.freeze()
  } catch (error) {
    const failure = asFailure(error)
    over.abort()
    const ended = clock.now()
    if (failure.status === 'timeout') stage.log(`${new Date(ended).toISOString()} ${requestId} ${failure.message}\n\n`)
    if (!answered) call.respond(failed(failure, requestId))
    if (stage.killed()) return
    const before = spec.resetReport === 'before-shutdown'
    if (before) report(ended, failure.status, failure.told)
    await stage.reset(failure.status === 'timeout' ? 'timeout' : 'failure')
    if (!before) report(ended, failure.status, failure.told)
  }
}

async function initWithin(stage: Stage, requestId: string, tracing: object, start: () => void): Promise<void> {
  try {
    await stage.generation.init('invoke')
  } catch (error) {
    const failure = asFailure(error)
    start()
    const metrics = { durationMs: 0, producedBytes: 0 }
    stage.emit('platform.runtimeDone', { requestId, status: failure.status, ...failure.told, metrics, spans: [], tracing })
    throw failure
  }
}

async function watchMemory({ generation, spec, clock }: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((generation.memoryMB() ?? 0) > spec.memorySize) generation.outOfMemory()
    await clock.sleep(MEMORY_POLL_MS, signal)
  }
}
