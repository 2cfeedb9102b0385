import type { Detector } from '../detector.ts'
import { failureOf } from '../failures.ts'
import { amountAt, bodyOf, objectAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { buckets, firstInWindow, HOUR_MS } from '../windows.ts'

/** Tells of the first invocation in an hour that used all the memory of its function and failed. */
export const outOfMemory: Detector = {
  meta: {
    ...OURS,
    id: '5a0f9c6f-9ab2-4862-b092-183c6ed6e2a0',
    title: 'Function ran out of memory',
    level: 'low',
    description:
      'An invocation failed with all of its memory used. Once in a while that is a large input; when it begins suddenly it may be input that was ' +
      'made to exhaust the function (a decompression bomb, deep nesting), or code that keeps what it should let go.\nNext: look at the ' +
      'request of this invocation and at `maxMemoryUsedMB` of those before it. Give the function more memory only when the input is legitimate.',
    falsepositives: ['A function that works near its limit.'],
    references: ['https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html'],
    tags: ['attack.impact', 'attack.t1499', 'owasp-serverless.sls10', 'nist-800-53.sc-5', 'nist-800-53.si-4'],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const exhausted = events.filter(event => failureOf(event.record)?.kind === 'memory')
    const detections = []
    for (const bucket of buckets(exhausted, HOUR_MS, event => event.identity.function)) {
      if (!(await firstInWindow(outOfMemory.meta.id, bucket, context))) continue
      const body = bodyOf(bucket.events[0]?.record ?? {})
      const metrics = objectAt(body, 'metrics')
      const used = amountAt(metrics, 'maxMemoryUsedMB')
      const size = amountAt(metrics, 'memorySizeMB')
      detections.push({
        group: bucket.group,
        window: String(bucket.start),
        message: `${bucket.group} ran out of memory${size === undefined ? '' : `: ${used ?? size} of ${size} MB used`}`,
        events: bucket.events,
        evidence: {
          invocations: bucket.events.length,
          ...(size === undefined ? {} : { memorySizeMB: size, maxMemoryUsedMB: used }),
          windowStart: new Date(bucket.start).toISOString(),
        },
      })
    }
    return detections
  },
}
