import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Clock } from '../clock.ts'
import { listen, patientServer, sendJson, stop } from '../http.ts'
import type { Watcher } from './child.ts'
import { CredentialsEndpoint } from './credentials-endpoint.ts'
import { localDelivery } from './deliver.ts'
import { asFailure, Failure } from './failure.ts'
import { Generation } from './generation.ts'
import { failed, serve, type Call, type Stage } from './invocation.ts'
import { serveConcurrently } from './managed-invocation.ts'
import type { LambdaEvent, SandboxSpec } from './options.ts'
import { restore, RESTORE_MS } from './restore.ts'

export interface SandboxContext {
  spec: SandboxSpec
  clock: Clock
  watcher: Watcher
  onEvent: (event: LambdaEvent) => void
}

/** The last 4 KB of an invocation's log, as Invoke returns it. */
const LOG_TAIL = 4096
const KILLED = new Failure('Sandbox.Failure', 'The sandbox was killed')

/**
 * One execution environment: it serves one invocation at a time, is frozen between them, and is started again within the next invocation
 * after a timeout or a crash ("suppressed init"). Its temp folder and id outlive such a reset, its processes do not. A managed instance serves
 * several at a time, is never frozen, and does not come back from a crash.
 */
export class Sandbox {
  /** Where its processes may write (TMPDIR). It is there until the sandbox is gone, through every reset. */
  readonly tempFolder: string
  readonly #context: SandboxContext
  readonly #server: Server
  readonly #delivery = localDelivery()
  readonly #credentials: CredentialsEndpoint | undefined
  readonly #capacity: number
  #id: string
  #api = ''
  #generation: Generation | undefined
  #prepared: Promise<void> | undefined
  #before: Stage['before'] = {}
  #restored = false
  #killed = false
  /** What there is to tell to whoever still waits for a sandbox that is gone. */
  #doomed: Failure = KILLED
  #running = 0
  #idle = Promise.withResolvers<void>()
  #gone: Promise<void> | undefined
  #tail = ''

  constructor(context: SandboxContext) {
    const { spec } = context
    this.#context = context
    this.#id = this.#drawId()
    this.#capacity = this.#managed ? spec.perExecutionEnvironmentMaxConcurrency : 1
    if (spec.initializationType === 'snap-start')
      this.#credentials = new CredentialsEndpoint(randomUUID(), () => context.clock.now())
    this.tempFolder = mkdtempSync(join(spec.tempFolder, `${spec.name}-`))
    this.#server = patientServer((request, response) => this.#handle(request, response))
    this.#idle.resolve()
  }

  /** Its log stream. A restore from a snapshot gives it another. */
  get id(): string {
    return this.#id
  }

  get busy(): boolean {
    return this.#running > 0
  }

  /** Whether one more invocation may come. */
  get free(): boolean {
    return !this.gone && this.#running < this.#capacity
  }

  get gone(): boolean {
    return this.#gone !== undefined
  }

  /** Ends with the running invocations, if there are any. */
  get idle(): Promise<void> {
    return this.#idle.promise
  }

  /** Runs Init ahead of any invocation, as for provisioned concurrency; with SnapStart this is where the snapshot is taken. */
  provision(): Promise<void> {
    return this.#occupied(async () => {
      await this.#prepare()
      if (!this.#managed) this.#freeze()
    })
  }

  /** Resolves when the sandbox is ready for the next invocation (frozen, or reset); with the log tail. Never rejects. */
  invoke(call: Call): Promise<{ logTail: string }> {
    return this.#occupied(async () => {
      let own = ''
      if (!this.#managed) this.#tail = ''
      await this.#prepare()
      if (!this.#killed && this.#credentials && !this.#restored && !(await this.#restore(call))) return { logTail: this.#tail }
      if (this.#killed || (this.#managed && !this.#generation)) call.respond(failed(this.#doomed, call.requestId))
      else if (this.#managed) {
        const failure = await serveConcurrently(
          this.#stage(text => (own += text)),
          call,
        )
        if (failure) this.#doom(failure)
      } else {
        this.#thaw()
        const stage = this.#stage(text => (this.#tail += text))
        this.#before = {}
        await serve(stage, call)
      }
      return { logTail: this.#managed ? own : this.#tail }
    })
  }

  /** Lets running invocations end, then SHUTDOWN with reason spindown. */
  shutdown(): Promise<void> {
    return this.#end('spindown')
  }

  /** SIGKILL to all processes, as when the host dies: no event, no report, and the sandbox does not come back. A running invocation fails. */
  kill(): Promise<void> {
    this.#note('emulator.killed', {})
    this.#killed = true
    this.#generation?.kill()
    this.#generation?.fail(KILLED)
    this.#gone ??= this.idle.then(() => this.#close())
    return this.#gone
  }

  /**
   * A signal to the process groups of the runtime and of every extension, at once. Killed like this the sandbox does come back: the running
   * invocation fails, or where there is none the next one, and the invocation after that starts the processes again.
   */
  killProcesses(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#note('emulator.signal', { signal })
    this.#generation?.signal(signal)
  }

  /** Kills the runtime as the kernel does when memory is out; a running invocation ends with Runtime.OutOfMemory. */
  outOfMemory(): void {
    this.#generation?.outOfMemory()
  }

  get #managed(): boolean {
    return this.#context.spec.initializationType === 'lambda-managed-instances'
  }

  async #occupied<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running++ === 0) this.#idle = Promise.withResolvers()
    try {
      return await work()
    } finally {
      if (--this.#running === 0) this.#idle.resolve()
    }
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#credentials?.handle(request, response)) return
    const handled = this.#generation?.handle(request, response)
    if (!handled) return sendJson(response, 500, { errorType: 'Sandbox.Failure', errorMessage: 'The environment is not running' })
    handled.catch(() => response.destroy())
  }

  #stage(log: (text: string) => void): Stage {
    const { spec, clock } = this.#context
    this.#generation ??= this.#generate()
    return {
      spec,
      clock,
      generation: this.#generation,
      emit: (type, record) => this.#emit(type, record),
      log,
      before: this.#before,
      freeze: () => this.#freeze(),
      reset: reason => this.#reset(reason),
      killed: () => this.#killed,
    }
  }

  /** The Init phase, once. When it fails, Lambda does not tell the invoker yet: it tries again inside the invocation. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.#firstInit()
    return this.#prepared
  }

  async #firstInit(): Promise<void> {
    const { spec } = this.#context
    this.#api = `127.0.0.1:${await listen(this.#server)}`
    const generation = this.#generate()
    this.#generation = generation
    try {
      const initDurationMs = await this.#withLimit(generation, spec.initTimeoutMs, 'Init', generation.init('init'))
      if (spec.initializationType === 'on-demand') this.#before = { initDurationMs }
      if (this.#managed) generation.failed.catch((error: unknown) => this.#doom(asFailure(error)))
      if (this.#credentials) this.#freeze()
    } catch (error) {
      const failure = asFailure(error)
      this.#doomed = failure
      await this.#reset(failure.status === 'timeout' ? 'timeout' : 'failure')
      if (this.#managed) this.#doom(failure)
    }
  }

  /** Brings the sandbox back from its snapshot: another log stream, other credentials. False when the runtime's hooks failed, which the invoker is told. */
  async #restore(call: Call): Promise<boolean> {
    const { spec, clock } = this.#context
    this.#restored = true
    const generation = this.#generation
    if (!generation) return true
    this.#id = this.#drawId()
    this.#credentials?.restored(spec.credentials)
    this.#thaw()
    const emit = (type: string, record: unknown) => this.#emit(type, record)
    const hooks = () => this.#withLimit(generation, RESTORE_MS, 'Restore', generation.restore())
    const { restoreDurationMs, failure } = await restore({ spec, clock, instanceId: this.#id, generation, emit }, hooks)
    if (!failure) {
      this.#before = { restoreDurationMs }
      return true
    }
    call.respond(failed(failure, call.requestId))
    await this.#reset(failure.status === 'timeout' ? 'timeout' : 'failure')
    return false
  }

  async #withLimit<T>(generation: Generation, ms: number, what: string, step: Promise<T>): Promise<T> {
    const over = new AbortController()
    void this.#context.clock.sleep(ms, over.signal).then(() => {
      if (!over.signal.aborted) generation.fail(new Failure('Sandbox.Timedout', `${what} timed out after ${ms} ms`, 'timeout'))
    })
    try {
      return await step
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
      instanceId: this.#id,
      tempFolder: this.tempFolder,
      runtimeApi: this.#api,
      credentialsToken: this.#credentials?.token ?? '',
      deliver: this.#delivery.deliver,
      emit: (type, record, time) => this.#emit(type, record, time),
    })
  }

  /** A managed instance that lost a process ends, and another takes its place. */
  #doom(failure: Failure): void {
    this.#doomed = failure
    if (!this.#killed) void this.#end('failure')
  }

  #end(reason: 'spindown' | 'failure'): Promise<void> {
    this.#gone ??= this.idle.then(async () => {
      await this.#reset(reason)
      await this.#close()
    })
    return this.#gone
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
    rmSync(this.tempFolder, { recursive: true, force: true })
  }

  #freeze(): void {
    this.#generation?.telemetry.pause()
    if (this.#context.spec.freeze) this.#generation?.signal('SIGSTOP')
  }

  #thaw(): void {
    if (this.#context.spec.freeze) this.#generation?.signal('SIGCONT')
    this.#generation?.telemetry.resume()
  }

  #drawId(): string {
    const day = new Date(this.#context.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/')
    return `${day}/[${this.#context.spec.version}]${randomBytes(16).toString('hex')}`
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
