import { createBudget, numberAt } from './budget.ts'
import type { Config } from './config.ts'
import type { Counters } from './counters.ts'
import { type Events, sleep } from './events.ts'
import { createFlushPolicy } from './flush.ts'
import type { Host } from './host/host.ts'
import { type InvokeEvent, isManagedInstance, type ShutdownEvent } from './lambda-api.ts'
import { createPressure } from './pressure.ts'
import type { Recorder } from './recorder.ts'
import type { Shipper } from './ship.ts'
import { changeLoad } from './signals/load.ts'
import type { TelemetryEvent } from './telemetry.ts'
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
/** A flush with less time than this would cut batches and ship none. */
const MIN_FLUSH_MS = 50
/** An invocation that runs into its deadline is given up on this long before the margin, for a flush. */
const LAST_FLUSH_MS = 300
/** Without `platform.start` for this long after INVOKE, telemetry is not coming and the end of the invocation would never be seen. */
const SILENCE_MS = 500
/** So often in a row, and it is not waited for any more until it comes again. */
const MAX_SILENT = 3
/** Inside a long invocation, ship so often. */
const LONG_MS = 60_000
/** A timer that is late by this much was overtaken by a freeze: what it was set for is over. */
const LATE_MS = 1_000
/** On Managed Instances, where nothing freezes and nothing ends, ship so often. */
const MANAGED_MS = 10_000
/** At SHUTDOWN the last telemetry is still on its way: wait until none has come for QUIET_MS, at most SETTLE_MS of the 2 s there are. */
const QUIET_MS = 100
const SETTLE_MS = 300

/** Calls `next` until SHUTDOWN, ships on the way, and ends the process: the only place that does. */
export async function live(parts: Parts): Promise<void> {
  const { host, config, counters, recorder, shipper } = parts
  const { sandbox } = recorder
  const policy = createFlushPolicy(config.flush, host.now())
  const budget = createBudget(config.budgetMs, (step, before) => changeLoad(recorder, step, before, budget.addedMs))
  const isPressed = createPressure(host.files, counters.waiting)
  const snapshot = config.initializationType === 'snap-start'
  let silent = 0
  let running: InvokeEvent | undefined
  let began = 0
  let heard: (event: TelemetryEvent) => void = () => {}
  let flushing = false
  let stop = () => {}

  const flush = async () => {
    const from = host.now()
    const until = Math.min(from + FLUSH_MS, (running?.deadline ?? Number.POSITIVE_INFINITY) - MARGIN_MS)
    if (until - from < MIN_FLUSH_MS) return
    const { pending } = recorder
    flushing = true
    await shipper.flush(until)
    flushing = false
    const took = host.now() - from
    if (pending && took > 0) policy.flushed(took)
  }
  recorder.restored = () => shipper.forget()
  recorder.watch = event => {
    const now = host.now()
    budget.observe(event, now)
    if (event.type === 'platform.runtimeDone') policy.handled(numberAt(Object(event.record).metrics, 'durationMs') ?? 0)
    heard(event)
    if (!flushing && !shipper.paused && isPressed(now, began)) void flush()
  }
  if (isManagedInstance(config)) {
    void flush()
    repeat(host, MANAGED_MS, () => void flush())
  }

  for (;;) {
    budget.released(host.now())
    const event = await parts.events()
    const now = host.now()
    stop()
    if (event.type === 'SHUTDOWN') return shutdown(parts, event)
    const again = event.requestId === running?.requestId
    running = event
    began = now
    if (snapshot) recorder.renew()
    budget.began(event.requestId, now)
    stop = repeat(host, LONG_MS, () => {
      if (sandbox.seen(event.requestId) !== 'finished') void flush()
    })

    const first = sandbox.newest === undefined
    sandbox.invoked(event.functionArn, event.requestId, now)
    // That there is a sandbox is told while its first handler runs: one that is killed in it for good would not be missed.
    if (first) void shipper.flush(Math.min(now + FLUSH_MS, event.deadline - MARGIN_MS))
    const plan = policy.plan(now, budget.step === 'all')
    const worthWaiting = parts.listener && silent < MAX_SILENT && !shipper.paused
    if (plan === 'end' && worthWaiting) {
      if (!first) shipper.prepare()
      const outcome = await ended(parts, event, again, listen => {
        heard = listen
      })
      // Where it goes on after its deadline, the end was not told: what does not come is not waited for.
      silent = outcome === 'silent' || outcome === 'deadline' ? silent + 1 : 0
      await flush()
    } else {
      if (sandbox.seen(event.requestId) !== 'nothing') silent = 0
      if (plan !== 'none') await flush()
    }
  }
}

/**
 * Waits for the end of an invocation: its `platform.runtimeDone`, or a sign that this will not be seen. The longest it waits is until shortly
 * before the deadline. `again`: the same invocation as before is tried once more, so that the end of the one before says nothing.
 */
function ended(
  { host, recorder: { sandbox } }: Parts,
  { requestId, deadline }: InvokeEvent,
  again: boolean,
  hear: (listen: (event: TelemetryEvent) => void) => void,
): Promise<'done' | 'lost' | 'silent' | 'deadline'> {
  return new Promise(resolve => {
    const timers: (() => void)[] = []
    const finish = (outcome: 'done' | 'lost' | 'silent' | 'deadline') => {
      hear(() => {})
      for (const cancel of timers) cancel()
      resolve(outcome)
    }
    if (!again && sandbox.seen(requestId) === 'finished') return finish('done')
    hear(({ type }) => {
      if (type === 'platform.runtimeDone' && sandbox.seen(requestId) === 'finished') finish('done')
      // The platform has thrown telemetry away, and the end of this invocation may have been in it.
      else if (type === 'platform.logsDropped') finish('lost')
    })
    timers.push(
      host.after(Math.max(0, deadline - host.now() - MARGIN_MS - LAST_FLUSH_MS), () => finish('deadline')),
      host.after(SILENCE_MS, () => {
        if (sandbox.seen(requestId) === 'nothing') finish('silent')
      }),
    )
  })
}

async function shutdown(parts: Parts, { reason, deadline }: ShutdownEvent): Promise<void> {
  const { host, counters, recorder, shipper, listener } = parts
  try {
    const until = Math.min(host.now() + FLUSH_MS, deadline - MARGIN_MS)
    if (listener) await settled(host, listener, Math.min(host.now() + SETTLE_MS, until))
    const { kept, log } = counters.waiting
    recorder.end({ reason, waiting: { kept, log, cut: shipper.unsent } })
    await shipper.flush(until, true)
  } finally {
    host.exit(0)
  }
}

async function settled(host: Host, listener: TelemetryListener, until: number): Promise<void> {
  const began = host.now()
  while (host.now() < until && host.now() - Math.max(listener.lastAt, began) < QUIET_MS) await sleep(host, 10)
}

/** Does `task` every `ms` until the answer is called; not where a freeze has eaten the time. */
function repeat(host: Host, ms: number, task: () => void): () => void {
  let cancel = () => {}
  const again = () => {
    const due = host.now() + ms
    cancel = host.after(ms, () => {
      again()
      if (host.now() - due < LATE_MS) task()
    })
  }
  again()
  return () => cancel()
}
