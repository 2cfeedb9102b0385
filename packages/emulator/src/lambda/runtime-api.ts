import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import { Failure } from './failure.ts'

/** Lambda's limit of a synchronous request and of its response. */
export const MAX_PAYLOAD = 6 * 1024 * 1024
/** And of a response that is streamed. */
export const MAX_STREAMED = 200 * 1024 * 1024

/** One invocation as the runtime gets it. */
export interface Invocation {
  requestId: string
  payload: Buffer
  deadlineMs: number
  functionArn: string
  trace: string
  clientContext?: string | undefined
}

/** What the runtime answered, and when it began and ended to (milliseconds). */
export interface Answer {
  ok: boolean
  body: Buffer
  errorType?: string | undefined
  startedMs: number
  finishedMs: number
}

interface Running {
  readonly invocation: Invocation
  readonly answered: PromiseWithResolvers<Answer>
  readonly idle: PromiseWithResolvers<void>
  delivered: boolean
  /** The answer has begun to come. */
  answering: boolean
  done: boolean
}

/** So long a runtime that asks too early is made to wait. */
const TURNS = 16
/** How many invocations that ran out of time are remembered, to tell a late answer from a wrong one. */
const MAX_LATE = 100

/**
 * The Runtime API of one runtime process (AWS: "Using the Lambda runtime API for custom runtimes"). On a managed instance (`concurrent`) the
 * runtime asks for several invocations at once, and each ends with its answer.
 */
export class RuntimeApi {
  readonly #now: () => number
  readonly #fail: (failure: Failure) => void
  readonly #concurrent: boolean
  readonly #ready = Promise.withResolvers<void>()
  readonly #running = new Map<string, Running>()
  readonly #late: string[] = []
  #waiting: ServerResponse[] = []
  /** SnapStart: the runtime has asked for its restore, and is told of it here. */
  #restore: ServerResponse | undefined
  #restored: PromiseWithResolvers<void> | undefined

  constructor(now: () => number, fail: (failure: Failure) => void, concurrent = false) {
    this.#now = now
    this.#fail = fail
    this.#concurrent = concurrent
  }

  /** Resolves at the first `next`: the runtime has loaded the function. Under SnapStart also when it asks for its restore. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Hands an invocation over. `answered` resolves with the response, `idle` when the runtime asks for the next one. */
  begin(invocation: Invocation): { answered: Promise<Answer>; idle: Promise<void> } {
    const running: Running = {
      invocation,
      answered: Promise.withResolvers(),
      idle: Promise.withResolvers(),
      delivered: false,
      answering: false,
      done: false,
    }
    this.#running.set(invocation.requestId, running)
    this.#deliver()
    return { answered: running.answered.promise, idle: running.idle.promise }
  }

  /** Gives an invocation up, on a managed instance where the environment goes on; an answer that comes still is told that it is late. */
  abandon(requestId: string): void {
    this.#running.delete(requestId)
    this.#late.push(requestId)
    if (this.#late.length > MAX_LATE) this.#late.shift()
  }

  /** Lets a runtime that waits for its restore go on; resolves when it asks for an invocation, at once when it did not wait. */
  restore(): Promise<void> {
    if (!this.#restore) return Promise.resolve()
    this.#restored = Promise.withResolvers()
    this.#restore.writeHead(200).end()
    this.#restore = undefined
    return this.#restored.promise
  }

  async handle(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route === 'GET invocation/next') return this.#next(response)
    if (route === 'GET restore/next') return this.#awaitRestore(response)
    if (route === 'POST init/error' || route === 'POST restore/error') return this.#lifecycleError(request, response)
    const [, id = '', kind = ''] = /^POST invocation\/([^/]+)\/(response|error)$/.exec(route) ?? []
    if (!kind) return sendJson(response, 404, { errorType: 'PathNotFound', errorMessage: 'Unknown path' })
    return this.#answer(decodeURIComponent(id), kind === 'response', request, response)
  }

  #awaitRestore(response: ServerResponse): void {
    this.#restore = response
    this.#ready.resolve()
  }

  /**
   * A runtime that asks again before it has answered gets the same invocation again (RuntimeRunningState in AWS's emulator, core/states.go). Node's client
   * asks while the trailers of a failed stream are on their way, on another connection: an answer that has begun is waited for, and a few turns of
   * the event loop until it is seen to have.
   */
  #next(response: ServerResponse, turns = 0): void {
    const running = this.#concurrent ? undefined : [...this.#running.values()][0]
    if (running?.delivered && !running.done) {
      if (running.answering) return void running.answered.promise.then(() => this.#next(response))
      if (turns < TURNS) return void setImmediate(() => this.#next(response, turns + 1))
      return deliver(running.invocation, response)
    }
    if (!this.#concurrent) this.#waiting = []
    this.#waiting.push(response)
    response.on('close', () => {
      this.#waiting = this.#waiting.filter(other => other !== response)
    })
    this.#ready.resolve()
    this.#restored?.resolve()
    if (running?.done) {
      this.#running.delete(running.invocation.requestId)
      running.idle.resolve()
    }
    this.#deliver()
  }

  #deliver(): void {
    for (const running of this.#running.values()) {
      if (running.delivered) continue
      const response = this.#waiting.shift()
      if (!response) return
      running.delivered = true
      deliver(running.invocation, response)
    }
  }

  async #answer(id: string, ok: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const running = this.#running.get(id)
    if (!running || running.done) {
      request.resume()
      if (this.#late.includes(id)) return sendJson(response, 410, { errorType: 'InvokeTimeout', errorMessage: 'Invoke timeout' })
      return sendJson(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    }
    running.answering = true
    const startedMs = this.#now()
    const streamed = request.headers['lambda-runtime-function-response-mode'] === 'streaming'
    const limit = streamed ? MAX_STREAMED : MAX_PAYLOAD
    const body = await readBody(request, limit)
    if (running.done) return sendJson(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    running.done = true
    if (this.#concurrent) this.#running.delete(id)
    const times = { startedMs, finishedMs: this.#now() }
    if (!body) {
      const errorType = 'Function.ResponseSizeTooLarge'
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${limit} bytes).`
      running.answered.resolve({ ok: false, body: Buffer.from(JSON.stringify({ errorType, errorMessage })), errorType, ...times })
      return sendJson(response, 413, {
        errorType: 'RequestEntityTooLarge',
        errorMessage: 'Exceeded maximum allowed payload size',
      })
    }
    const broken = streamed ? trailerError(request) : undefined
    const errorType = broken ?? (ok ? undefined : errorTypeOf(request, body))
    running.answered.resolve({ ok: errorType === undefined, body, errorType, ...times })
    sendJson(response, 202, { status: 'OK' })
  }

  async #lifecycleError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request, MAX_PAYLOAD)) ?? Buffer.from('{}')
    this.#fail(new Failure(errorTypeOf(request, body), 'init error', 'error', body))
    sendJson(response, 202, { status: 'OK' })
  }
}

function deliver({ requestId, payload, deadlineMs, functionArn, trace, clientContext }: Invocation, response: ServerResponse) {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': payload.length,
    'Lambda-Runtime-Aws-Request-Id': requestId,
    'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
    'Lambda-Runtime-Invoked-Function-Arn': functionArn,
    'Lambda-Runtime-Trace-Id': trace,
    ...(clientContext !== undefined && { 'Lambda-Runtime-Client-Context': clientContext }),
  })
  response.end(payload)
}

/** What a runtime says after a streamed body, when the handler failed midway: the caller has had part of the response by then. */
const trailerError = ({ trailers }: IncomingMessage): string | undefined =>
  trailers['lambda-runtime-function-error-type'] || undefined

function errorTypeOf(request: IncomingMessage, body: Buffer): string {
  const header = request.headers['lambda-runtime-function-error-type']
  if (typeof header === 'string' && header) return header
  const document = parseJson(body.toString('utf8'))
  return isObject(document) && typeof document['errorType'] === 'string' ? document['errorType'] : 'Runtime.Unknown'
}
