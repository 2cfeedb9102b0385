import { gzipSync } from 'node:zlib'
import { encodeBatch, packPlatform } from './encode.ts'
import type { Batch, TelemetryRecord } from './types.ts'

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
export function sampleTelemetry(count: number, random: () => number): TelemetryEvent[] {
  const events: TelemetryEvent[] = []
  let now = Date.UTC(2026, 8, 14) + Math.floor(random() * 86_400_000)
  const skip = Math.floor(random() * 5)
  while (events.length < count + skip) {
    events.push(...invocation(now, random))
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
      arn: `arn:aws:lambda:eu-central-1:${String(Math.floor(random() * 1e12)).padStart(12, '0')}:function:orders-api-${pick(['prod', 'staging'], random)}`,
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

const MESSAGES = [
  (n: number) => `processing order ${100_000 + n} for customer ${n * 7}`,
  (n: number) => `loaded ${n % 40} items from table orders in ${n % 90} ms`,
  (n: number) => `cache ${n % 2 ? 'hit' : 'miss'} for key session:${n * 31}`,
  (n: number) => `payment of ${n / 100} EUR accepted by provider`,
  (n: number) => `retrying request to https://payments.example.com/v2/charges, attempt ${1 + (n % 3)}`,
]

function invocation(start: number, random: () => number): TelemetryEvent[] {
  const requestId = uuid(random)
  const handler = Math.round((3 + random() * 400) * 1000) / 1000
  const total = Math.round((handler + 1 + random() * 20) * 100) / 100
  const iso = (offset: number): string => new Date(start + Math.floor(offset)).toISOString()
  const tracing = () => ({
    spanId: hex(16, random),
    type: 'X-Amzn-Trace-Id',
    value: `Root=1-${Math.floor(start / 1000).toString(16)}-${trace};Parent=${parent};Sampled=1`,
  })
  const trace = hex(24, random)
  const parent = hex(16, random)
  const status = random() < 0.97 ? 'success' : 'error'
  const log = (offset: number): TelemetryEvent => {
    const message = pick(MESSAGES, random)(Math.floor(random() * 9999))
    const level = random() < 0.9 ? 'INFO' : 'WARN'
    const record =
      random() < 0.5
        ? `${iso(offset)}\t${requestId}\t${level}\t${message}\n`
        : {
            timestamp: iso(offset),
            level,
            requestId,
            message: { service: 'orders', message, durationMs: Math.floor(random() * 300) },
          }
    return { time: iso(offset), type: 'function', record }
  }
  return [
    { time: iso(0), type: 'platform.start', record: { requestId, version: '$LATEST', tracing: tracing() } },
    log(1 + random() * 2),
    log(handler * random()),
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
        tracing: tracing(),
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
        tracing: tracing(),
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
