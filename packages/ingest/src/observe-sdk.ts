import { metrics, trace } from '@opentelemetry/api'
import { startNodeSdk } from '@opentelemetry/sdk-node'

interface Flushable {
  forceFlush(): Promise<void>
}
const flushable = (value: unknown): value is Flushable =>
  typeof (value as Partial<Flushable> | undefined)?.forceFlush === 'function'

/** The OpenTelemetry SDK with what OTEL_* says: traces and metrics, no logs (Weir's own go to standard error). Loaded only with an endpoint. */
export function start(serviceName: string): { flush(): Promise<void>; close(): Promise<void> } {
  const sdk = startNodeSdk({
    resourceAttributes: { 'service.name': serviceName },
    logRecordProcessors: [],
    logLevel: 'error',
  })
  const providers = (): unknown[] => {
    const tracers = trace.getTracerProvider() as { getDelegate?: () => unknown }
    return [tracers.getDelegate?.() ?? tracers, metrics.getMeterProvider()]
  }
  return {
    async flush() {
      // An unreachable collector must not fail the pipeline: what it did not take is lost, as everywhere in OpenTelemetry.
      await Promise.allSettled(
        providers()
          .filter(flushable)
          .map(provider => provider.forceFlush()),
      )
    },
    async close() {
      await Promise.allSettled([sdk.shutdown()])
    },
  }
}
