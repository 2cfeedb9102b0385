import { createBreaker } from './breaker.ts'
import { type Config, readConfig, type Stream } from './config.ts'
import { type Counters, createCounters } from './counters.ts'
import { createCredentials } from './credentials.ts'
import type { Host, Target } from './host/host.ts'
import { createKinesis } from './kinesis.ts'
import { createLambdaApi, isManagedInstance, type LambdaApi, type Registration, type Subscription } from './lambda-api.ts'
import { idle, live, sleep } from './lifecycle.ts'
import { createRecorder } from './recorder.ts'
import { createRedaction } from './redaction.ts'
import { createSandbox } from './sandbox.ts'
import { createShipper } from './ship.ts'
import { OWN_PREFIX } from './signals/extension-log.ts'
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
    return idle(host, api, counters)
  }
  try {
    await watch(host, config, config.stream, api, registration, counters)
  } catch {
    host.say(`${OWN_PREFIX}idle: internal error`)
    await idle(host, api, counters)
  }
}

async function watch(
  host: Host,
  config: Config,
  { stream, endpoint }: { stream: Stream; endpoint: Target },
  api: LambdaApi,
  registration: Registration,
  counters: Counters,
): Promise<void> {
  const sandbox = createSandbox(host, config, registration)
  const redaction = createRedaction(host, config.fingerprintKey ?? host.random(32), counters)
  const recorder = createRecorder(host, config, sandbox, redaction, counters)
  const kinesis = createKinesis(host, stream, endpoint, createCredentials(host))
  const shipper = createShipper(host, kinesis, recorder, createBreaker(host))

  const { listener, schema } = await subscribe(host, config, api, counters, body => recorder.take(body))
  const mode = !listener ? 'no-telemetry' : isManagedInstance(config) ? 'managed-instances' : 'telemetry'
  recorder.begin({ mode, schema })
  await live({ host, config, api, counters, recorder, shipper, listener })
}

/** Subscribes, or counts why not: the function's own signals are shipped all the same. */
async function subscribe(
  host: Host,
  config: Config,
  api: LambdaApi,
  counters: Counters,
  taken: (body: Uint8Array) => void,
): Promise<{ listener: TelemetryListener | undefined; schema: string }> {
  let listener: TelemetryListener | undefined
  let answer: Subscription
  try {
    listener = await listenForTelemetry(host, config.bind, counters, taken)
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
