import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, sendJson } from '../http.ts'
import { isObject, parseJson } from '../json.ts'

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
  /** What it reported of itself before it ended. */
  errorType: string | undefined
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

export interface ExtensionsOptions {
  identity: Identity
  /** The names that the platform starts a process for. */
  external: readonly string[]
  /** On a managed instance there is no INVOKE to register for. */
  managed: boolean
  /** An extension reports that it cannot go on. The phase fails when its process ends, and then with this error type. */
  onError: (errorType: string) => void
}

const MAX_BODY = 64 * 1024
/** What an error type has to look like to be passed on. */
const ERROR_TYPE = /^Extension\.[A-Z][a-zA-Z]+/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const refuse = (response: ServerResponse, errorType: string, errorMessage: string) =>
  sendJson(response, 403, { errorType, errorMessage })

/**
 * The Extensions API of one environment (AWS: "Using the Lambda Extensions API to create extensions"). States, the order of checks and the errors
 * are those of AWS's runtime-interface-emulator: internal/lambda/core/externalagent_states.go and internal/lambda/rapi/handler/agent*.go.
 */
export class ExtensionsApi {
  readonly #options: ExtensionsOptions
  readonly #external: ReadonlyMap<string, PromiseWithResolvers<Extension>>
  readonly #byId = new Map<string, Extension>()
  #open = true

  constructor(options: ExtensionsOptions) {
    this.#options = options
    this.#external = new Map(options.external.map(name => [name, Promise.withResolvers()]))
  }

  get all(): Extension[] {
    return [...this.#byId.values()]
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
    if (!id) refuse(response, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header')
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
    const wanted = isObject(input) ? (input['events'] ?? []) : undefined
    if (!isObject(input) || !Array.isArray(wanted))
      return refuse(response, 'InvalidRequestFormat', 'The body is not a JSON object with a list of events')
    if (Array.isArray(input['configurationKeys']) && input['configurationKeys'].length > 0)
      return refuse(response, 'InvalidRequestFormat', 'configurationKeys are deprecated; use environment variables instead')
    const slot = this.#external.get(name)
    const allowed = this.#eventsFor(slot !== undefined)
    const events = allowed.filter(event => wanted.includes(event))
    const unknown: unknown = wanted.find(event => !allowed.some(known => known === event))
    if (unknown !== undefined)
      return refuse(response, 'Extension.InvalidEventType', `${JSON.stringify(unknown).slice(0, 80)}: event not supported here`)
    const taken = this.all.some(extension => extension.name === name)
    if (slot && taken) return this.#wrongState(response, name, 'Registered', 'Registered')
    if (!slot && !this.#open) return refuse(response, 'Extension.RegistrationClosed', 'Extension registration closed already')
    if (!slot && this.#external.size + this.all.filter(({ external }) => !external).length >= MAX_EXTENSIONS)
      return refuse(response, 'Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`)
    if (!slot && taken) return refuse(response, 'Extension.InvalidExtensionState', 'Extension with this name already registered')

    const extension: Extension = {
      name,
      id: randomUUID(),
      external: slot !== undefined,
      events,
      state: 'Registered',
      errorType: undefined,
      ready: Promise.withResolvers(),
      idle: Promise.withResolvers(),
      waiting: undefined,
      pending: undefined,
    }
    this.#byId.set(extension.id, extension)
    const { accountId, ...identity } = this.#options.identity
    const features = String(request.headers['lambda-extension-accept-feature'] ?? '').split(/,\s*/)
    sendJson(response, 200, features.includes('accountId') ? { accountId, ...identity } : identity, {
      'Lambda-Extension-Identifier': extension.id,
    })
    slot?.resolve(extension)
  }

  /** Internal extensions live in the runtime's process and are not told when it ends. */
  #eventsFor(external: boolean): readonly LifecycleEvent[] {
    return LIFECYCLE.filter(event => (event === 'INVOKE' ? !this.#options.managed : external))
  }

  #wrongState(response: ServerResponse, name: string, from: string, to: string): void {
    refuse(response, 'Extension.InvalidExtensionState', `State transition from ${from} to ${to} failed for extension ${name}`)
  }

  /** Once it has asked, an extension cannot ask again before it has had its event, not even when the connection of the first call is gone. */
  #next(extension: Extension, response: ServerResponse): void {
    if (extension.state !== 'Registered' && extension.state !== 'Running')
      return this.#wrongState(response, extension.name, extension.state, 'Ready')
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
    await readBody(request, MAX_BODY)
    const errorType = request.headers['lambda-extension-function-error-type']
    if (typeof errorType !== 'string' || errorType === '')
      return refuse(response, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found')
    const state = route === 'POST init/error' ? 'InitError' : 'ExitError'
    const from = extension.state
    const possible = from === state || from === 'Registered' || (state === 'ExitError' && from !== 'InitError')
    if (!possible) return this.#wrongState(response, extension.name, from, state)
    if (from !== state) {
      extension.state = state
      extension.errorType = errorType
      // An on-demand environment fails as Extension.InitError whatever the extension calls its error; a managed instance passes that on.
      this.#options.onError(this.#options.managed && ERROR_TYPE.test(errorType) ? errorType : `Extension.${state}`)
    }
    sendJson(response, 202, { status: 'OK' })
  }
}
