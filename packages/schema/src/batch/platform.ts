import { BodyError, WireError } from './errors.ts'
import {
  billed,
  elapsed,
  type Field,
  type FieldContext,
  hex,
  integer,
  invocation,
  isoTime,
  list,
  milli,
  object,
  share,
  text,
  trace,
  word,
} from './fields.ts'
import { json, line } from './line.ts'
import { ByteReader } from './reader.ts'
import { wireName, wireTime } from './wire.ts'
import { ByteWriter } from './writer.ts'

const status = word('success', 'failure', 'error', 'timeout')
const phase = word('init', 'invoke', 'snap-start')
const initializationType = word('on-demand', 'provisioned-concurrency', 'SnapStart', 'snap-start', 'lambda-managed-instances')
const version = word('$LATEST')
const errorType = word('Runtime.ExitError', 'Runtime.Unknown', 'Sandbox.Timedout', 'Sandbox.Failure', 'Extension.Crash')
const tracing = object({ spanId: hex(16), type: word('X-Amzn-Trace-Id'), value: trace })
const spanName = word('responseLatency', 'responseDuration', 'runtimeOverhead', 'extensionOverhead')
const spans = (durationMs: Field): Field => list(object({ name: spanName, start: isoTime, durationMs }))
const metrics = object({ durationMs: milli })

/**
 * The platform records that have a typed form, with the number that stands first in the body. Fields: the Telemetry API's schema 2025-01-29
 * ("Lambda Telemetry API Event schema reference"). Each line is frozen once shipped: a record that grows a field gets a new line under a new
 * number, and the older line stays for reading. Until then the record travels as JSON.
 */
const SHAPES: readonly (readonly [number: number, signal: string, shape: Field])[] = [
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

/** For any signal whose record has no typed form: a plain log line, and any other JSON. */
const ANY: readonly (readonly [number: number, shape: Field])[] = [
  [13, line],
  [14, json],
]

const BY_SIGNAL = new Map(SHAPES.map(([number, signal, shape]) => [signal, [[number, shape] as const, ...ANY]]))
const BY_NUMBER = new Map([...SHAPES.map(([number, , shape]) => [number, shape] as const), ...ANY])

/** Used again for each record: in the pool that small buffers come from, theirs would stay for as long as the bodies between them. */
const FORM = new ByteWriter(0x4000)
const DATA = new ByteWriter(0x4000)

/**
 * What the platform reported (the Telemetry API's `record`, parsed: a platform record, a log line or a JSON log) in its compact form, for a body
 * of type `application/vnd.weir.platform`. `undefined` when no such form could give back exactly this value. `context` must be the time and the
 * invocation of the record that will carry the body, because the body leaves out what they say.
 */
export function packPlatform(signal: string, record: unknown, context: FieldContext): Uint8Array | undefined {
  if (wireTime(context.time) !== context.time || wireName(context.invocation) !== context.invocation) return undefined
  for (const [number, shape] of BY_SIGNAL.get(signal) ?? ANY) {
    const out = { form: FORM.clear(), data: DATA.clear(), time: context.time, left: 0 }
    if (!shape.write(out, record, context)) continue
    const body = new ByteWriter(3 + out.form.length + out.data.length)
    body.byte(number)
    body.bytes(out.form.done())
    body.raw(out.data.done())
    return body.done()
  }
  return undefined
}

/** The value that `packPlatform` was given. Throws BodyError: `unknown-schema` for a shape of a newer Weir, else `corrupt`. */
export function unpackPlatform(body: Uint8Array, context: FieldContext): unknown {
  const shape = BY_NUMBER.get(body[0] ?? 0)
  if (!shape)
    throw new BodyError(
      body.length ? 'unknown-schema' : 'corrupt',
      `platform body: shape ${body[0] ?? 'missing'} is not known here`,
    )
  try {
    const data = new ByteReader(body, 1)
    const from = { form: data.inner('form'), data, time: context.time, left: 0 }
    const value = shape.read(from, context)
    if (from.form.left + data.left > 0) throw new WireError('corrupt', 'bytes after the end')
    return value
  } catch (error) {
    if (error instanceof WireError) throw new BodyError('corrupt', `platform body: ${error.message}`)
    throw error
  }
}
