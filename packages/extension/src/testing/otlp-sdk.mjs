// A program that is instrumented with the real OpenTelemetry SDK, started by the test of OTLP with the path of a package that has it installed.
// It reads the SDK's own variables (OTEL_EXPORTER_OTLP_PROTOCOL and so on), exports one of each, flushes and ends.
import { createRequire } from 'node:module'

const require = createRequire(process.argv[2])
const { NodeSDK } = require('@opentelemetry/sdk-node')
const { context, diag, DiagLogLevel, logs, metrics, SpanKind, trace } = require('@opentelemetry/api')

diag.setLogger(
  { error: (...words) => process.stderr.write(`${words.join(' ')}\n`), warn() {}, info() {}, debug() {}, verbose() {} },
  DiagLogLevel.ERROR,
)

const sdk = new NodeSDK()
sdk.start()
const requestId = '11111111-2222-4333-8444-555555555555'
const span = trace.getTracer('orders', '1.2.3').startSpan('handler', {
  kind: SpanKind.SERVER,
  attributes: {
    'faas.invocation_id': requestId,
    'http.response.status_code': 502,
    flags: [true, false],
    authorization: 'Bearer abcdef0123456789abcdef0123456789',
  },
})
context.with(trace.setSpan(context.active(), span), () => {
  logs.getLogger('orders').emit({
    eventName: 'order.failed',
    severityNumber: 17,
    severityText: 'ERROR',
    body: { order: 17, lines: [{ sku: 'a-1', price: 2.5 }], large: 2 ** 52, nothing: null },
    attributes: { 'faas.invocation_id': requestId, key: 'AKIAQ3EGRIXAMPLE4Z7T', bytes: new Uint8Array([1, 2, 3]) },
  })
  logs.getLogger('orders').emit({ severityNumber: 9, body: 'a line' })
})
span.addEvent('retry', { attempt: 2 })
span.setStatus({ code: 2, message: 'upstream' })
span.end()
const meter = metrics.getMeter('orders')
meter.createCounter('orders.placed', { unit: '{order}', description: 'Orders' }).add(3, { shop: 'a' })
meter.createHistogram('orders.value', { unit: 'EUR' }).record(12.5)
await sdk.shutdown()
