import { amountAt, bodyOf, type Fields, objectAt, textAt } from './fields.ts'

/** How an invocation failed, least telling first: where two records of it differ, the later kind counts. */
export const FAILURES = ['crash', 'timeout', 'memory'] as const
export type Failure = (typeof FAILURES)[number]

/** One failed invocation, as one record tells it. */
export interface FailedInvocation {
  /** The request id, cut at 36 characters; '' where the record names none. */
  readonly request: string
  readonly kind: Failure
}

const REPORTING: ReadonlySet<string> = new Set(['platform.report', 'platform.runtimeDone'])
/** What the extension says of a sandbox that the platform ended: the last record of an invocation whose report never comes. */
const ENDED: Readonly<Record<string, Failure>> = { timeout: 'timeout', failure: 'crash' }

/**
 * Reads a failed invocation from a telemetry record (`platform.report`, `platform.runtimeDone`, `weir.end`); undefined for a success, for an
 * error that the function's own code returned, and for every other record. Out of memory is `errorType` Runtime.OutOfMemory, or a failure
 * with all memory used.
 */
export function failureOf(record: Fields): FailedInvocation | undefined {
  const body = bodyOf(record)
  if (!body) return undefined
  const kind = kindOf(textAt(record, 'signal') ?? '', body)
  return kind && { kind, request: (textAt(body, 'requestId') ?? textAt(record, 'invocation') ?? '').slice(0, 36) }
}

function kindOf(signal: string, body: Fields): Failure | undefined {
  if (signal === 'weir.end') {
    const reason = textAt(body, 'reason') ?? ''
    return textAt(body, 'requestId') !== undefined && Object.hasOwn(ENDED, reason) ? ENDED[reason] : undefined
  }
  const status = textAt(body, 'status')
  if (!REPORTING.has(signal) || status === undefined || status === 'success') return undefined
  const errorType = textAt(body, 'errorType') ?? ''
  const metrics = objectAt(body, 'metrics')
  const size = amountAt(metrics, 'memorySizeMB') ?? 0
  if (/OutOfMemory/i.test(errorType) || (size > 0 && (amountAt(metrics, 'maxMemoryUsedMB') ?? 0) >= size)) return 'memory'
  if (status === 'timeout' || /^Sandbox\.Timed?out/i.test(errorType)) return 'timeout'
  return status === 'failure' || /^(Runtime|Extension|Sandbox)\./.test(errorType) ? 'crash' : undefined
}
