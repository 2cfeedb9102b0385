import type { OcsfEvent } from '@weir/schema/ocsf'
import * as z from 'zod/mini'
import { secret } from '../secrets.ts'
import type { Judgement, Sink, SinkResponse } from '../sink.ts'
import { at, endpoint, transport } from './options.ts'
import { traceOf } from './schemas/map.ts'
import { eventName, SEVERITIES, writeAttributes, writeResource, writeValue } from './schemas/otel.ts'
import { delivered, hold, isolate, jsonObject, judgeStatus, objectOf, rejected, retry, said } from './shared/judge.ts'

const options = z.strictObject({
  url: endpoint('Address of the OTLP/HTTP receiver, with or without /v1/logs, for example https://otel-collector:4318'),
  header: z._default(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'expected the name of a header' }),
        z.describe('Header that carries the credentials'),
      ),
    'authorization',
  ),
  scheme: z.optional(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z-]{1,32}$/, { error: 'expected one word, such as Bearer' }),
        z.describe('Word before the credentials. Default: Bearer in the authorization header, none in another'),
      ),
  ),
  credentials: z.optional(secret('Token or key that stands in that header')),
  ...transport,
})
type Options = z.infer<typeof options>

/** Bytes of one request before compression. The specification recommends receivers to take 20 MiB; gRPC-backed ones often take 4 MiB. */
const MAX_BYTES = 4_000_000

/** Milliseconds to the decimal string of nanoseconds; past 2^53 a number would not hold them. */
const nanos = (ms: unknown): string | undefined => (typeof ms === 'number' && ms >= 0 ? `${Math.trunc(ms)}000000` : undefined)

/** Writes a LogRecord, in the JSON form. */
function writeRecord(out: string[], event: OcsfEvent): void {
  const [severityNumber, severityText] = SEVERITIES[event.severity_id] ?? []
  const time = nanos(event.time) ?? '0'
  const observed = nanos(event.metadata['processed_time']) ?? nanos(event.metadata['logged_time']) ?? time
  out.push('{"timeUnixNano":"', time, '","observedTimeUnixNano":"', observed, '",')
  if (severityNumber !== undefined) out.push(`"severityNumber":${severityNumber},"severityText":"${severityText}",`)
  out.push('"eventName":"', eventName(event), '","body":')
  writeValue(out, event)
  out.push(',"attributes":')
  writeAttributes(out, event)
  const { trace, span } = traceOf(event)
  if (trace !== undefined) out.push(',"traceId":"', trace, '"')
  if (span !== undefined) out.push(',"spanId":"', span, '"')
  out.push('}')
}

/** ExportLogsServiceRequest: one ResourceLogs for each observed system, its records in the order given. */
function body(events: readonly OcsfEvent[]): string {
  const groups = new Map<string, string[]>()
  for (const event of events) {
    const resource: string[] = []
    writeResource(resource, event)
    const attributes = resource.join('')
    const records = groups.get(attributes)
    if (records) records.push(',')
    const out = records ?? []
    groups.set(attributes, out)
    writeRecord(out, event)
  }
  const logs = [...groups].map(
    ([attributes, records]) =>
      `{"resource":{"attributes":${attributes}},"scopeLogs":[{"scope":{"name":"weir"},"logRecords":[${records.join('')}]}]}`,
  )
  return `{"resourceLogs":[${logs.join(',')}]}`
}

function headers({ header, scheme, credentials }: Options): Record<string, string> {
  const name = header.toLowerCase()
  const word = scheme ?? (name === 'authorization' ? 'Bearer' : undefined)
  const value = word === undefined ? credentials : `${word} ${credentials}`
  return { 'content-type': 'application/json', ...(credentials === undefined ? {} : { [name]: value }) }
}

const RETRYABLE = new Set([429, 502, 503, 504])
const CONFIG = new Set([401, 403, 404, 405, 406, 415])

function judge(response: SinkResponse, events: readonly OcsfEvent[]): Judgement {
  const { status } = response
  const detail = said(jsonObject(response.body)?.['message'])
  const reason = `HTTP ${status}${detail === '' ? '' : `: ${detail}`}`
  if (status === 200) return judgeExport(response, events)
  if (RETRYABLE.has(status)) return retry(reason, response.headers)
  if (status === 413) return isolate(events, reason)
  if (CONFIG.has(status)) return hold(`${reason}; check the address, the credentials, and that it takes OTLP in JSON`)
  // Every other refusal is final: the specification lets a client send again only after the four above.
  return status >= 400 ? rejected(reason) : judgeStatus(response, events, detail)
}

/**
 * A 200. `partialSuccess` must not be sent again, and it says how many records were refused, not which. So where any was refused, all of
 * the request goes to quarantine: some of it is at the receiver already, but nothing is lost, and a person can replay it knowingly.
 */
function judgeExport({ headers, body }: SinkResponse, events: readonly OcsfEvent[]): Judgement {
  const type = headers['content-type'] ?? ''
  // An empty ExportLogsServiceResponse is no bytes at all in protobuf, and some receivers answer so to JSON.
  if (body.byteLength === 0 && /^application\/(json|x-protobuf)\b/.test(type)) return delivered
  const reply = jsonObject(body)
  if (reply === undefined || Object.keys(reply).some(key => key !== 'partialSuccess')) {
    return retry('HTTP 200 without an export response', headers)
  }
  const partial = reply['partialSuccess']
  if (partial === undefined || partial === null) return delivered
  const { rejectedLogRecords = 0, errorMessage } = objectOf(partial) ?? { rejectedLogRecords: Number.NaN }
  const refused = Number(rejectedLogRecords)
  const message = said(errorMessage)
  if (!Number.isInteger(refused) || refused < 0) return retry('HTTP 200 with a partial success that cannot be read', headers)
  if (refused > 0)
    return rejected(`${refused} of ${events.length} refused, not said which, and OTLP forbids to send again: ${message}`)
  return message === '' ? delivered : { verdict: 'delivered', reason: message }
}

/** Any OpenTelemetry backend or collector. Encoded here, not by the SDK, whose batch processor hides failures. */
export const otlp: Sink<Options> = {
  name: 'otlp',
  summary: 'OpenTelemetry logs over OTLP/HTTP, in semantic conventions',
  options,
  secrets: ['credentials', 'ca'],
  limits: () => ({ events: 2000, bytes: MAX_BYTES }),
  encode: (events, options) => ({
    method: 'POST',
    url: /\/v1\/logs\/?$/.test(options.url) ? options.url : at(options.url, '/v1/logs'),
    headers: headers(options),
    body: body(events),
  }),
  judge,
  // An export without records is valid and stores nothing.
  probe: options => ({
    method: 'POST',
    url: /\/v1\/logs\/?$/.test(options.url) ? options.url : at(options.url, '/v1/logs'),
    headers: headers(options),
    body: '{"resourceLogs":[]}',
  }),
  judgeProbe: response => judge(response, []),
}
