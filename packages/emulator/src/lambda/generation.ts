import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename } from 'node:path'
import type { Clock } from '../clock.ts'
import { sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import type { Child, Watcher } from './child.ts'
import { extensionEnvironment, functionEnvironment, type EnvironmentSpec } from './environment.ts'
import { round, span, type InitPhase, type Span, type Status } from './events.ts'
import { ExtensionsApi, MAX_EXTENSIONS } from './extensions-api.ts'
import { asFailure, extensionExit, Failure, runtimeExit } from './failure.ts'
import type { LogLine } from './log-frames.ts'
import { InitEvents } from './init-events.ts'
import { memoryMB } from './memory.ts'
import type { SandboxSpec } from './options.ts'
import { Processes } from './processes.ts'
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
  credentialsToken: string
  clock: Clock
  watcher: Watcher
  deliver: Deliver
  emit: (type: string, record: unknown, time?: number) => void
}

const RUNTIME = '\0runtime'
/** Share of the shutdown time that the runtime gets before SIGKILL, and its cap in milliseconds: documented on demand, AWS's code for the rest. */
const RUNTIME_SHARE = { of: 0.3, capMs: 300, managedCapMs: 600 }

/**
 * One life of a sandbox's processes, from Init to reset or shutdown. The phases and their order are those of AWS's own
 * runtime-interface-emulator (internal/lambda/rapid/handlers.go, internal/lambda-managed-instances/rapid/handlers.go): extensions start in
 * parallel, the runtime only when all have registered, and Init ends when the runtime and every extension have asked for their first event.
 */
export class Generation {
  readonly telemetry: TelemetryApi
  readonly #processes: Processes
  readonly #runtimeApi: RuntimeApi
  readonly #extensions: ExtensionsApi
  readonly #context: GenerationContext
  readonly #managed: boolean
  readonly #runtime: RuntimeCommand
  readonly #environment: EnvironmentSpec
  readonly #failure = Promise.withResolvers<never>()
  #runtimeChild: Child | undefined
  /** True once Init has been tried. */
  initialized = false
  #stopping = false
  #outOfMemory = false
  /** What an extension said of itself: the process that then ends is blamed on that. */
  #reported: string | undefined
  #peakMB = 0

  constructor(context: GenerationContext) {
    const { spec, clock, deliver, emit, watcher } = context
    this.#context = context
    this.#managed = spec.initializationType === 'lambda-managed-instances'
    this.#runtime = runtimeCommand(spec)
    this.#environment = { ...spec, ...this.#runtime, ...context, logStream: context.instanceId }
    this.#processes = new Processes(watcher)
    this.#failure.promise.catch(() => {})
    this.#runtimeApi = new RuntimeApi(
      () => clock.now(),
      failure => this.fail(failure),
      this.#managed,
    )
    this.#extensions = new ExtensionsApi({
      identity: { accountId: spec.account, functionName: spec.name, functionVersion: spec.version, handler: spec.handler },
      external: spec.extensions.map(({ path }) => basename(path)),
      managed: this.#managed,
      onError: errorType => {
        this.#reported ??= errorType
      },
    })
    this.telemetry = new TelemetryApi({
      mode: spec.telemetry,
      managed: this.#managed,
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

  /** Rejects when these processes cannot go on. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  /** Kills the runtime as the kernel does when the sandbox is out of memory. */
  outOfMemory(): void {
    this.#outOfMemory = true
    this.#runtimeChild?.signal('SIGKILL')
  }

  /** Megabytes in use now, where the machine can tell. */
  memoryMB(): number | undefined {
    const used = memoryMB(this.#processes.pids)
    this.#peakMB = Math.max(this.#peakMB, used ?? 0)
    return used
  }

  /** As `platform.report` has it: the most that was seen, at most what the function has. */
  get maxMemoryUsedMB(): number {
    const { maxMemoryUsedMb, memorySize } = this.#context.spec
    return Math.min(maxMemoryUsedMb ?? this.#peakMB, memorySize)
  }

  signal(signal: NodeJS.Signals): void {
    this.#processes.signal(signal)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = `${request.url}`.split('?', 1)[0] ?? ''
    const route = (prefix: string) => `${request.method} ${path.slice(prefix.length)}`
    if (path.startsWith('/2018-06-01/runtime/')) return this.#runtimeApi.handle(route('/2018-06-01/runtime/'), request, response)
    if (path.startsWith('/2020-01-01/extension/'))
      return this.#extensions.handle(route('/2020-01-01/extension/'), request, response)
    if (path === '/2022-07-01/telemetry' && request.method === 'PUT') {
      if (!this.telemetry.supported) return this.telemetry.refuse(request, response)
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
    const { initializationType, name: functionName, version: functionVersion, memorySize: instanceMaxMemory } = spec
    const about = { ...this.runtimeVersion, functionName, functionVersion, instanceId, instanceMaxMemory }
    const events = new InitEvents({ initializationType, phase, clock, emit }, about)
    try {
      this.#startExtensions()
      await this.#race(this.#extensions.registered())
      this.#startRuntime()
      await this.#race(this.#runtimeApi.ready)
      this.#extensions.closeRegistration()
      await this.#processes.settleLogs()
      if (this.#managed) events.runtimeDone()
      await this.#race(Promise.all(this.#extensions.all.map(extension => extension.ready.promise)))
      this.memoryMB()
      if (!this.#managed) events.runtimeDone()
      return events.report(this.#extensions.all)
    } catch (error) {
      const failure = asFailure(error)
      await this.#processes.settleLogs()
      if (this.#runtimeChild) events.runtimeDone(failure)
      events.report(this.#extensions.all, failure)
      throw failure
    } finally {
      this.#extensions.closeRegistration()
      this.telemetry.closeSubscription()
    }
  }

  /** After a restore from a snapshot: the runtime's own hooks, where it has any. Rejects with a Failure. */
  async restore(): Promise<void> {
    await this.#race(this.#runtimeApi.restore())
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
    const runtimeDone = (status: Status, told: object, spans: Span[], producedBytes = 0) => {
      reported = true
      const metrics = { durationMs: round(clock.now() - started), producedBytes }
      emit('platform.runtimeDone', { requestId, status, ...told, metrics, spans, tracing })
    }
    try {
      const extensions = this.#extensions.send('INVOKE', { deadlineMs, requestId, invokedFunctionArn: spec.functionArn, tracing })
      const { answered, idle } = this.#runtimeApi.begin(invocation)
      answer = await this.#race(answered)
      respond(answer)
      await this.#race(idle)
      await this.#processes.settleLogs()
      const runtimeIdle = clock.now()
      const { ok, errorType, body } = answer
      const told = errorType === undefined ? {} : { errorType }
      const overhead = span('runtimeOverhead', answer.finishedMs, runtimeIdle)
      runtimeDone(ok ? 'success' : 'error', told, [...responseSpans(started, answer), overhead], body.length)
      this.memoryMB()
      await this.#race(Promise.all(extensions.map(extension => extension.idle.promise)))
      return { answer, spans: extensions.length > 0 ? [span('extensionOverhead', runtimeIdle, clock.now())] : [] }
    } catch (error) {
      const failure = asFailure(error)
      await this.#processes.settleLogs()
      if (!reported) runtimeDone(failure.status, failure.told, [])
      throw failure
    }
  }

  /** One of several invocations at a time: it ends with its answer. Rejects with a Failure, also when `over` does, which costs nobody else. */
  async invokeConcurrently(invocation: Invocation, over: Promise<never>): Promise<{ answer: Answer; spans: Span[] }> {
    const started = this.#context.clock.now()
    const { answered } = this.#runtimeApi.begin(invocation)
    try {
      const answer = await this.#race(Promise.race([answered, over]))
      await this.#processes.settleLogs()
      this.memoryMB()
      return { answer, spans: responseSpans(started, answer) }
    } catch (error) {
      this.#runtimeApi.abandon(invocation.requestId)
      throw asFailure(error)
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
    const extensions = [...this.#processes.all].filter(([, child]) => child !== runtime)
    if (runtime?.running && extensions.length > 0) {
      runtime.signal('SIGTERM')
      const capMs = this.#managed ? RUNTIME_SHARE.managedCapMs : RUNTIME_SHARE.capMs
      await this.#within(Math.min(spec.shutdownMs * RUNTIME_SHARE.of, capMs), runtime.exited)
    }
    runtime?.signal('SIGKILL')
    await runtime?.exited
    await this.#processes.settleLogs()
    void this.telemetry.flush()
    const told = new Set(
      this.#extensions.send('SHUTDOWN', { shutdownReason: reason, deadlineMs }).map(extension => extension.name),
    )
    for (const [name, child] of extensions) if (!told.has(name)) child.signal('SIGKILL')
    await this.#within(deadlineMs - clock.now(), Promise.all(extensions.map(([, child]) => child.exited)))
    const late = extensions.filter(([, child]) => child.running)
    this.kill()
    await Promise.all(extensions.map(([, child]) => child.exited))
    await this.#processes.settleLogs()
    return late.map(([name]) => name)
  }

  /** SIGKILL to everything, at once. Telemetry that no subscriber has taken is gone with its subscription, as in AWS's own code. */
  kill(): void {
    this.#stopping = true
    this.signal('SIGKILL')
    this.telemetry.close()
  }

  /** As `platform.initStart` and `platform.restoreStart` name the runtime. */
  get runtimeVersion(): { runtimeVersion: string; runtimeVersionArn: string } {
    const { region } = this.#context.spec
    return {
      runtimeVersion: this.#runtime.runtimeVersion,
      runtimeVersionArn: `arn:aws:lambda:${region}::runtime:${'0'.repeat(64)}`,
    }
  }

  #startExtensions(): void {
    const tooMany = this.#managed ? 'TooManyExtensions' : 'Extension.LaunchError'
    for (const [at, { path, env }] of this.#context.spec.extensions.entries()) {
      if (at >= MAX_EXTENSIONS) throw new Failure(tooMany, `more than ${MAX_EXTENSIONS} extensions`)
      this.#processes.start(basename(path), {
        command: path,
        args: [],
        env: extensionEnvironment(this.#environment, env),
        cwd: '/',
        onLine: line => this.#context.emit('extension', line.text, line.time),
        onExit: exit => this.#exited(extensionExit(exit)),
      })
    }
  }

  #startRuntime(): void {
    const { command, args, needs } = this.#runtime
    this.#runtimeChild = this.#processes.start(RUNTIME, {
      command,
      args,
      env: { ...needs, ...functionEnvironment(this.#environment), _LAMBDA_TELEMETRY_LOG_FD: '3' },
      cwd: this.#context.spec.taskRoot,
      framed: true,
      onLine: line => this.#log(line),
      onExit: exit => this.#exited(runtimeExit(exit, this.#outOfMemory)),
    })
  }

  #exited(failure: Failure): void {
    if (!this.#stopping) this.fail(this.#reported ? new Failure(this.#reported, failure.message) : failure)
  }

  /** A function's log line, in the function's log format. */
  #log({ text, json, time }: LogLine): void {
    const record = json || this.#context.spec.logFormat === 'JSON' ? parseJson(text) : undefined
    this.#context.emit('function', isObject(record) && canBeWritten(record) ? record : text, time)
  }

  #race<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.#failure.promise])
  }

  async #within(ms: number, step: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    await Promise.race([step, this.#context.clock.sleep(Math.max(0, ms), over.signal)])
    over.abort()
  }
}

/** A value can be nested so deeply that it is parsed and cannot be written again: it goes on as text, as what is no JSON does. */
function canBeWritten(record: unknown): boolean {
  try {
    JSON.stringify(record)
    return true
  } catch {
    return false
  }
}

/** How long until the runtime began to answer, and for how long it did: with response streaming the second is where the time goes. */
const responseSpans = (started: number, { startedMs, finishedMs }: Answer): Span[] => [
  span('responseLatency', started, startedMs),
  span('responseDuration', startedMs, finishedMs),
]
