import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import { Failure } from './failure.ts'

/** Lambda's limit of a synchronous request and of its response. */
export const MAX_PAYLOAD = 6 * 1024 * 1024

/** One invocation as the runtime gets it. */
export interface Invocation {
  requestId: string
  payload: Buffer
  deadlineMs: number
  functionArn: string
  trace: string
  clientContext?: string | undefined
}

/** What the runtime answered, and when (milliseconds). */
export interface Answer {
  ok: boolean
  body: Buffer
  errorType?: string | undefined
  startedMs: number
  finishedMs: number
}

interface Running {
  invocation: Invocation
  answered: PromiseWithResolvers<Answer>
  idle: PromiseWithResolvers<void>
  done: boolean
}

/** The Runtime API of one runtime process (AWS: "Using the Lambda runtime API for custom runtimes"). */
export class RuntimeApi {
  readonly #now: () => number
  readonly #fail: (failure: Failure) => void
  readonly #ready = Promise.withResolvers<void>()
  #waiting: ServerResponse | undefined
  #running: Running | undefined
  #delivered = false

  constructor(now: () => number, fail: (failure: Failure) => void) {
    this.#now = now
    this.#fail = fail
  }

  /** Resolves at the first `next`: the runtime has loaded the function. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Hands an invocation over. `answered` resolves with the response, `idle` when the runtime asks for the next one. */
  begin(invocation: Invocation): { answered: Promise<Answer>; idle: Promise<void> } {
    this.#running = { invocation, answered: Promise.withResolvers(), idle: Promise.withResolvers(), done: false }
    this.#delivered = false
    this.#deliver()
    return { answered: this.#running.answered.promise, idle: this.#running.idle.promise }
  }

  async handle(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route === 'GET invocation/next') return this.#next(response)
    if (route === 'POST init/error') return this.#initError(request, response)
    const [, id = '', kind = ''] = /^POST invocation\/([^/]+)\/(response|error)$/.exec(route) ?? []
    if (!kind) return sendJson(response, 404, { errorType: 'PathNotFound', errorMessage: 'Unknown path' })
    return this.#answer(decodeURIComponent(id), kind === 'response', request, response)
  }

  #next(response: ServerResponse): void {
    const running = this.#running
    if (running && this.#delivered && !running.done)
      return sendJson(response, 403, {
        errorType: 'InvalidStateTransition',
        errorMessage: 'Transition from Running to Ready is not allowed',
      })
    this.#waiting = response
    response.on('close', () => {
      if (this.#waiting === response) this.#waiting = undefined
    })
    this.#ready.resolve()
    if (running?.done) {
      this.#running = undefined
      running.idle.resolve()
    }
    this.#deliver()
  }

  #deliver(): void {
    if (!this.#waiting || !this.#running || this.#delivered) return
    const { requestId, payload, deadlineMs, functionArn, trace, clientContext } = this.#running.invocation
    this.#waiting.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': payload.length,
      'Lambda-Runtime-Aws-Request-Id': requestId,
      'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': functionArn,
      'Lambda-Runtime-Trace-Id': trace,
      ...(clientContext !== undefined && { 'Lambda-Runtime-Client-Context': clientContext }),
    })
    this.#waiting.end(payload)
    this.#waiting = undefined
    this.#delivered = true
  }

  async #answer(id: string, ok: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const running = this.#running
    if (!running || running.done || running.invocation.requestId !== id) {
      request.resume()
      return sendJson(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    }
    const startedMs = this.#now()
    const body = await readBody(request, MAX_PAYLOAD)
    if (running.done) return sendJson(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    running.done = true
    const times = { startedMs, finishedMs: this.#now() }
    if (!body) {
      const errorType = 'Function.ResponseSizeTooLarge'
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_PAYLOAD} bytes).`
      running.answered.resolve({ ok: false, body: Buffer.from(JSON.stringify({ errorType, errorMessage })), errorType, ...times })
      return sendJson(response, 413, {
        errorType: 'RequestEntityTooLarge',
        errorMessage: 'Exceeded maximum allowed payload size',
      })
    }
    running.answered.resolve({ ok, body, errorType: ok ? undefined : errorTypeOf(request, body), ...times })
    sendJson(response, 202, { status: 'OK' })
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request, MAX_PAYLOAD)) ?? Buffer.from('{}')
    this.#fail(new Failure(errorTypeOf(request, body), 'init error', 'error', body))
    sendJson(response, 202, { status: 'OK' })
  }
}

function errorTypeOf(request: IncomingMessage, body: Buffer): string {
  const header = request.headers['lambda-runtime-function-error-type']
  if (typeof header === 'string' && header) return header
  const document = parseJson(body.toString('utf8'))
  return isObject(document) && typeof document['errorType'] === 'string' ? document['errorType'] : 'Runtime.Unknown'
}
