import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock, type Clock } from '../clock.ts'
import { readBody, sendJson } from '../http.ts'
import { parseJson } from '../json.ts'
import type { TelemetryEvent } from './events.ts'
import type { Extension } from './extensions-api.ts'
import { Subscriber, type Deliver } from './subscriber.ts'
import { MANAGED_SCHEMA, parseSubscription, SCHEMA_VERSIONS } from './subscription.ts'

export interface TelemetryOptions {
  /** `unsupported` answers 202, as AWS's own emulator does. */
  mode: 'full' | 'unsupported'
  /** On a managed instance: one schema only. */
  managed: boolean
  hosts: readonly string[]
  deliver: Deliver
  clock?: Clock
  /** Told of each new subscription. */
  onSubscribed: (name: string, types: readonly string[]) => void
}

const MAX_BODY = 64 * 1024
/** Bounds what is kept for extensions that subscribe late; Init writes far less. */
const MAX_INIT_EVENTS = 10_000

/** The Telemetry API of one environment: subscriptions during Init, then delivery to each of them. */
export class TelemetryApi {
  readonly #options: TelemetryOptions
  readonly #subscribers = new Map<string, Subscriber>()
  /** What Init has emitted so far, replayed to whoever subscribes; undefined once subscription is closed. */
  #replay: TelemetryEvent[] | undefined = []

  constructor(options: TelemetryOptions) {
    this.#options = options
  }

  publish(event: TelemetryEvent): void {
    if (this.#replay && this.#replay.length < MAX_INIT_EVENTS) this.#replay.push(event)
    for (const subscriber of this.#subscribers.values()) subscriber.offer(event)
  }

  /** Ends subscription; it happens when all extensions have asked for their first event. */
  closeSubscription(): void {
    this.#replay = undefined
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#subscribers.values()].map(subscriber => subscriber.flush()))
  }

  pause(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.pause()
  }

  resume(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.resume()
  }

  close(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.close()
  }

  /** The whole API where there is none: anyone is told so, whoever asks and for what. */
  refuse(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    sendJson(response, 202, { errorType: 'Telemetry.NotSupported', errorMessage: 'Telemetry API is not supported' })
  }

  get supported(): boolean {
    return this.#options.mode === 'full'
  }

  async subscribe(extension: Extension, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY)
    if (!this.#replay)
      return sendJson(response, 403, {
        errorType: 'Telemetry.SubscriptionClosed',
        errorMessage: 'Telemetry API subscription is closed already',
      })
    if (this.#subscribers.has(extension.name)) return sendJson(response, 200, 'Already subscribed')
    const { hosts, managed } = this.#options
    const input = body && parseJson(body.toString('utf8'))
    const subscription = parseSubscription(input, hosts, managed ? [MANAGED_SCHEMA] : SCHEMA_VERSIONS)
    if ('faults' in subscription)
      return sendJson(response, 400, { errorType: 'ValidationError', errorMessage: subscription.faults })
    const subscriber = new Subscriber(extension.name, subscription, this.#options.deliver, this.#options.clock ?? systemClock)
    this.#subscribers.set(extension.name, subscriber)
    sendJson(response, 200, 'OK')
    for (const event of this.#replay) subscriber.offer(event)
    this.#options.onSubscribed(extension.name, subscription.types)
  }
}
