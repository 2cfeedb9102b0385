import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { systemClock, type Clock } from '../clock.ts'
import { parseJson } from '../json.ts'
import { startGuardian } from './guardian.ts'
import type { Outcome } from './invocation.ts'
import { resolveOptions, type FunctionOptions, type LambdaOptions, type SandboxSpec } from './options.ts'
import { MAX_PAYLOAD } from './runtime-api.ts'
import { Sandbox } from './sandbox.ts'

export interface InvokeOptions {
  /** Sent to the function as `context.clientContext`. */
  clientContext?: unknown
  /** Waits for the end of the phase and returns the log's last 4 KB, as `LogType: Tail` does. */
  logTail?: boolean
}

export interface InvokeResult {
  statusCode: number
  /** `Unhandled` when the function, its runtime or an extension failed; `payload` then has errorType and errorMessage. */
  functionError?: 'Unhandled'
  /** The response parsed from JSON; the text itself where it is none. */
  payload: unknown
  /** The response as it came. */
  body: Buffer
  requestId: string
  executedVersion: string
  logTail?: string
}

/** An error of the Invoke API itself, as opposed to one of the function. */
export class InvokeError extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status: number) {
    super(message)
    this.name = type
    this.type = type
    this.status = status
  }
}

export interface FunctionHandle {
  readonly name: string
  readonly arn: string
  /** Those that exist now. */
  readonly sandboxes: readonly Sandbox[]
  /** Invokes with a value that is sent as JSON. Rejects with an InvokeError (413, 429) only; a failing function is a result. */
  invoke(payload?: unknown, options?: InvokeOptions): Promise<InvokeResult>
  /** Invokes with a body as it is. */
  invokeRaw(body: Buffer, options?: InvokeOptions): Promise<InvokeResult>
  /** Makes this many more sandboxes and runs their Init, as provisioned concurrency does; under SnapStart each is a snapshot then. Default 1. */
  provision(count?: number): Promise<void>
  /** Resolves when no sandbox is busy. */
  idle(): Promise<void>
  /** Lets running invocations end and spins every sandbox down, with SHUTDOWN. */
  shutdown(): Promise<void>
  /** Kills every sandbox without a word. */
  kill(): Promise<void>
}

export interface Lambda {
  createFunction(options: FunctionOptions): FunctionHandle
  function(name: string): FunctionHandle | undefined
  /** Spins all functions down and ends every child process. */
  close(): Promise<void>
}

/** Durations in Lambda have fractions of a millisecond. */
const preciseClock: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() }

/** Starts the emulator of Lambda's execution environments. Sandboxes come with the first invocation and scale out up to maxConcurrency. */
export function startLambda(options: LambdaOptions): Lambda {
  const clock = options.clock ?? preciseClock
  const onEvent = options.onEvent ?? (() => {})
  const guardian = startGuardian()
  const functions = new Map<string, FunctionHandle>()
  return {
    createFunction(functionOptions) {
      check(functionOptions, functions)
      const spec = resolveOptions(options, functionOptions)
      const handle = createHandle(spec, () => new Sandbox({ spec, clock, watcher: guardian, onEvent }))
      functions.set(spec.name, handle)
      return handle
    },
    function: name => functions.get(name),
    async close() {
      await Promise.all([...functions.values()].map(handle => handle.shutdown()))
      guardian.close()
    },
  }
}

function check({ name, extensions = [] }: FunctionOptions, functions: ReadonlyMap<string, unknown>): void {
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(name))
    throw new Error(`function name ${JSON.stringify(name)}: use 1 to 64 letters, digits, - or _`)
  if (functions.has(name)) throw new Error(`function ${name} exists already: take another name`)
  const names = extensions.map(({ path }) => basename(path))
  const twice = names.find((extension, at) => names.indexOf(extension) !== at)
  if (twice !== undefined)
    throw new Error(`extensions of ${name}: two files are called ${twice}; /opt/extensions can hold one of them`)
}

function createHandle(spec: SandboxSpec, create: () => Sandbox): FunctionHandle {
  const sandboxes: Sandbox[] = []
  const waiting: ((sandbox: Sandbox) => void)[] = []

  /** Sandboxes on their way out, which nobody gets any more. */
  const leaving = new Set<Promise<void>>()

  function add(): Sandbox {
    const sandbox = create()
    sandboxes.push(sandbox)
    return sandbox
  }

  function dismiss(): void {
    for (const sandbox of sandboxes.filter(({ gone }) => gone)) {
      sandboxes.splice(sandboxes.indexOf(sandbox), 1)
      const left = sandbox.shutdown().finally(() => leaving.delete(left))
      leaving.add(left)
    }
  }

  /** The sandbox that was used last is warmest; a new one only when all are busy. */
  function take(): Sandbox | undefined {
    dismiss()
    const free = sandboxes.findLast(sandbox => sandbox.free)
    return free || sandboxes.length >= spec.maxConcurrency ? free : add()
  }

  function release(): void {
    const free = waiting.length > 0 ? take() : undefined
    if (free) waiting.shift()?.(free)
  }

  async function invokeRaw(body: Buffer, { clientContext, logTail = false }: InvokeOptions = {}): Promise<InvokeResult> {
    if (body.length > MAX_PAYLOAD)
      throw new InvokeError(
        'RequestTooLargeException',
        `${body.length} byte payload is too large for the RequestResponse invocation type (limit ${MAX_PAYLOAD} bytes)`,
        413,
      )
    const requestId = randomUUID()
    const outcome = Promise.withResolvers<Outcome>()
    const ended = Promise.withResolvers<{ logTail: string }>()
    ended.promise.catch(outcome.reject)
    const run = (sandbox: Sandbox) => {
      const call = {
        requestId,
        payload: body,
        clientContext: clientContext === undefined ? undefined : JSON.stringify(clientContext),
        respond: outcome.resolve,
      }
      void sandbox.invoke(call).then(ended.resolve, ended.reject).finally(release)
    }
    const free = take()
    if (free) run(free)
    else if (spec.whenBusy === 'throttle') throw new InvokeError('TooManyRequestsException', 'Rate Exceeded.', 429)
    else waiting.push(run)
    const tail = logTail ? (await ended.promise).logTail : undefined
    const { body: answer, functionError } = await outcome.promise
    const text = answer.toString('utf8')
    return {
      statusCode: 200,
      ...(functionError && { functionError }),
      payload: parseJson(text) ?? text,
      body: answer,
      requestId,
      executedVersion: spec.version,
      ...(tail !== undefined && { logTail: tail }),
    }
  }

  const end = async (how: (sandbox: Sandbox) => Promise<void>) => {
    await Promise.all(sandboxes.splice(0).map(how))
    await Promise.all(leaving)
  }
  return {
    name: spec.name,
    arn: spec.functionArn,
    sandboxes,
    invoke: (payload = {}, options) => invokeRaw(Buffer.from(JSON.stringify(payload)), options),
    invokeRaw,
    provision: async (count = 1) => {
      await Promise.all(Array.from({ length: count }, () => add().provision()))
    },
    idle: async () => {
      while (sandboxes.some(sandbox => sandbox.busy)) await Promise.all(sandboxes.map(sandbox => sandbox.idle))
    },
    shutdown: () => end(sandbox => sandbox.shutdown()),
    kill: () => end(sandbox => sandbox.kill()),
  }
}
