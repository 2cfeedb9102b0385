import { type Counter, type Histogram, metrics, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import pino from 'pino'

/**
 * Weir's view of itself. Without an endpoint the OpenTelemetry API is a no-op and the SDK is never loaded; with
 * OTEL_EXPORTER_OTLP_ENDPOINT set, traces and metrics of the pipeline go there.
 */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>

/** A JSON log on standard error: standard output belongs to results. */
export function createLog(
  level: pino.LevelWithSilent,
  destination: pino.DestinationStream = pino.destination({ dest: 2, sync: true }),
): Log {
  return pino({ level, base: { service: 'weir-ingest' }, messageKey: 'message' }, destination)
}

/** The metric names, with unit and meaning: the table in packages/ingest/README.md is checked against it. */
export const METRICS = {
  'weir.records.received': { unit: '{record}', description: 'Records that arrived, by stream' },
  'weir.records.decoded': { unit: '{record}', description: 'Records that became events, by stream' },
  'weir.records.quarantined': { unit: '{record}', description: 'Records put into quarantine, by stream and reason' },
  'weir.findings': { unit: '{finding}', description: 'Findings, by severity' },
  'weir.correlations': {
    unit: '{finding}',
    description: 'Correlations that hold, by door (event, tick) and caveat (none, late, capped)',
  },
  'weir.correlations.late': {
    unit: '{event}',
    description: 'Events that came for a window which was judged already, and did not count, by title',
  },
  'weir.detections.failed': { unit: '{failure}', description: 'Detectors that threw, by title' },
  'weir.sink.events': {
    unit: '{event}',
    description: 'Events by sink and outcome: delivered, duplicate, spooled, held, quarantined',
  },
  'weir.spool.settled': { unit: '{event}', description: 'Spooled events that left the spool, by sink and outcome' },
  'weir.ledger.failed': { unit: '{input}', description: 'Inputs that were processed and could not be written to the ledger' },
  'weir.pipeline.duration': { unit: 'ms', description: 'Time from decode to the last sink, per batch' },
  'weir.stream.lag': { unit: 'ms', description: 'Age of the oldest record of a batch when it is processed, by stream' },
} as const
type MetricName = keyof typeof METRICS

const tracer = trace.getTracer('weir')
const instruments = new Map<MetricName, Counter | Histogram>()

/** Adds to a counter, or records into a histogram where the unit is time. */
export function measure(name: MetricName, value: number, attributes: Readonly<Record<string, string>> = {}): void {
  let instrument = instruments.get(name)
  if (!instrument) {
    const { unit, description } = METRICS[name]
    // Only now: a meter taken before the SDK is registered stays a no-op for ever.
    const meter = metrics.getMeter('weir')
    instrument =
      unit === 'ms' ? meter.createHistogram(name, { unit, description }) : meter.createCounter(name, { unit, description })
    instruments.set(name, instrument)
  }
  if ('add' in instrument) instrument.add(value, attributes)
  else instrument.record(value, attributes)
}

/** Runs a step inside a span; an exception marks the span and goes on. */
export function traced<T>(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  step: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(
    name,
    { attributes, kind: name === 'weir.process' ? SpanKind.CONSUMER : SpanKind.INTERNAL },
    async span => {
      try {
        return await step(span)
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
        throw error
      } finally {
        span.end()
      }
    },
  )
}

/** Starts the SDK when an OTLP endpoint is set. `flush` sends what is buffered: before a Lambda freezes, and at the end. */
export async function startTelemetry(env: NodeJS.ProcessEnv): Promise<{ flush(): Promise<void>; close(): Promise<void> }> {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (!endpoint) return { flush: async () => {}, close: async () => {} }
  const { start } = await import('./observe-sdk.ts')
  return start(env['OTEL_SERVICE_NAME'] ?? 'weir-ingest')
}
