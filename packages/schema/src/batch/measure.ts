import { gzipSync } from 'node:zlib'
import { encodeBatch, packPlatform } from './encode.ts'
import type { Batch, TelemetryRecord } from './types.ts'

export { SECRETS } from '../redact/testing/secrets.ts'

/** One event as the Telemetry API posts it. */
export interface TelemetryEvent {
  readonly time: string
  readonly type: string
  readonly record: unknown
}

/** Bytes per record for batches of `records` records. */
export interface WireFigures {
  readonly records: number
  /** The JSON array that the Telemetry API posts. */
  readonly json: number
  readonly gzip: number
  readonly weir: number
  /** `json` ÷ `weir`. */
  readonly factor: number
}

/**
 * Measures bytes per record over synthetic telemetry (invocations of start, two log lines, runtimeDone, report; every id, time and figure
 * drawn anew), averaged over `rounds` batches of each size. Deterministic.
 */
export function measureWire(sizes: readonly number[] = [1, 10, 100], rounds = 50): WireFigures[] {
  return sizes.map(records => {
    const random = generator(records)
    let json = 0
    let gzip = 0
    let weir = 0
    for (let round = 0; round < rounds; round++) {
      const events = sampleTelemetry(records, random)
      const text = JSON.stringify(events)
      json += text.length
      gzip += gzipSync(text).length
      weir += encodeBatch(sampleBatch(events, random)).length
    }
    const per = (total: number): number => Math.round((total / rounds / records) * 10) / 10
    return { records, json: per(json), gzip: per(gzip), weir: per(weir), factor: Math.round((json / weir) * 10) / 10 }
  })
}

/** A small seeded generator of numbers in [0, 1): the same figures on every machine. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

/** `count` events of a busy function, in the order the platform posts them, starting anywhere in an invocation. */
export function sampleTelemetry(count: number, random: () => number, options: { tracing?: boolean } = {}): TelemetryEvent[] {
  const events: TelemetryEvent[] = []
  let now = Date.UTC(2026, 8, 14) + Math.floor(random() * 86_400_000)
  const skip = Math.floor(random() * 5)
  const habits = { logger: pick(LOGGERS, random), tracing: options.tracing ?? random() < 0.5 }
  while (events.length < count + skip) {
    events.push(...invocation(now, habits, random))
    now += 50 + Math.floor(random() * 20_000)
  }
  return events.slice(skip, skip + count)
}

/** These events as the extension would put them in a batch. */
export function sampleBatch(events: readonly TelemetryEvent[], random: () => number): Batch {
  let current = ''
  return {
    sandbox: hex(32, random),
    sequence: 1 + Math.floor(random() * 1000),
    function: {
      arn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:orders-api-prod`,
      version: '$LATEST',
      memoryMb: 512,
      region: 'eu-central-1',
      runtime: 'nodejs:24.v9',
      initializationType: 'on-demand',
    },
    extension: '0.1.0',
    emitted: Math.floor(random() * 100_000),
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records: events.map(event => {
      const id = (event.record as { requestId?: unknown }).requestId
      if (typeof id === 'string') current = id
      return toRecord(event, current)
    }),
  }
}

/** One event as a record: typed where it can be, else text or JSON. */
export function toRecord(event: TelemetryEvent, invocation: string): TelemetryRecord {
  const head = { signal: event.type, time: Date.parse(event.time), invocation }
  const packed = packPlatform(event.type, event.record, head)
  if (packed) return { ...head, contentType: 'application/vnd.weir.platform', body: packed }
  if (typeof event.record === 'string') return { ...head, contentType: 'text/plain', body: Buffer.from(event.record) }
  return { ...head, contentType: 'application/json', body: Buffer.from(JSON.stringify(event.record)) }
}

/** What one function does alike in each invocation: a handler has its log statements, a function its log format and its tracing. */
interface Habits {
  readonly logger: (typeof LOGGERS)[number]
  readonly tracing: boolean
}

/** A log statement's facts. */
interface Line {
  readonly time: string
  readonly requestId: string
  readonly level: string
  readonly message: string
  readonly root: string
}

const ACCOUNT = '384917260538'

/** Node's plain format, Lambda's JSON format, and a structured logger that repeats the function's identity, as the common ones do. */
const LOGGERS = [
  ({ time, requestId, level, message }: Line): unknown => `${time}\t${requestId}\t${level}\t${message}\n`,
  ({ time, requestId, level, message }: Line): unknown => ({ timestamp: time, level, requestId, message }),
  ({ time, requestId, level, message, root }: Line): unknown => ({
    level,
    message,
    timestamp: time,
    service: 'orders',
    cold_start: false,
    function_name: 'orders-api-prod',
    function_memory_size: 512,
    function_arn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:orders-api-prod`,
    function_request_id: requestId,
    xray_trace_id: root,
  }),
]

const FIRST = (n: number): string => `processing order ${1_000_000 + n * 13} for customer ${n * 7}`
const SECOND = [
  (n: number) => `loaded ${n % 40} items from table orders in ${n % 90} ms`,
  (n: number, id: string) => `payment ${id} of ${n / 100} EUR accepted by provider`,
  (n: number) => `retrying request to https://payments.example.com/v2/charges, attempt ${1 + (n % 3)}`,
]

function invocation(start: number, { logger, tracing }: Habits, random: () => number): TelemetryEvent[] {
  const requestId = uuid(random)
  const handler = Math.round((3 + random() * 400) * 1000) / 1000
  const total = Math.round((handler + 1 + random() * 20) * 100) / 100
  const iso = (offset: number): string => new Date(start + Math.floor(offset)).toISOString()
  const root = `1-${Math.floor(start / 1000).toString(16)}-${hex(24, random)}`
  const header = `Root=${root};Parent=${hex(16, random)};Sampled=1`
  const traced = () => (tracing ? { tracing: { spanId: hex(16, random), type: 'X-Amzn-Trace-Id', value: header } } : {})
  const status = random() < 0.97 ? 'success' : 'error'
  const log = (offset: number, message: string): TelemetryEvent => {
    const level = random() < 0.9 ? 'INFO' : 'WARN'
    const record = logger({ time: iso(offset - random() * 2), requestId, level, message, root })
    return { time: iso(offset), type: 'function', record }
  }
  const number = (): number => Math.floor(random() * 9999)
  return [
    { time: iso(0), type: 'platform.start', record: { requestId, version: '$LATEST', ...traced() } },
    log(3 + random() * 2, FIRST(number())),
    log(handler * random(), pick(SECOND, random)(number(), uuid(random))),
    {
      time: iso(handler + 1),
      type: 'platform.runtimeDone',
      record: {
        requestId,
        status,
        metrics: { durationMs: handler, producedBytes: Math.floor(random() * 2000) },
        spans: [
          { name: 'responseLatency', start: iso(0), durationMs: Math.round(handler * 998) / 1000 },
          { name: 'responseDuration', start: iso(handler), durationMs: Math.round(random() * 90) / 1000 },
          { name: 'runtimeOverhead', start: iso(handler), durationMs: Math.round(random() * 900) / 1000 },
        ],
        ...traced(),
      },
    },
    {
      time: iso(total + 1),
      type: 'platform.report',
      record: {
        requestId,
        status,
        metrics: {
          durationMs: total,
          billedDurationMs: Math.ceil(total),
          memorySizeMB: 512,
          maxMemoryUsedMB: 90 + Math.floor(random() * 40),
        },
        spans: [{ name: 'extensionOverhead', start: iso(handler), durationMs: Math.round(random() * 5000) / 1000 }],
        ...traced(),
      },
    },
  ]
}

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)] as T

function hex(digits: number, random: () => number): string {
  let text = ''
  while (text.length < digits) text += Math.floor(random() * 16).toString(16)
  return text
}

function uuid(random: () => number): string {
  const digits = hex(32, random)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write('records/batch  raw JSON  JSON+gzip  Weir  factor   (bytes per record)\n')
  for (const { records, json, gzip, weir, factor } of measureWire()) {
    process.stdout.write(
      `${String(records).padStart(13)}${String(json).padStart(10)}${String(gzip).padStart(11)}${String(weir).padStart(6)}${String(factor).padStart(8)}\n`,
    )
  }
}
