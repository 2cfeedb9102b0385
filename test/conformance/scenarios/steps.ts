import { field, text, type Entry, type Request, type Run, type Step, type Traits } from '../platform.ts'

export const EXTENSION = '/2020-01-01/extension'
export const ID = { 'Lambda-Extension-Identifier': '$id' }

/** What an extension may register for. */
export const events = ({ managed }: Traits): string[] => (managed ? ['SHUTDOWN'] : ['INVOKE', 'SHUTDOWN'])

export const call = (as: string, method: string, path: string, more: Partial<Request> = {}): Step => ({
  as,
  call: { method, path, ...more },
})

export const register = (traits: Traits): Step =>
  call('register', 'POST', `${EXTENSION}/register`, {
    headers: { 'Lambda-Extension-Name': '$name', 'Lambda-Extension-Accept-Feature': 'accountId' },
    body: { events: events(traits) },
  })

export const next = (as: string, headers: Readonly<Record<string, string>> = ID): Step =>
  call(as, 'GET', `${EXTENSION}/event/next`, { headers })

export const LOOP: Step = { loop: {} }

/** For scenarios that cannot be asked without telemetry. */
export const without = ({ telemetry }: Traits): string | undefined => (telemetry ? undefined : 'there is no Telemetry API')

/** The shortest buffering that there is. */
export const QUICK = { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 }

export const subscription = (more: object = {}): object => ({
  schemaVersion: '2025-01-29',
  types: ['platform', 'function', 'extension'],
  buffering: QUICK,
  destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:$port' },
  ...more,
})

export const subscribe = (as: string, body: unknown = subscription(), headers: Readonly<Record<string, string>> = ID): Step =>
  call(as, 'PUT', '/2022-07-01/telemetry', { headers: { ...headers, 'Content-Type': 'application/json' }, body })

/** An exchange in short: `403 Extension.InvalidEventType`. */
export const short = ({ status, body }: Entry): string => `${status} ${text(field(body, 'errorType'))}`.trim()

/** The exchanges by name, in short. */
export const exchanges = (run: Run): Record<string, string> =>
  Object.fromEntries(
    run
      .diary()
      .filter(({ kind, as }) => kind === 'exchange' && as !== undefined)
      .map(entry => [entry.as ?? '', short(entry)]),
  )

export const exchange = (run: Run, as: string): Entry | undefined => run.diary().find(entry => entry.as === as)

/** The events that the extension was given, in order: `INVOKE`, `SHUTDOWN spindown`. */
export const given = (run: Run): string[] =>
  run
    .diary()
    .filter(({ kind }) => kind === 'event')
    .map(({ body }) => `${text(field(body, 'eventType'))} ${run.reason(text(field(body, 'shutdownReason')))}`.trim())

export const startsOf = (run: Run, who: Entry['who']): number =>
  run.diary().filter(entry => entry.who === who && entry.kind === 'started').length

/** How an invocation failed, as its invoker sees it. */
export const errorType = (answer: unknown): unknown => field(answer, 'errorType')

/**
 * Waits until the diary shows something, for ten seconds at most. On demand there is nothing to wait for: between invocations nothing moves, and
 * what is left is delivered at the end.
 */
export async function until(run: Run, traits: Traits, what: (diary: readonly Entry[]) => boolean): Promise<void> {
  for (const limit = Date.now() + 10_000; traits.managed && Date.now() < limit && !what(run.diary()); )
    await new Promise(resolve => setTimeout(resolve, 10))
}
