/** How a value stands on the wire and in OTLP/JSON. `hex` and `base64` are protobuf's `bytes`: ids are hex in OTLP, all others base64. */
export type Scalar =
  | 'string'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'enum'
  | 'uint32'
  | 'sint32'
  | 'uint64'
  | 'int64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

export interface Field {
  /** In OTLP/JSON: lowerCamelCase. */
  readonly name: string
  readonly type: Scalar | (() => Message)
  /** `repeated`. */
  readonly many?: true
  /** Its zero says something, since it has presence of its own: a field of a `oneof`, or `optional`. The zero of any other is left out. */
  readonly zero?: true
}

/** A message by field number. */
export type Message = Readonly<Record<number, Field>>

const one = (name: string, type: Field['type']): Field => ({ name, type })
const many = (name: string, type: Field['type']): Field => ({ name, type, many: true })
const own = (name: string, type: Field['type']): Field => ({ name, type, zero: true })
const of = (message: Message) => (): Message => message

/*
 * The messages of OTLP 1.9 (opentelemetry-proto, packages common, resource, logs, trace and metrics, v1), each field that is stable. What a newer
 * sender adds is passed over, as the specification wants it.
 */

const ARRAY_VALUE: Message = { 1: many('values', () => ANY_VALUE) }
const KEY_VALUE_LIST: Message = { 1: many('values', () => KEY_VALUE) }
const ANY_VALUE: Message = {
  1: own('stringValue', 'string'),
  2: own('boolValue', 'bool'),
  3: own('intValue', 'int64'),
  4: own('doubleValue', 'double'),
  5: own('arrayValue', of(ARRAY_VALUE)),
  6: own('kvlistValue', of(KEY_VALUE_LIST)),
  7: own('bytesValue', 'base64'),
}
const KEY_VALUE: Message = { 1: one('key', 'string'), 2: one('value', of(ANY_VALUE)) }
const attributes = many('attributes', of(KEY_VALUE))
const droppedAttributesCount = one('droppedAttributesCount', 'uint32')

const RESOURCE: Message = { 1: attributes, 2: droppedAttributesCount }
const SCOPE: Message = { 1: one('name', 'string'), 2: one('version', 'string'), 3: attributes, 4: droppedAttributesCount }

const LOG_RECORD: Message = {
  1: one('timeUnixNano', 'fixed64'),
  2: one('severityNumber', 'enum'),
  3: one('severityText', 'string'),
  5: one('body', of(ANY_VALUE)),
  6: attributes,
  7: droppedAttributesCount,
  8: one('flags', 'fixed32'),
  9: one('traceId', 'hex'),
  10: one('spanId', 'hex'),
  11: one('observedTimeUnixNano', 'fixed64'),
  12: one('eventName', 'string'),
}

const EVENT: Message = { 1: one('timeUnixNano', 'fixed64'), 2: one('name', 'string'), 3: attributes, 4: droppedAttributesCount }
const LINK: Message = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: attributes,
  5: droppedAttributesCount,
  6: one('flags', 'fixed32'),
}
const STATUS: Message = { 2: one('message', 'string'), 3: one('code', 'enum') }
const SPAN: Message = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'enum'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: attributes,
  10: droppedAttributesCount,
  11: many('events', of(EVENT)),
  12: one('droppedEventsCount', 'uint32'),
  13: many('links', of(LINK)),
  14: one('droppedLinksCount', 'uint32'),
  15: one('status', of(STATUS)),
  16: one('flags', 'fixed32'),
}

const EXEMPLAR: Message = {
  2: one('timeUnixNano', 'fixed64'),
  3: own('asDouble', 'double'),
  4: one('spanId', 'hex'),
  5: one('traceId', 'hex'),
  6: own('asInt', 'sfixed64'),
  7: many('filteredAttributes', of(KEY_VALUE)),
}
const startTimeUnixNano = one('startTimeUnixNano', 'fixed64')
const timeUnixNano = one('timeUnixNano', 'fixed64')
const count = one('count', 'fixed64')
const NUMBER_POINT: Message = {
  2: startTimeUnixNano,
  3: timeUnixNano,
  4: own('asDouble', 'double'),
  5: many('exemplars', of(EXEMPLAR)),
  6: own('asInt', 'sfixed64'),
  7: attributes,
  8: one('flags', 'uint32'),
}
const HISTOGRAM_POINT: Message = {
  2: startTimeUnixNano,
  3: timeUnixNano,
  4: count,
  5: own('sum', 'double'),
  6: many('bucketCounts', 'fixed64'),
  7: many('explicitBounds', 'double'),
  8: many('exemplars', of(EXEMPLAR)),
  9: attributes,
  10: one('flags', 'uint32'),
  11: own('min', 'double'),
  12: own('max', 'double'),
}
const BUCKETS: Message = { 1: one('offset', 'sint32'), 2: many('bucketCounts', 'uint64') }
const EXPONENTIAL_POINT: Message = {
  1: attributes,
  2: startTimeUnixNano,
  3: timeUnixNano,
  4: count,
  5: own('sum', 'double'),
  6: one('scale', 'sint32'),
  7: one('zeroCount', 'fixed64'),
  8: one('positive', of(BUCKETS)),
  9: one('negative', of(BUCKETS)),
  10: one('flags', 'uint32'),
  11: many('exemplars', of(EXEMPLAR)),
  12: own('min', 'double'),
  13: own('max', 'double'),
  14: one('zeroThreshold', 'double'),
}
const QUANTILE: Message = { 1: one('quantile', 'double'), 2: one('value', 'double') }
const SUMMARY_POINT: Message = {
  2: startTimeUnixNano,
  3: timeUnixNano,
  4: count,
  5: one('sum', 'double'),
  6: many('quantileValues', of(QUANTILE)),
  7: attributes,
  8: one('flags', 'uint32'),
}
const aggregationTemporality = one('aggregationTemporality', 'enum')
const METRIC: Message = {
  1: one('name', 'string'),
  2: one('description', 'string'),
  3: one('unit', 'string'),
  5: own('gauge', of({ 1: many('dataPoints', of(NUMBER_POINT)) })),
  7: own('sum', of({ 1: many('dataPoints', of(NUMBER_POINT)), 2: aggregationTemporality, 3: one('isMonotonic', 'bool') })),
  9: own('histogram', of({ 1: many('dataPoints', of(HISTOGRAM_POINT)), 2: aggregationTemporality })),
  10: own('exponentialHistogram', of({ 1: many('dataPoints', of(EXPONENTIAL_POINT)), 2: aggregationTemporality })),
  11: own('summary', of({ 1: many('dataPoints', of(SUMMARY_POINT)) })),
  12: many('metadata', of(KEY_VALUE)),
}

/** An export request: resources, in them scopes, in them items. The three kinds differ in names only. */
function request(resources: string, scopes: string, items: string, item: Message): Message {
  const schemaUrl = one('schemaUrl', 'string')
  const scope: Message = { 1: one('scope', of(SCOPE)), 2: many(items, of(item)), 3: schemaUrl }
  return { 1: many(resources, of({ 1: one('resource', of(RESOURCE)), 2: many(scopes, of(scope)), 3: schemaUrl })) }
}

/** `ExportLogsServiceRequest` and its like. */
export const LOGS = request('resourceLogs', 'scopeLogs', 'logRecords', LOG_RECORD)
export const TRACES = request('resourceSpans', 'scopeSpans', 'spans', SPAN)
export const METRICS = request('resourceMetrics', 'scopeMetrics', 'metrics', METRIC)
