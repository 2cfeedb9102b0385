import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import { Failure } from './failure.ts'

export type LifecycleEvent = 'INVOKE' | 'SHUTDOWN'
const LIFECYCLE: readonly LifecycleEvent[] = ['INVOKE', 'SHUTDOWN']

/** Internal and external ones together (AWS: Lambda quotas). */
export const MAX_EXTENSIONS = 10

/** A registered extension. `external` ones have a process that the platform started; internal ones live in the runtime's. */
export interface Extension {
  readonly name: string
  readonly id: string
  readonly external: boolean
  readonly events: readonly LifecycleEvent[]
  state: 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError'
  /** Settles at the first `next`. */
  readonly ready: PromiseWithResolvers<void>
  /** Settles at the `next` after the event that it was given last. */
  idle: PromiseWithResolvers<void>
  waiting: ServerResponse | undefined
  /** Given to it when it asks again, because it was not waiting when the event came. */
  pending: unknown
}

export interface Identity {
  accountId: string
  functionName: string
  functionVersion: string
  handler: string
}

const MAX_BODY = 64 * 1024
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const refuse = (response: ServerResponse, errorType: string, errorMessage: string) =>
  sendJson(response, 403, { errorType, errorMessage })

/** The Extensions API of one environment (AWS: "Using the Lambda Extensions API to create extensions"). */
export class ExtensionsApi {
  readonly #identity: Identity
  readonly #fail: (failure: Failure) => void
  readonly #external: ReadonlyMap<string, PromiseWithResolvers<Extension>>
  readonly #byId = new Map<string, Extension>()
  #open = true

  /** `external` are the names that the platform started a process for. */
  constructor(identity: Identity, external: readonly string[], fail: (failure: Failure) => void) {
    this.#identity = identity
    this.#fail = fail
    this.#external = new Map(external.map(name => [name, Promise.withResolvers()]))
  }

  get all(): Extension[] {
    return [...this.#byId.values()]
  }

  byId(id: string): Extension | undefined {
    return this.#byId.get(id)
  }

  /** Resolves once every external extension has registered. */
  async registered(): Promise<void> {
    await Promise.all([...this.#external.values()].map(({ promise }) => promise))
  }

  /** Ends registration; it happens when the runtime is ready. */
  closeRegistration(): void {
    this.#open = false
  }

  /** Gives an event to every extension that subscribed to it; each `idle` then settles at its following `next`. */
  send(kind: LifecycleEvent, event: Readonly<Record<string, unknown>>): Extension[] {
    const subscribed = this.all.filter(extension => extension.events.includes(kind))
    for (const extension of subscribed) {
      extension.idle = Promise.withResolvers()
      extension.pending = { eventType: kind, ...event }
      this.#deliver(extension)
    }
    return subscribed
  }

  async handle(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route === 'POST register') return this.#register(request, response)
    const extension = this.identify(request, response)
    if (!extension) return
    if (route === 'GET event/next') return this.#next(extension, response)
    if (route === 'POST init/error' || route === 'POST exit/error') return this.#error(extension, route, request, response)
    sendJson(response, 404, { errorType: 'PathNotFound', errorMessage: 'Unknown path' })
  }

  /** Finds the caller by its identifier header, or answers 403 with the reason. */
  identify(request: IncomingMessage, response: ServerResponse): Extension | undefined {
    const id = request.headers['lambda-extension-identifier']
    const extension = typeof id === 'string' ? this.#byId.get(id) : undefined
    if (id === undefined) refuse(response, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header')
    else if (typeof id !== 'string' || !UUID.test(id))
      refuse(response, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier')
    else if (!extension) refuse(response, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`)
    if (!extension) request.resume()
    return extension
  }

  async #register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.headers['lambda-extension-name']
    const body = await readBody(request, MAX_BODY)
    if (typeof name !== 'string' || name === '') return refuse(response, 'Extension.InvalidExtensionName', 'Empty extension name')
    const input = body && parseJson(body.toString('utf8'))
    if (!isObject(input)) return refuse(response, 'InvalidRequestFormat', 'The body is not a JSON object')
    if (input['configurationKeys'] !== undefined)
      return refuse(response, 'InvalidRequestFormat', 'configurationKeys are deprecated; please remove them from the request')
    const slot = this.#external.get(name)
    const wanted = Array.isArray(input['events']) ? input['events'] : []
    const events = LIFECYCLE.filter(event => wanted.includes(event))
    const unknown = wanted.find(event => !LIFECYCLE.some(known => known === event))
    if (unknown !== undefined)
      return refuse(response, 'Extension.InvalidEventType', `${String(unknown).slice(0, 80)}: unknown event`)
    if (this.all.some(extension => extension.name === name))
      return refuse(
        response,
        'Extension.InvalidExtensionState',
        `State transition from Registered to Registered failed for extension ${name}`,
      )
    if (!this.#open) return refuse(response, 'Extension.RegistrationClosed', 'Extension registration closed already')
    if (!slot && events.includes('SHUTDOWN'))
      return refuse(response, 'Extension.InvalidEventType', 'SHUTDOWN: event not supported for internal extensions')
    if (this.#byId.size >= MAX_EXTENSIONS)
      return refuse(response, 'Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`)

    const extension: Extension = {
      name,
      id: randomUUID(),
      external: slot !== undefined,
      events,
      state: 'Registered',
      ready: Promise.withResolvers(),
      idle: Promise.withResolvers(),
      waiting: undefined,
      pending: undefined,
    }
    this.#byId.set(extension.id, extension)
    const { accountId, ...identity } = this.#identity
    const features = String(request.headers['lambda-extension-accept-feature'] ?? '').split(/,\s*/)
    sendJson(response, 200, features.includes('accountId') ? { accountId, ...identity } : identity, {
      'Lambda-Extension-Identifier': extension.id,
    })
    slot?.resolve(extension)
  }

  #next(extension: Extension, response: ServerResponse): void {
    if (extension.state === 'InitError' || extension.state === 'ExitError')
      return refuse(
        response,
        'Extension.InvalidExtensionState',
        `State transition from ${extension.state} to Ready failed for extension ${extension.name}`,
      )
    extension.state = 'Ready'
    extension.waiting = response
    response.on('close', () => {
      if (extension.waiting === response) extension.waiting = undefined
    })
    extension.ready.resolve()
    if (extension.pending === undefined) extension.idle.resolve()
    this.#deliver(extension)
  }

  #deliver(extension: Extension): void {
    if (!extension.waiting || extension.pending === undefined) return
    extension.state = 'Running'
    sendJson(extension.waiting, 200, extension.pending, { 'Lambda-Extension-Event-Identifier': randomUUID() })
    extension.waiting = undefined
    extension.pending = undefined
  }

  async #error(extension: Extension, route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY)
    const errorType = request.headers['lambda-extension-function-error-type']
    if (typeof errorType !== 'string' || errorType === '')
      return refuse(response, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found')
    const init = route === 'POST init/error'
    if (init && extension.state !== 'Registered')
      return refuse(
        response,
        'Extension.InvalidExtensionState',
        `State transition from ${extension.state} to InitError failed for extension ${extension.name}`,
      )
    extension.state = init ? 'InitError' : 'ExitError'
    sendJson(response, 202, { status: 'OK' })
    this.#fail(new Failure(errorType, `extension ${extension.name} reported an ${init ? 'init' : 'exit'} error`, 'error', body))
  }
}
