import { type Config, OWN_PREFIX, readConfig, type Stream } from './config.ts'
import { type Counters, createCounters } from './counters.ts'
import type { Host, Target } from './host/host.ts'
import { createLambdaApi, isManagedInstance, type LambdaApi, type Registration, type Subscription } from './lambda-api.ts'
import { askEvents, type Events, idle, sleep } from './events.ts'
import { listenForTelemetry, type TelemetryListener } from './telemetry-listener.ts'

/**
 * The extension: registers, subscribes, then lives through invocations until SHUTDOWN. Resolves after `host.exit`, and otherwise never: a process
 * that ends outside of SHUTDOWN fails the function. Whatever goes wrong after registering leads to the idle loop.
 */
export async function run(host: Host): Promise<void> {
  const counters = createCounters()
  host.onUncaught(() => counters.fault('internal'))
  const config = readConfig(host.env)
  const api = createLambdaApi(host, config)
  const registration = await register(host, api)
  if (!config.stream) {
    host.say(`${OWN_PREFIX}idle: ${config.faults.join('; ')}`)
    return idle(host, askEvents(host, api, counters))
  }
  await watch(host, config, config.stream, api, registration, counters)
}

/**
 * Asks for the first event as soon as telemetry is subscribed, since Lambda waits for that; the recorder is read and made meanwhile. Where the
 * function exports to us, it waits: its first handler must not find nobody there.
 */
async function watch(
  host: Host,
  config: Config,
  to: { stream: Stream; endpoint: Target },
  api: LambdaApi,
  registration: Registration,
  counters: Counters,
): Promise<void> {
  const { listener, schema } = await subscribe(host, config, api, counters)
  const events: Events = askEvents(host, api, counters, !config.otlp)
  try {
    const { fly } = await import('./flight.ts')
    await fly({ host, config, counters, listener, events, ...to }, registration, recorder => {
      const mode = !listener ? 'no-telemetry' : isManagedInstance(config) ? 'managed-instances' : 'telemetry'
      recorder.begin({ mode, schema })
      listener?.deliver(body => recorder.take(body))
    })
  } catch {
    listener?.deliver(() => {})
    host.say(`${OWN_PREFIX}idle: internal error`)
    await idle(host, events)
  }
}

/** Subscribes, or counts why not: the function's own signals are shipped all the same. */
async function subscribe(
  host: Host,
  config: Config,
  api: LambdaApi,
  counters: Counters,
): Promise<{ listener: TelemetryListener | undefined; schema: string }> {
  let listener: TelemetryListener | undefined
  let answer: Subscription
  try {
    listener = await listenForTelemetry(host, config.bind, counters)
    answer = await api.subscribe(listener.port)
  } catch {
    answer = { failed: listener ? 'no-answer' : 'listen' }
  }
  if ('schema' in answer) return { listener, schema: answer.schema }
  listener?.close()
  counters.fault('failed' in answer ? `telemetry:${answer.failed}` : 'telemetry:unsupported')
  return { listener: undefined, schema: '' }
}

/** Tries for a while, because a process that ends here fails the function; then sleeps for ever, which merely times Init out. */
async function register(host: Host, api: LambdaApi): Promise<Registration> {
  for (let pause = 50; ; pause = Math.min(pause * 2, 60_000)) {
    try {
      return await api.register()
    } catch {
      await sleep(host, pause)
    }
  }
}
