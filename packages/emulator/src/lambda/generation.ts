import { basename } from 'node:path'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import { describeExit, startChild, type Child, type Exit, type Watcher } from './child.ts'
import { extensionEnvironment, functionEnvironment, type EnvironmentSpec } from './environment.ts'
import { round, type InitPhase, type Span, type Status } from './events.ts'
import { ExtensionsApi, type Extension } from './extensions-api.ts'
import { Failure } from './failure.ts'
import { FrameDecoder, LineDecoder, type LogLine } from './log-frames.ts'
import { memoryMB } from './memory.ts'
import type { SandboxSpec } from './options.ts'
import { RuntimeApi, type Answer, type Invocation } from './runtime-api.ts'
import { runtimeCommand, type RuntimeCommand } from './runtimes.ts'
import type { Deliver } from './subscriber.ts'
import { TelemetryApi } from './telemetry-api.ts'

export interface GenerationContext {
  spec: SandboxSpec
  /** The sandbox's log stream and instance id. */
  instanceId: string
  tempFolder: string
  /** `host:port` of the sandbox's API. */
  runtimeApi: string
  clock: Clock
  watcher: Watcher
  deliver: Deliver
  emit: (type: string, record: unknown, time?: number) => void
}

/** Share of the shutdown time that the runtime gets before SIGKILL, and its documented cap in milliseconds. */
const RUNTIME_SHARE = { of: 0.3, capMs: 300 }

/**
 * One life of a sandbox's processes, from Init to reset or shutdown. The phases and their order are those of AWS's own
 * runtime-interface-emulator: extensions start in parallel, the runtime only when all have registered, and Init ends when the runtime and
 * every extension have asked for their first event.
 */
export class Generation {
  readonly telemetry: TelemetryApi
  readonly #runtimeApi: RuntimeApi
  readonly #extensions: ExtensionsApi
  readonly #context: GenerationContext
  readonly #runtime: RuntimeCommand
  readonly #environment: EnvironmentSpec
  readonly #children = new Map<string, Child>()
  readonly #failure = Promise.withResolvers<never>()
  #runtimeChild: Child | undefined
  /** True once Init has been tried. */
  initialized = false
  #runtimeStarted = false
  #stopping = false
  #outOfMemory = false
  #logBytes = 0
  #peakMB = 0

  constructor(context: GenerationContext) {
    const { spec, clock, deliver, emit } = context
    this.#context = context
    this.#runtime = runtimeCommand(spec)
    this.#environment = {
      ...spec,
      ...this.#runtime,
      logStream: context.instanceId,
      tempFolder: context.tempFolder,
      runtimeApi: context.runtimeApi,
    }
    this.#failure.promise.catch(() => {})
    const fail = (failure: Failure) => this.fail(failure)
    this.#runtimeApi = new RuntimeApi(() => clock.now(), fail)
    this.#extensions = new ExtensionsApi(
      { accountId: spec.account, functionName: spec.name, functionVersion: spec.version, handler: spec.handler },
      spec.extensions.map(({ path }) => basename(path)),
      fail,
    )
    this.telemetry = new TelemetryApi({
      mode: spec.telemetry,
      hosts: spec.telemetryHosts,
      deliver,
      clock,
      onSubscribed: (name, types) => emit('platform.telemetrySubscription', { name, state: 'Subscribed', types }),
    })
  }

  /** Makes the running phase end with this failure; only the first one counts. */
  fail(failure: Failure): void {
    this.#failure.reject(failure)
  }

  /** Kills the runtime as the kernel does when the sandbox is out of memory. */
  outOfMemory(): void {
    this.#outOfMemory = true
    this.#runtimeChild?.signal('SIGKILL')
  }

  /** Megabytes in use now, where the machine can tell. */
  memoryMB(): number | undefined {
    const pids = [...this.#children.values()].filter(child => child.running).flatMap(child => child.pid ?? [])
    const used = memoryMB(pids)
    this.#peakMB = Math.max(this.#peakMB, used ?? 0)
    return used
  }

  /** As `platform.report` has it: the most that was seen, at most what the function has. */
  get maxMemoryUsedMB(): number {
    const { maxMemoryUsedMb, memorySize } = this.#context.spec
    return Math.min(maxMemoryUsedMb ?? this.#peakMB, memorySize)
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#children.values()) child.signal(signal)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = `${request.url}`.split('?', 1)[0] ?? ''
    const route = (prefix: string) => `${request.method} ${path.slice(prefix.length)}`
    if (path.startsWith('/2018-06-01/runtime/')) return this.#runtimeApi.handle(route('/2018-06-01/runtime/'), request, response)
    if (path.startsWith('/2020-01-01/extension/'))
      return this.#extensions.handle(route('/2020-01-01/extension/'), request, response)
    if (path === '/2022-07-01/telemetry' && request.method === 'PUT') {
      const extension = this.#extensions.identify(request, response)
      return extension && this.telemetry.subscribe(extension, request, response)
    }
    request.resume()
    sendJson(response, 404, { errorType: 'PathNotFound', errorMessage: 'Unknown path' })
  }

  /** Runs Init; rejects with a Failure. Resolves with its duration in milliseconds. */
  async init(phase: InitPhase): Promise<number> {
    this.initialized = true
    const { spec, clock, emit, instanceId } = this.#context
    const started = clock.now()
    const common = { initializationType: 'on-demand', phase }
    emit('platform.initStart', {
      ...common,
      runtimeVersion: this.#runtime.runtimeVersion,
      runtimeVersionArn: `arn:aws:lambda:${spec.region}::runtime:${'0'.repeat(64)}`,
      functionName: spec.name,
      functionVersion: spec.version,
      instanceId,
      instanceMaxMemory: spec.memorySize,
    })
    const done = (status: Status, errorType?: string) => ({ ...common, status, ...(errorType !== undefined && { errorType }) })
    const report = (outcome: ReturnType<typeof done>) => {
      for (const extension of this.#extensions.all) this.#reportExtension(extension)
      const durationMs = round(clock.now() - started)
      emit('platform.initReport', { ...outcome, metrics: { durationMs } })
      return durationMs
    }
    let runtimeReady = false
    try {
      for (const { path, env } of spec.extensions) this.#startExtension(path, env)
      await this.#race(this.#extensions.registered())
      this.#startRuntime()
      await this.#race(this.#runtimeApi.ready)
      runtimeReady = true
      this.#extensions.closeRegistration()
      await this.#settleLogs()
      emit('platform.initRuntimeDone', done('success'))
      await this.#race(Promise.all(this.#extensions.all.map(extension => extension.ready.promise)))
      this.memoryMB()
      return report(done('success'))
    } catch (error) {
      const failure = asFailure(error)
      await this.#settleLogs()
      if (this.#runtimeStarted && !runtimeReady) emit('platform.initRuntimeDone', done(failure.status, failure.errorType))
      report(done(failure.status, failure.errorType))
      throw failure
    } finally {
      this.#extensions.closeRegistration()
      this.telemetry.closeSubscription()
    }
  }

  /**
   * Runs one invocation to the end of its phase: the runtime and every extension that wants INVOKE have asked for the next event.
   * `respond` is called as soon as the runtime has answered. Rejects with a Failure. Resolves with the extensions' overhead.
   */
  async invoke(invocation: Invocation, respond: (answer: Answer) => void): Promise<{ answer: Answer; spans: Span[] }> {
    const { clock, emit, spec } = this.#context
    const { requestId, deadlineMs, trace } = invocation
    const tracing = { type: 'X-Amzn-Trace-Id', value: trace }
    const started = clock.now()
    let answer: Answer | undefined
    let reported = false
    const runtimeDone = (status: Status, errorType: string | undefined, spans: Span[], producedBytes?: number) => {
      reported = true
      emit('platform.runtimeDone', {
        requestId,
        status,
        ...(errorType !== undefined && { errorType }),
        metrics: { durationMs: round(clock.now() - started), ...(producedBytes !== undefined && { producedBytes }) },
        spans,
        tracing,
      })
    }
    try {
      const extensions = this.#extensions.send('INVOKE', { deadlineMs, requestId, invokedFunctionArn: spec.functionArn, tracing })
      const { answered, idle } = this.#runtimeApi.begin(invocation)
      answer = await this.#race(answered)
      respond(answer)
      await this.#race(idle)
      await this.#settleLogs()
      const runtimeIdle = clock.now()
      runtimeDone(
        answer.ok ? 'success' : 'error',
        answer.errorType,
        [
          span('responseLatency', started, answer.startedMs),
          span('responseDuration', answer.startedMs, answer.finishedMs),
          span('runtimeOverhead', answer.finishedMs, runtimeIdle),
        ],
        answer.body.length,
      )
      this.memoryMB()
      await this.#race(Promise.all(extensions.map(extension => extension.idle.promise)))
      return { answer, spans: extensions.length > 0 ? [span('extensionOverhead', runtimeIdle, clock.now())] : [] }
    } catch (error) {
      const failure = asFailure(error)
      await this.#settleLogs()
      if (!reported) runtimeDone(failure.status, failure.errorType, [])
      throw failure
    }
  }

  /**
   * Ends all processes: the runtime gets SIGTERM and a share of the time, then the extensions get SHUTDOWN and the rest of it, then
   * SIGKILL. Without an external extension there is nothing to wait for. Resolves with the names of those that had to be killed.
   */
  async shutdown(reason: 'spindown' | 'timeout' | 'failure'): Promise<string[]> {
    const { clock, spec } = this.#context
    this.#stopping = true
    const deadlineMs = Math.floor(clock.now() + spec.shutdownMs)
    void this.telemetry.flush()
    const runtime = this.#runtimeChild
    const extensions = [...this.#children].filter(([, child]) => child !== runtime)
    if (runtime?.running && extensions.length > 0) {
      runtime.signal('SIGTERM')
      await this.#within(Math.min(spec.shutdownMs * RUNTIME_SHARE.of, RUNTIME_SHARE.capMs), runtime.exited)
    }
    runtime?.signal('SIGKILL')
    await runtime?.exited
    await this.#settleLogs()
    void this.telemetry.flush()
    const told = new Set(
      this.#extensions.send('SHUTDOWN', { shutdownReason: reason, deadlineMs }).map(extension => extension.name),
    )
    for (const [name, child] of extensions) if (!told.has(name)) child.signal('SIGKILL')
    await this.#within(deadlineMs - clock.now(), Promise.all(extensions.map(([, child]) => child.exited)))
    const late = extensions.filter(([, child]) => child.running)
    this.kill()
    await Promise.all(extensions.map(([, child]) => child.exited))
    await this.#settleLogs()
    return late.map(([name]) => name)
  }

  /** SIGKILL to everything, at once. */
  kill(): void {
    this.#stopping = true
    this.signal('SIGKILL')
    this.telemetry.close()
  }

  #startExtension(path: string, env: Readonly<Record<string, string>> | undefined): void {
    const name = basename(path)
    const options = { command: path, args: [], env: extensionEnvironment(this.#environment, env), cwd: '/' }
    const failed = (exit: Exit) => new Failure(exit.error ? 'Extension.LaunchError' : 'Extension.Crash', describeExit(exit))
    this.#start(name, options, line => this.#context.emit('extension', line.text, line.time), failed)
  }

  #startRuntime(): void {
    this.#runtimeStarted = true
    const { command, args } = this.#runtime
    const env = { ...functionEnvironment(this.#environment), _LAMBDA_TELEMETRY_LOG_FD: '3' }
    const options = { command, args, env, cwd: this.#context.spec.taskRoot, framed: true }
    const failed = (exit: Exit) => {
      if (exit.error) return new Failure('Runtime.InvalidEntrypoint', describeExit(exit))
      if (exit.code === 0) return new Failure('Runtime.ExitError', 'Runtime exited without providing a reason')
      return new Failure(
        this.#outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError',
        `Runtime exited with error: ${describeExit(exit)}`,
      )
    }
    this.#runtimeChild = this.#start('\0runtime', options, line => this.#log(line), failed)
  }

  #start(
    name: string,
    options: Omit<Parameters<typeof startChild>[0], 'onData'>,
    onLine: (line: LogLine) => void,
    failed: (exit: Exit) => Failure,
  ): Child {
    const decoders = { 1: new LineDecoder(), 2: new LineDecoder(), 3: new FrameDecoder() }
    const onData = (fd: 1 | 2 | 3, chunk: Buffer) => {
      this.#logBytes += chunk.length
      for (const line of decoders[fd].push(chunk)) onLine(line)
    }
    const child = startChild({ ...options, onData }, this.#context.watcher)
    this.#children.set(name, child)
    void child.exited.then(async exit => {
      if (!this.#stopping) this.fail(failed(exit))
      await this.#settleLogs()
      for (const decoder of Object.values(decoders)) for (const line of decoder.end()) onLine(line)
    })
    return child
  }

  /** A function's log line, in the function's log format. */
  #log({ text, json, time }: LogLine): void {
    const record = json || this.#context.spec.logFormat === 'JSON' ? parseJson(text) : undefined
    this.#context.emit('function', isObject(record) ? record : text, time)
  }

  #reportExtension({ name, state, events }: Extension): void {
    this.#context.emit('platform.extension', { name, state, events })
  }

  #race<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.#failure.promise])
  }

  async #within(ms: number, step: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    await Promise.race([step, this.#context.clock.sleep(Math.max(0, ms), over.signal)])
    over.abort()
  }

  /**
   * Lets what a process wrote before its last request be read: the pipes and the request reach this process through different sockets.
   * Ends after two turns of the event loop without a byte; a process that never stops writing is not waited for.
   */
  async #settleLogs(): Promise<void> {
    let quiet = 0
    for (let turn = 0; turn < 64 && quiet < 2; turn++) {
      const before = this.#logBytes
      await new Promise<void>(resolve => setImmediate(resolve))
      quiet = this.#logBytes === before ? quiet + 1 : 0
    }
  }
}

const span = (name: string, from: number, to: number): Span => ({
  name,
  start: new Date(from).toISOString(),
  durationMs: round(Math.max(0, to - from)),
})

const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('Sandbox.Failure', error instanceof Error ? error.message : String(error))
