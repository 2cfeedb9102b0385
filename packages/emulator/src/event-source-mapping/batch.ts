import type { Clock } from '../clock.ts'
import type { SourceRecord } from './event.ts'
import type { Judgement } from './response.ts'

/** The error handling of an event source mapping, with Lambda's names and defaults. */
export interface RetryRules {
  /** Split a failed batch in two, down to a single record. Default false. */
  bisectBatchOnFunctionError: boolean
  /** −1 (default) is without end. */
  maximumRetryAttempts: number
  /** −1 (default) is without end. */
  maximumRecordAgeInSeconds: number
  /** Doubles from `initialMs` to `maxMs`. Lambda's own figures are not published. */
  backoff: { initialMs: number; maxMs: number }
}

/** How one invocation ended. `throttled`: the function was not reached, so no attempt is used up. */
export type InvokeOutcome = Judgement | { kind: 'throttled' }

export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded'

export interface BatchPorts {
  invoke: (records: readonly SourceRecord[]) => Promise<InvokeOutcome>
  /** Takes records that are given up; tried again until it succeeds. */
  giveUp: (records: readonly SourceRecord[], condition: Condition, invocations: number) => Promise<void>
  /** Told of every record that needs no further work, in order: processed, or given up. */
  settled: (records: readonly SourceRecord[]) => void
  /** Told of each retry and split. */
  count: (what: 'retries' | 'bisections') => void
  clock: Clock
  signal: AbortSignal
}

interface Segment {
  records: readonly SourceRecord[]
  /** Failed invocations that count against maximumRetryAttempts. */
  failures: number
  /** All invocations, as `approximateInvokeCount` reports them. */
  invocations: number
  waitMs: number
}

/**
 * Takes one batch through Lambda's rules until each of its records is processed or given up, in order. Ends early, with the rest
 * unsettled, only when the signal aborts.
 *
 * With both a partial response and bisecting, the batch is split at the returned sequence number and only the rest is retried; a split
 * does not use up an attempt. Where nothing can be split off (the first record failed, or one record is left) the attempt counts.
 * Without bisecting every failed invocation counts, also one that made progress; AWS does not say.
 */
export async function processBatch(batch: readonly SourceRecord[], rules: RetryRules, ports: BatchPorts): Promise<void> {
  const { signal, clock, settled } = ports
  const segments: Segment[] = [{ records: batch, failures: 0, invocations: 0, waitMs: 0 }]
  while (!signal.aborted) {
    const segment = segments.shift()
    if (!segment) return
    if (segment.waitMs > 0) {
      await clock.sleep(segment.waitMs, signal)
      if (signal.aborted) return
    }
    const { fresh, expired } = splitByAge(segment.records, rules.maximumRecordAgeInSeconds, clock.now())
    if (expired.length > 0) {
      if (!(await surrender(expired, 'RecordAgeExceeded', segment.invocations, rules, ports))) return
      settled(expired)
    }
    if (fresh.length === 0) continue
    const outcome = await ports.invoke(fresh)
    if (outcome.kind === 'success') {
      settled(fresh)
      continue
    }
    const progress = outcome.kind === 'partial' ? outcome.from : 0
    if (progress > 0) settled(fresh.slice(0, progress))
    if (signal.aborted) return
    const rest: Segment = { ...segment, records: fresh.slice(progress), invocations: segment.invocations + 1 }
    ports.count('retries')
    const splits = split(rest, outcome, progress, rules)
    if (splits) {
      if (splits.length > 1) ports.count('bisections')
      segments.unshift(...splits)
      continue
    }
    const failures = outcome.kind === 'throttled' ? segment.failures : segment.failures + 1
    if (rules.maximumRetryAttempts >= 0 && failures > rules.maximumRetryAttempts) {
      if (!(await surrender(rest.records, 'RetryAttemptsExhausted', rest.invocations, rules, ports))) return
      settled(rest.records)
    } else {
      segments.unshift({ ...rest, failures, waitMs: nextWait(segment.waitMs, rules) })
    }
  }
}

/** The parts to go on with when the batch can be split without using up an attempt. */
function split(rest: Segment, outcome: InvokeOutcome, progress: number, rules: RetryRules): Segment[] | undefined {
  if (!rules.bisectBatchOnFunctionError || outcome.kind === 'throttled') return undefined
  if (outcome.kind === 'partial') return progress > 0 ? [{ ...rest, waitMs: rules.backoff.initialMs }] : undefined
  if (rest.records.length < 2) return undefined
  const middle = Math.ceil(rest.records.length / 2)
  const waitMs = rules.backoff.initialMs
  return [rest.records.slice(0, middle), rest.records.slice(middle)].map(records => ({ ...rest, records, waitMs }))
}

const nextWait = (waitMs: number, { backoff }: RetryRules) => Math.min(backoff.maxMs, Math.max(backoff.initialMs, waitMs * 2))

/** Records come in order of arrival, so the expired ones are at the front. */
function splitByAge(records: readonly SourceRecord[], maxSeconds: number, now: number) {
  if (maxSeconds < 0) return { fresh: records, expired: [] }
  const alive = records.findIndex(record => now - record.arrivalMs <= maxSeconds * 1000)
  const at = alive < 0 ? records.length : alive
  return { fresh: records.slice(at), expired: records.slice(0, at) }
}

/** Hands records to the on-failure destination, as often as it takes; false when the mapping was closed first. */
async function surrender(
  records: readonly SourceRecord[],
  condition: Condition,
  invocations: number,
  rules: RetryRules,
  { giveUp, clock, signal }: BatchPorts,
): Promise<boolean> {
  for (let wait = rules.backoff.initialMs; !signal.aborted; wait = nextWait(wait, rules)) {
    try {
      await giveUp(records, condition, invocations)
      return true
    } catch {
      await clock.sleep(wait, signal)
    }
  }
  return false
}
