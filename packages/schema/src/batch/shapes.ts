import type { Fields } from './fields.ts'

/** What `shapes` makes: the number that stands first in a body, and the shape of the rest. */
export interface Shapes<F> {
  /** Of the platform's records, by signal. */
  readonly typed: readonly (readonly [number: number, signal: string, shape: F])[]
  /** For any signal whose record has no typed form, to be tried in this order: a plain log line, and any other JSON. */
  readonly any: readonly (readonly [number: number, shape: F])[]
}

/**
 * The shapes of bodies, made of fields that write or of fields that read: the platform records that have a typed form, and any other. Fields: the Telemetry API's schema 2025-01-29
 * ("Lambda Telemetry API Event schema reference"). Each line is frozen once shipped: a record that grows a field gets a new line under a new
 * number, and the older line stays for reading. Until then the record travels as JSON.
 */
export function shapes<F>(fields: Fields<F>): Shapes<F> {
  const { billed, elapsed, hex, integer, invocation, isoTime, list, milli, object, share, text, trace, word } = fields
  const status = word('success', 'failure', 'error', 'timeout')
  const phase = word('init', 'invoke', 'snap-start')
  const initializationType = word('on-demand', 'provisioned-concurrency', 'SnapStart', 'snap-start', 'lambda-managed-instances')
  const version = word('$LATEST')
  const errorType = word('Runtime.ExitError', 'Runtime.Unknown', 'Sandbox.Timedout', 'Sandbox.Failure', 'Extension.Crash')
  const tracing = object({ spanId: hex(16), type: word('X-Amzn-Trace-Id'), value: trace })
  const spanName = word('responseLatency', 'responseDuration', 'runtimeOverhead', 'extensionOverhead')
  const spans = (durationMs: F): F => list(object({ name: spanName, start: isoTime, durationMs }))
  const metrics = object({ durationMs: milli })
  const typed: Shapes<F>['typed'] = [
    [1, 'platform.start', object({ requestId: invocation, version, tracing, tenantId: text, functionArn: text })],
    [
      2,
      'platform.runtimeDone',
      object({
        requestId: invocation,
        status,
        metrics: object({ durationMs: elapsed, producedBytes: integer }),
        spans: spans(share),
        tracing,
        errorType,
        tenantId: text,
      }),
    ],
    [
      3,
      'platform.report',
      object({
        requestId: invocation,
        status,
        metrics: object({
          durationMs: milli,
          billedDurationMs: billed,
          memorySizeMB: integer,
          maxMemoryUsedMB: integer,
          initDurationMs: milli,
          restoreDurationMs: milli,
          billedRestoreDurationMs: integer,
        }),
        spans: spans(milli),
        tracing,
        errorType,
        tenantId: text,
      }),
    ],
    [
      4,
      'platform.initStart',
      object({
        initializationType,
        phase,
        runtimeVersion: text,
        runtimeVersionArn: text,
        functionName: text,
        functionVersion: version,
        instanceId: text,
        instanceMaxMemory: integer,
        functionArn: text,
        tracing,
      }),
    ],
    [5, 'platform.initRuntimeDone', object({ initializationType, phase, status, errorType, spans: spans(milli), tracing })],
    [6, 'platform.initReport', object({ initializationType, phase, status, errorType, metrics, spans: spans(milli), tracing })],
    [
      7,
      'platform.restoreStart',
      object({
        functionName: text,
        functionVersion: version,
        instanceId: text,
        instanceMaxMemory: integer,
        runtimeVersion: text,
        runtimeVersionArn: text,
      }),
    ],
    [8, 'platform.restoreRuntimeDone', object({ status, errorType, spans: spans(milli) })],
    [9, 'platform.restoreReport', object({ status, errorType, metrics, spans: spans(milli) })],
    [
      10,
      'platform.extension',
      object({
        name: text,
        state: word('Registered', 'Ready', 'LaunchError'),
        events: list(word('INVOKE', 'SHUTDOWN')),
        errorType,
      }),
    ],
    [
      11,
      'platform.telemetrySubscription',
      object({ name: text, state: word('Subscribed'), types: list(word('platform', 'function', 'extension')) }),
    ],
    [12, 'platform.logsDropped', object({ droppedBytes: integer, droppedRecords: integer, reason: text })],
  ]
  return {
    typed,
    any: [
      [13, fields.line],
      [14, fields.json],
    ],
  }
}
