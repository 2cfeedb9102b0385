import type { Counters } from './counters.ts'
import type { Host } from './host/host.ts'
import type { InvokeEvent, LambdaApi, ShutdownEvent } from './lambda-api.ts'

/** Gives the next event of the environment, one at a time. Never fails. */
export type Events = () => Promise<InvokeEvent | ShutdownEvent>

const MAX_BACKOFF_MS = 5_000

/**
 * Asks for the first event `now`, and for each other one when it is wanted: asking says that the invocation before is done with, the first time that
 * the first one may begin.
 */
export function askEvents(host: Host, api: LambdaApi, counters: Counters, now = true): Events {
  let first: ReturnType<Events> | undefined = now ? nextEvent(host, api, counters) : undefined
  return () => {
    const event = first ?? nextEvent(host, api, counters)
    first = undefined
    return event
  }
}

/** The next event. An API that answers nonsense is asked again, ever more slowly; there is nothing else that would not fail the function. */
async function nextEvent(host: Host, api: LambdaApi, counters: Counters): Promise<InvokeEvent | ShutdownEvent> {
  for (let pause = 100; ; pause = Math.min(MAX_BACKOFF_MS, pause * 2)) {
    try {
      return await api.next()
    } catch {
      counters.fault('lambda-api:next')
      await sleep(host, pause)
    }
  }
}

/** Nothing can be captured or shipped: the function must not notice. */
export async function idle(host: Host, events: Events): Promise<void> {
  for (;;) {
    const event = await events()
    if (event.type === 'SHUTDOWN') return host.exit(0)
  }
}

export const sleep = (host: Host, ms: number): Promise<void> => new Promise(resolve => void host.after(ms, resolve))
