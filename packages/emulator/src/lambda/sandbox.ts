import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { type Clock } from '../clock.ts'
import { listen, patientServer, sendJson, stop } from '../http.ts'
import type { Watcher } from './child.ts'
import { localDelivery } from './deliver.ts'
import { reportLine, round, traceHeader, type Status } from './events.ts'
import { Failure } from './failure.ts'
import { Generation } from './generation.ts'
import type { LambdaEvent, SandboxSpec } from './options.ts'
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

export interface SandboxContext {
  spec: SandboxSpec
  clock: Clock
  watcher: Watcher
  onEvent: (event: LambdaEvent) => void
}

/** The last 4 KB of an invocation's log, as Invoke returns it. */
const LOG_TAIL = 4096
const KILLED = new Failure('Sandbox.Failure', 'The sandbox was killed')
/** How often memory is looked at where the limit is enforced. */
const MEMORY_POLL_MS = 50

/**
 * One execution environment: it serves one invocation at a time, is frozen between them, and is started again within the next invocation
 * after a timeout or a crash ("suppressed init"). Its temp folder and id outlive such a reset, its processes do not.
 */
export class Sandbox {
  readonly id: string
  readonly #context: SandboxContext
  readonly #server: Server
  readonly #tempFolder: string
  readonly #delivery = localDelivery()
  #api = ''
  #generation: Generation | undefined
  #initialized = false
  #killed = false
  #busy: Promise<void> | undefined
  #gone: Promise<void> | undefined
  #tail = ''

  constructor(context: SandboxContext) {
    const { spec, clock } = context
    const day = new Date(clock.now()).toISOString().slice(0, 10).replaceAll('-', '/')
    this.id = `${day}/[${spec.version}]${randomBytes(16).toString('hex')}`
    this.#context = context
    this.#tempFolder = mkdtempSync(join(spec.tempFolder, `${spec.name}-`))
    this.#server = patientServer((request, response) => {
      const handled = this.#generation?.handle(request, response)
      if (!handled)
        return sendJson(response, 500, { errorType: 'Sandbox.Failure', errorMessage: 'The environment is not running' })
      handled.catch(() => response.destroy())
    })
  }

  get busy(): boolean {
    return this.#busy !== undefined
  }

  get gone(): boolean {
    return this.#gone !== undefined
  }

  /** Ends with the running invocation, if there is one. */
  get idle(): Promise<void> {
    return this.#busy ?? Promise.resolve()
  }

  /** Resolves when the sandbox is ready for the next invocation (frozen, or reset); with the log tail. Never rejects. */
  async invoke(call: Call): Promise<{ logTail: string }> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#busy = promise
    this.#tail = ''
    try {
      if (this.#api === '') this.#api = `127.0.0.1:${await listen(this.#server)}`
      await this.#serve(call)
      return { logTail: this.#tail }
    } finally {
      this.#busy = undefined
      resolve()
    }
  }

  /** Lets a running invocation end, then SHUTDOWN with reason spindown. */
  shutdown(): Promise<void> {
    this.#gone ??= this.idle.then(async () => {
      await this.#reset('spindown')
      await this.#close()
    })
    return this.#gone
  }

  /** SIGKILL to all processes, as when the host dies: no event, no report. A running invocation fails. */
  kill(): Promise<void> {
    this.#note('emulator.killed', {})
    this.#killed = true
    this.#generation?.kill()
    this.#generation?.fail(KILLED)
    this.#gone ??= this.idle.then(() => this.#close())
    return this.#gone
  }

  /** Kills the runtime as the kernel does when memory is out; a running invocation ends with Runtime.OutOfMemory. */
  outOfMemory(): void {
    this.#generation?.outOfMemory()
  }

  async #serve(call: Call): Promise<void> {
    const { spec, clock } = this.#context
    const initDurationMs = this.#initialized ? undefined : await this.#firstInit()
    if (this.#killed) return call.respond({ body: KILLED.body(call.requestId), functionError: 'Unhandled' })
    this.#thaw()
    const started = clock.now()
    const deadlineMs = Math.floor(started + spec.timeoutSeconds * 1000)
    const trace = traceHeader(started, randomBytes)
    const tracing = { spanId: /Parent=(\w+)/.exec(trace)?.[1], type: 'X-Amzn-Trace-Id', value: trace }
    this.#generation ??= this.#generate()
    const generation = this.#generation
    this.#emit('platform.start', { requestId: call.requestId, version: spec.version, tracing })
    this.#tail += `START RequestId: ${call.requestId} Version: ${spec.version}\n`
    const over = new AbortController()
    void clock.sleep(spec.timeoutSeconds * 1000, over.signal).then(() => {
      if (!over.signal.aborted)
        generation.fail(
          new Failure('Sandbox.Timedout', `Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`, 'timeout'),
        )
    })
    if (spec.memoryLimit === 'enforce') void this.#watchMemory(generation, over.signal)

    /** `ended` is when the phase was over: what a reset takes after that is nobody's duration. */
    const report = (ended: number, status: Status, errorType?: string, spans?: unknown) => {
      const durationMs = round(Math.max(0, ended - started))
      const metrics = {
        durationMs,
        billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
        memorySizeMB: spec.memorySize,
        maxMemoryUsedMB: generation.maxMemoryUsedMB,
        ...(initDurationMs !== undefined && { initDurationMs }),
      }
      this.#emit('platform.report', {
        requestId: call.requestId,
        status,
        ...(errorType !== undefined && { errorType }),
        metrics,
        ...(spans !== undefined && { spans }),
        tracing,
      })
      this.#tail += `END RequestId: ${call.requestId}\n${reportLine(call.requestId, metrics, status, errorType)}`
    }
    let answered = false
    const respond = (answer: Answer) => {
      answered = true
      call.respond(answer.ok ? { body: answer.body } : { body: answer.body, functionError: 'Unhandled' })
    }
    try {
      // The environment was thrown away: Init runs again, within this invocation and its timeout.
      if (!generation.initialized) await generation.init('invoke')
      const { requestId, payload, clientContext } = call
      const { functionArn } = spec
      const { answer, spans } = await generation.invoke(
        { requestId, payload, clientContext, deadlineMs, functionArn, trace },
        respond,
      )
      over.abort()
      report(clock.now(), answer.ok ? 'success' : 'error', answer.errorType, spans)
      this.#freeze()
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('Sandbox.Failure', String(error))
      over.abort()
      const ended = clock.now()
      if (failure.status === 'timeout')
        this.#tail += `${new Date(clock.now()).toISOString()} ${call.requestId} ${failure.message}\n\n`
      if (!answered) call.respond({ body: failure.body(call.requestId), functionError: 'Unhandled' })
      if (this.#killed) return
      const before = spec.resetReport === 'before-shutdown'
      if (before) report(ended, failure.status, failure.errorType)
      await this.#reset(failure.status === 'timeout' ? 'timeout' : 'failure')
      if (!before) report(ended, failure.status, failure.errorType)
    }
  }

  /** The Init phase. When it fails, Lambda does not tell the invoker yet: it tries again inside the invocation. */
  async #firstInit(): Promise<number | undefined> {
    this.#initialized = true
    const { spec, clock } = this.#context
    const generation = this.#generate()
    this.#generation = generation
    const over = new AbortController()
    void clock.sleep(spec.initTimeoutMs, over.signal).then(() => {
      if (!over.signal.aborted)
        generation.fail(new Failure('Sandbox.Timedout', `Init timed out after ${spec.initTimeoutMs} ms`, 'timeout'))
    })
    try {
      return await generation.init('init')
    } catch (error) {
      await this.#reset(error instanceof Failure && error.status === 'timeout' ? 'timeout' : 'failure')
      return undefined
    } finally {
      over.abort()
    }
  }

  #generate(): Generation {
    const { spec, clock, watcher } = this.#context
    return new Generation({
      spec,
      clock,
      watcher,
      instanceId: this.id,
      tempFolder: this.#tempFolder,
      runtimeApi: this.#api,
      deliver: this.#delivery.deliver,
      emit: (type, record, time) => this.#emit(type, record, time),
    })
  }

  async #reset(reason: 'spindown' | 'timeout' | 'failure'): Promise<void> {
    const generation = this.#generation
    if (!generation) return
    this.#thaw()
    const late = await generation.shutdown(reason)
    if (this.#generation === generation) this.#generation = undefined
    this.#note('emulator.shutdown', { reason, killed: late })
  }

  async #close(): Promise<void> {
    this.#generation?.kill()
    this.#generation = undefined
    this.#delivery.close()
    await stop(this.#server)
    rmSync(this.#tempFolder, { recursive: true, force: true })
  }

  #freeze(): void {
    this.#generation?.telemetry.pause()
    if (this.#context.spec.freeze) this.#generation?.signal('SIGSTOP')
  }

  #thaw(): void {
    if (this.#context.spec.freeze) this.#generation?.signal('SIGCONT')
    this.#generation?.telemetry.resume()
  }

  async #watchMemory(generation: Generation, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if ((generation.memoryMB() ?? 0) > this.#context.spec.memorySize) generation.outOfMemory()
      await this.#context.clock.sleep(MEMORY_POLL_MS, signal)
    }
  }

  #emit(type: string, record: unknown, time = this.#context.clock.now()): void {
    const event = { time: new Date(time).toISOString(), type, record }
    this.#generation?.telemetry.publish(event)
    if (type === 'function')
      this.#tail = (this.#tail + (typeof record === 'string' ? record : `${JSON.stringify(record)}\n`)).slice(-LOG_TAIL)
    this.#context.onEvent({ ...event, functionName: this.#context.spec.name, sandbox: this.id })
  }

  /** For the host only. */
  #note(type: string, record: unknown): void {
    const time = new Date(this.#context.clock.now()).toISOString()
    this.#context.onEvent({ time, type, record, functionName: this.#context.spec.name, sandbox: this.id })
  }
}
