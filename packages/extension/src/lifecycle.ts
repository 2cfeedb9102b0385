import type { Config } from './config.ts'
import type { Counters } from './counters.ts'
import { type Events, sleep } from './events.ts'
import { createFlushPolicy } from './flush.ts'
import type { Host } from './host/host.ts'
import { type InvokeEvent, isManagedInstance, type ShutdownEvent } from './lambda-api.ts'
import type { Recorder } from './recorder.ts'
import type { Shipper } from './ship.ts'
import type { TelemetryListener } from './telemetry-listener.ts'

/** The parts that live while the sandbox lives. */
export interface Parts {
  readonly host: Host
  readonly config: Config
  readonly counters: Counters
  readonly recorder: Recorder
  readonly shipper: Shipper
  /** Absent: no telemetry comes, so there is nothing to wait for. */
  readonly listener: TelemetryListener | undefined
  readonly events: Events
}

/** A flush ends this long after it began, whatever happens. */
const FLUSH_MS = 1_500
/** And this long before the invocation's deadline. */
const MARGIN_MS = 200
/** An invocation that runs into its deadline is given up on this long before the margin, for a flush. */
const LAST_FLUSH_MS = 300
/** Without `platform.start` for this long after INVOKE, telemetry is not coming and the end of the invocation would never be seen. */
const SILENCE_MS = 500
/** So often in a row, and it is not waited for any more until it comes again. */
const MAX_SILENT = 3
/** Inside a long invocation, ship so often. */
const LONG_MS = 60_000
/** On Managed Instances, where nothing freezes and nothing ends, ship so often. */
const MANAGED_MS = 10_000
/** At SHUTDOWN the last telemetry is still on its way: wait until none has come for QUIET_MS, at most SETTLE_MS of the 2 s there are. */
const QUIET_MS = 100
const SETTLE_MS = 300

/** Calls `next` until SHUTDOWN, ships on the way, and ends the process: the only place that does. */
export async function live(parts: Parts): Promise<void> {
  const { host, config, recorder, shipper } = parts
  const policy = createFlushPolicy(config.flush, host.now())
  const snapshot = config.initializationType === 'snap-start'
  let silent = 0
  if (isManagedInstance(config)) repeat(host, MANAGED_MS, () => void shipper.flush(host.now() + FLUSH_MS))
  recorder.restored = () => shipper.forget()

  for (;;) {
    const event = await parts.events()
    if (event.type === 'SHUTDOWN') return shutdown(parts, event)
    if (snapshot) recorder.renew()
    recorder.sandbox.invoked(event.functionArn, event.requestId, host.now())
    const plan = policy.plan(host.now())
    const worthWaiting = parts.listener && silent < MAX_SILENT && !shipper.paused
    if (plan === 'end' && worthWaiting) {
      shipper.prepare()
      const outcome = await ended(parts, event)
      silent = outcome === 'silent' ? silent + 1 : 0
      await shipper.flush(limit(parts, event))
    } else {
      if (recorder.sandbox.seen(event.requestId) !== 'nothing') silent = 0
      if (plan !== 'none') await shipper.flush(limit(parts, event))
    }
  }
}

/**
 * Waits for the end of an invocation: its `platform.runtimeDone`, or a sign that this will not be seen. The longest it waits is until shortly
 * before the deadline. Ships once a minute meanwhile.
 */
function ended(
  { host, recorder, shipper }: Parts,
  { requestId, deadline }: InvokeEvent,
): Promise<'done' | 'lost' | 'silent' | 'deadline'> {
  return new Promise(resolve => {
    const timers: (() => void)[] = []
    const finish = (outcome: 'done' | 'lost' | 'silent' | 'deadline') => {
      recorder.watch = undefined
      for (const cancel of timers) cancel()
      resolve(outcome)
    }
    const { sandbox } = recorder
    if (sandbox.seen(requestId) === 'finished') return finish('done')
    recorder.watch = ({ type }) => {
      if (sandbox.seen(requestId) === 'finished') finish('done')
      // The platform has thrown telemetry away, and the end of this invocation may have been in it.
      else if (type === 'platform.logsDropped') finish('lost')
    }
    timers.push(
      host.after(Math.max(0, deadline - host.now() - MARGIN_MS - LAST_FLUSH_MS), () => finish('deadline')),
      host.after(SILENCE_MS, () => {
        if (sandbox.seen(requestId) === 'nothing') finish('silent')
      }),
      repeat(host, LONG_MS, () => void shipper.flush(Math.min(host.now() + FLUSH_MS, deadline - MARGIN_MS))),
    )
  })
}

async function shutdown(parts: Parts, { reason, deadline }: ShutdownEvent): Promise<void> {
  const { host, recorder, shipper, listener } = parts
  try {
    const until = Math.min(host.now() + FLUSH_MS, deadline - MARGIN_MS)
    if (listener) await settled(host, listener, Math.min(host.now() + SETTLE_MS, until))
    recorder.end({ reason })
    await shipper.flush(until, true)
  } finally {
    host.exit(0)
  }
}

async function settled(host: Host, listener: TelemetryListener, until: number): Promise<void> {
  const began = host.now()
  while (host.now() < until && host.now() - Math.max(listener.lastAt, began) < QUIET_MS) await sleep(host, 10)
}

const limit = ({ host }: Parts, { deadline }: InvokeEvent): number => Math.min(host.now() + FLUSH_MS, deadline - MARGIN_MS)

function repeat(host: Host, ms: number, task: () => void): () => void {
  let cancel = () => {}
  const again = () => {
    cancel = host.after(ms, () => {
      again()
      task()
    })
  }
  again()
  return () => cancel()
}
