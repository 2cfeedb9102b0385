import { type Config, NAME } from './config.ts'
import type { Host } from './host/host.ts'
import { createClient, type Response } from './http.ts'

/** What the Extensions API said when we registered. */
export interface Registration {
  readonly id: string
  /** '' where the API does not tell. */
  readonly accountId: string
  readonly functionName: string
  readonly functionVersion: string
}

export interface InvokeEvent {
  readonly type: 'INVOKE'
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly deadline: number
  readonly functionArn: string
}

export interface ShutdownEvent {
  readonly type: 'SHUTDOWN'
  /** `spindown`, `timeout` or `failure`, in lower case: the documents print upper case, the service sends lower. */
  readonly reason: string
  readonly deadline: number
}

/** `unsupported`: there is no Telemetry API here (202 from a local emulator), which is not an error. */
export type Subscription = { readonly schema: string } | { readonly failed: string } | { readonly unsupported: true }

/** The Extensions API 2020-01-01 and the Telemetry API 2022-07-01. `init/error` and `exit/error` are not here: both fail the function. */
export interface LambdaApi {
  register(): Promise<Registration>
  /** Waits for ever: the environment is frozen meanwhile. Throws for an answer that is no event. */
  next(): Promise<InvokeEvent | ShutdownEvent>
  subscribe(port: number): Promise<Subscription>
}

/** Newest first. 2025-01-29 is required on Managed Instances; before 2022-12-13 JSON log lines come as strings. */
const SCHEMAS = ['2025-01-29', '2022-12-13', '2022-07-01']
/** The least the API allows for time, so that the end of an invocation is seen soon; the others as Datadog and OpenTelemetry set them. */
const BUFFERING = { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 }
const ID = 'Lambda-Extension-Identifier'
/** For calls that the platform answers at once. Init has 10 s in all. */
const TIMEOUT_MS = 2_000

/** Nothing runs for so long. A deadline beyond it, or one that is over when it comes, is none; a timer that is set too far ahead goes off at once. */
const MAX_RUN_MS = 24 * 3_600_000

/** Managed Instances run invocations side by side and tell an extension of its SHUTDOWN only. */
export const isManagedInstance = (config: Config): boolean => config.initializationType === 'lambda-managed-instances'

export function createLambdaApi(host: Host, config: Config): LambdaApi {
  const client = createClient(host, config.runtimeApi)
  let id = config.registered?.id ?? ''
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const typed = { 'Content-Type': 'application/json' }

  return {
    async register() {
      if (config.registered) return readRegistration(config.registered.id, config.registered.answer)
      const answer = await client.request({
        method: 'POST',
        path: '/2020-01-01/extension/register',
        headers: { ...typed, 'Lambda-Extension-Name': NAME, 'Lambda-Extension-Accept-Feature': 'accountId' },
        body: json({ events: isManagedInstance(config) ? ['SHUTDOWN'] : ['INVOKE', 'SHUTDOWN'] }),
        timeoutMs: TIMEOUT_MS,
      })
      const given = answer.headers.get(ID.toLowerCase())
      if (answer.status !== 200 || !given) throw new Error('register')
      id = given
      return readRegistration(id, text(answer))
    },

    async next() {
      const answer = await client.request({
        method: 'GET',
        path: '/2020-01-01/extension/event/next',
        headers: { [ID]: id },
      })
      if (answer.status !== 200) throw new Error('next')
      const event = fields(text(answer))
      const [said, now] = [event.number('deadlineMs'), host.now()]
      const deadline = said > now ? Math.min(said, now + MAX_RUN_MS) : now + 1_000
      if (event.string('eventType') === 'SHUTDOWN')
        return { type: 'SHUTDOWN', reason: event.string('shutdownReason').toLowerCase(), deadline }
      if (event.string('eventType') !== 'INVOKE') throw new Error('next')
      return { type: 'INVOKE', requestId: event.string('requestId'), functionArn: event.string('invokedFunctionArn'), deadline }
    },

    async subscribe(port) {
      const types = config.extensionLogs ? ['platform', 'function', 'extension'] : ['platform', 'function']
      const destination = { protocol: 'HTTP', URI: `http://${config.telemetryHost}:${port}` }
      for (const schemaVersion of SCHEMAS) {
        const answer = await client.request({
          method: 'PUT',
          path: '/2022-07-01/telemetry',
          headers: { ...typed, [ID]: id },
          body: json({ schemaVersion, types, buffering: BUFFERING, destination }),
          timeoutMs: TIMEOUT_MS,
        })
        if (answer.status === 200) return { schema: schemaVersion }
        if (answer.status === 202) return { unsupported: true }
        if (answer.status !== 400) return { failed: `status-${answer.status}` }
      }
      return { failed: 'status-400' }
    },
  }
}

const text = (answer: Response): string => Buffer.from(answer.body).toString()

function readRegistration(id: string, answer: string): Registration {
  const said = fields(answer)
  const [accountId, functionName, functionVersion] = [
    said.string('accountId'),
    said.string('functionName'),
    said.string('functionVersion'),
  ]
  return { id, accountId: /^\d{12}$/.test(accountId) ? accountId : '', functionName, functionVersion }
}

/** Reads single fields of a JSON object; what is not there, or not of that type, is empty. */
function fields(json: string): { string(name: string): string; number(name: string): number } {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    value = undefined
  }
  const get = (name: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined)
  return {
    string(name) {
      const found = get(name)
      return typeof found === 'string' ? found : ''
    },
    number(name) {
      const found = get(name)
      return typeof found === 'number' && Number.isFinite(found) ? found : 0
    },
  }
}
