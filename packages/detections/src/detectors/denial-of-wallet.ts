import type { Detector, DetectorEvent, DetectorOptions } from '../detector.ts'
import { amountAt, bodyOf, objectAt } from '../fields.ts'
import { OURS } from '../ours.ts'
import { type Bucket, buckets, DAY_MS, foldWindow, MINUTE_MS } from '../windows.ts'

/** What a function was billed in a window: whole numbers, so that no order of batches rounds differently. */
interface Bill {
  /** Billed milliseconds times megabytes. */
  readonly mbMs: number
  readonly invocations: number
}

interface Crossing extends Bill {
  readonly crossed: boolean
}

/** The longest an invocation and its initialization can be billed for, and the largest function: Lambda's quotas. More is a forgery. */
const BILLED_LIMIT_MS = 15 * MINUTE_MS + 30_000
const MEMORY_LIMIT_MB = 10_240
const NOTHING: Bill = { mbMs: 0, invocations: 0 }

/**
 * Reads `platform.report`: `billedDurationMs` × `memorySizeMB` at `options.usdPerGbSecond`, and `options.usdPerRequest` a request. Fires when
 * a function passes `options.billedUsdPerWindow` in one window of `options.windowMinutes`. Free tier, savings plans, tiered prices and what
 * the invocations cost in other services are left out.
 */
export const denialOfWallet: Detector = {
  meta: {
    ...OURS,
    id: '8420ebe4-514c-4190-be2a-ef11aa472026',
    title: 'Denial of wallet: function billed beyond its limit',
    level: 'high',
    description:
      'A function was billed more in a few minutes than you allow for: a flood of requests, a loop, or code that does other work than its own. ' +
      'The evidence holds the estimate in dollars, the invocations and what a day at this rate would cost.\nNext: see who calls the function ' +
      '(its trigger, the sources of the requests), set a reserved concurrency as a brake (`put-function-concurrency`), and compare duration and ' +
      'memory with last week: many short invocations speak for a flood, few long ones for mining or a loop.',
    falsepositives: ['A batch job, a migration, a sale. Raise `detections.billedUsdPerWindow` when the bill is expected.'],
    references: ['https://aws.amazon.com/lambda/pricing/'],
    tags: ['attack.impact', 'attack.t1496.001', 'attack.t1499', 'owasp-serverless.sls6', 'nist-800-53.sc-5', 'nist-800-53.si-4'],
  },
  logsource: { product: 'weir', service: 'telemetry' },
  async detect(events, context) {
    const { options } = context
    const billed = events.filter(event => billOf(event) !== undefined)
    const detections = []
    for (const bucket of buckets(billed, options.windowMinutes * MINUTE_MS, event => event.identity.function)) {
      const added = bucket.events.map(event => billOf(event) ?? NOTHING).reduce(sum, NOTHING)
      const bill = await foldWindow<Bill, Crossing>(denialOfWallet.meta.id, bucket, context, NOTHING, before => {
        const after = sum(before, added)
        const limit = options.billedUsdPerWindow
        return {
          state: after,
          answer: { ...after, crossed: dollars(before, options) < limit && dollars(after, options) >= limit },
        }
      })
      if (bill.crossed) detections.push(found(bucket, bill, options))
    }
    return detections
  },
}

function billOf({ record }: DetectorEvent): Bill | undefined {
  if (record['signal'] !== 'platform.report') return undefined
  const metrics = objectAt(bodyOf(record), 'metrics')
  const ms = amountAt(metrics, 'billedDurationMs') // absent on managed instances, which are billed otherwise
  const mb = amountAt(metrics, 'memorySizeMB') ?? amountAt(record, 'memoryMb')
  if (ms === undefined || mb === undefined) return undefined
  return { mbMs: Math.round(Math.min(ms, BILLED_LIMIT_MS)) * Math.round(Math.min(mb, MEMORY_LIMIT_MB)), invocations: 1 }
}

const sum = (a: Bill, b: Bill): Bill => ({ mbMs: a.mbMs + b.mbMs, invocations: a.invocations + b.invocations })
const gbSeconds = ({ mbMs }: Bill): number => mbMs / 1024 / 1000

function dollars(bill: Bill, { usdPerGbSecond, usdPerRequest }: DetectorOptions): number {
  return gbSeconds(bill) * usdPerGbSecond + bill.invocations * usdPerRequest
}

function found({ group, start, length, events }: Bucket, bill: Bill, options: DetectorOptions) {
  const usd = dollars(bill, options)
  const aDay = (usd * DAY_MS) / length // the window may not be over: at least this much
  const minutes = length / MINUTE_MS
  const evidence = {
    estimatedUsd: money(usd),
    thresholdUsd: options.billedUsdPerWindow,
    projectedUsdPerDay: money(aDay),
    invocations: bill.invocations,
    gbSeconds: Math.round(gbSeconds(bill) * 1000) / 1000,
    windowMinutes: minutes,
    windowStart: new Date(start).toISOString(),
  }
  const message =
    `${group} was billed about $${evidence.estimatedUsd} within ${minutes} minutes by ${bill.invocations} invocations ` +
    `(limit $${options.billedUsdPerWindow}); at this rate at least $${evidence.projectedUsdPerDay} a day`
  return { group, window: String(start), message, events, evidence }
}

/** Cents from a dollar up, four significant digits below. */
const money = (usd: number): number => Number(usd >= 1 ? usd.toFixed(2) : usd.toPrecision(4))
