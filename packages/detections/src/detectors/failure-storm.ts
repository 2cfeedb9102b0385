import type { Detector } from '../detector.ts'
import { type FailedInvocation, FAILURES, type Failure, failureOf } from '../failures.ts'
import { OURS } from '../ours.ts'
import { buckets, foldWindow, MINUTE_MS } from '../windows.ts'

/** The failed invocations of a window, by request id, until the threshold is reached; after it only that it was. */
type State = Readonly<Record<string, Failure>> | 'told'

interface Answer {
  readonly crossed: boolean
  readonly kinds: Readonly<Record<Failure, number>>
}

/** So many request ids fit into one item of state. A higher threshold than this counts as this. */
const COUNTED = 1_000
const NONE: Readonly<Record<Failure, number>> = { crash: 0, timeout: 0, memory: 0 }

/**
 * Counts invocations that timed out, ran out of memory or crashed, each once whatever number of records tells of it. Fires when a function
 * has `options.failuresPerWindow` of them in one window of `options.windowMinutes`. Errors that a function's own code returns do not count.
 */
export const failureStorm: Detector = {
  meta: {
    ...OURS,
    id: 'd1e3cbe3-2eb1-4824-b0f6-11075b01833b',
    title: 'Storm of timeouts, memory exhaustion or crashes in a function',
    level: 'medium',
    description:
      'Many invocations of one function ended by time limit, by lack of memory or by a crash within minutes. Input made to exhaust a function ' +
      'looks like this, and so does code that was changed to do more than before. The evidence counts each kind.\nNext: compare the first failure ' +
      'with the last deployment and with the requests of that minute. If one caller stands out, block it; if a release does, roll it back.',
    falsepositives: ['A dependency that is down or slow: then other functions that use it fail at the same time.'],
    references: ['https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html'],
    tags: ['attack.impact', 'attack.t1499', 'owasp-serverless.sls10', 'nist-800-53.sc-5', 'nist-800-53.si-4', 'hipaa.164.312.b'],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const { failuresPerWindow, windowMinutes } = context.options
    const threshold = Math.min(failuresPerWindow, COUNTED)
    const failed = events.filter(event => failureOf(event.record) !== undefined)
    const detections = []
    for (const bucket of buckets(failed, windowMinutes * MINUTE_MS, event => event.identity.function)) {
      const added = bucket.events.map(event => withRequest(failureOf(event.record), event.uid))
      const { crossed, kinds } = await foldWindow<State, Answer>(failureStorm.meta.id, bucket, context, {}, state =>
        add(state, added, threshold),
      )
      if (!crossed) continue
      const failures = kinds.crash + kinds.timeout + kinds.memory
      detections.push({
        group: bucket.group,
        window: String(bucket.start),
        message:
          `${failures} invocations of ${bucket.group} failed within ${windowMinutes} minutes: ` +
          `${kinds.timeout} timed out, ${kinds.memory} ran out of memory, ${kinds.crash} crashed`,
        events: bucket.events,
        evidence: {
          failures,
          timeouts: kinds.timeout,
          outOfMemory: kinds.memory,
          crashes: kinds.crash,
          threshold,
          windowMinutes,
          windowStart: new Date(bucket.start).toISOString(),
        },
      })
    }
    return detections
  },
}

function add(state: State, added: readonly FailedInvocation[], threshold: number): { state: State; answer: Answer } {
  if (state === 'told') return { state, answer: { crossed: false, kinds: NONE } }
  const known = new Map(Object.entries(state))
  for (const { request, kind } of added) {
    const before = known.get(request)
    if (before === undefined || FAILURES.indexOf(kind) > FAILURES.indexOf(before)) known.set(request, kind)
  }
  const crossed = known.size >= threshold
  const kinds = { ...NONE }
  for (const kind of known.values()) kinds[kind] += 1
  return { state: crossed ? 'told' : Object.fromEntries(known), answer: { crossed, kinds } }
}

/** A record that names no request stands for one of its own. */
function withRequest(failed: FailedInvocation | undefined, uid: string): FailedInvocation {
  return { kind: failed?.kind ?? 'crash', request: failed?.request || uid.slice(0, 36) }
}
