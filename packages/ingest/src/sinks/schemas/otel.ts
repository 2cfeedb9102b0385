import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import { compile, functionOf, int, lower, ofSource, oneOf, pluck, type Row } from './map.ts'

/** An OTLP value, in the JSON form: 64-bit integers are decimal strings, and a null is a value without a kind. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }
  | Readonly<Record<string, never>>
export interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

/** Deeper than any OCSF event that a source makes; what is below is told, not sent, so that no receiver's stack is at stake. */
const MAX_DEPTH = 48

/** Any JSON value as an OTLP value. */
export function anyValue(value: unknown, depth = 0): AnyValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (typeof value !== 'object' || value === null) return {}
  if (depth >= MAX_DEPTH) return { stringValue: `(deeper than ${MAX_DEPTH} levels)` }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(item => anyValue(item, depth + 1)) } }
  return { kvlistValue: { values: keyValues(value as Readonly<Record<string, unknown>>, depth + 1) } }
}

/** The set entries of an object. */
export const keyValues = (object: Readonly<Record<string, unknown>>, depth = 0): KeyValue[] =>
  Object.entries(object).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValue(value, depth) }]))

/** OCSF severity to OpenTelemetry's number and word; an unknown severity has neither. */
export const SEVERITIES: Readonly<Record<number, readonly [number: number, text: string]>> = {
  1: [9, 'INFO'],
  2: [10, 'INFO2'],
  3: [13, 'WARN'],
  4: [17, 'ERROR'],
  5: [18, 'ERROR2'],
  6: [21, 'FATAL'],
}

const CLASS_NAMES: Readonly<Record<number, string>> = {
  [CLASS.baseEvent]: 'base_event',
  [CLASS.processActivity]: 'process_activity',
  [CLASS.detectionFinding]: 'detection_finding',
  [CLASS.accountChange]: 'account_change',
  [CLASS.authentication]: 'authentication',
  [CLASS.networkActivity]: 'network_activity',
  [CLASS.httpActivity]: 'http_activity',
  [CLASS.applicationLifecycle]: 'application_lifecycle',
  [CLASS.apiActivity]: 'api_activity',
  [CLASS.applicationError]: 'application_error',
}
export const eventName = (event: OcsfEvent): string => `ocsf.${CLASS_NAMES[event.class_uid] ?? event.class_uid}`

/** The observed system: what the event is about, not what reports it. Semantic conventions 1.44. */
const resource: readonly Row[] = [
  { to: 'service.name', from: '', as: (_, event) => functionOf(event)?.name },
  { to: 'service.name', from: ['app.name', 'metadata.product.name'] },
  { to: 'cloud.provider', from: 'cloud.provider', as: lower },
  { to: 'cloud.platform', from: '', as: (_, event) => (functionOf(event) === undefined ? undefined : 'aws_lambda') },
  { to: 'cloud.account.id', from: 'cloud.account.uid' },
  { to: 'cloud.account.id', from: '', as: (_, event) => functionOf(event)?.account },
  { to: 'cloud.region', from: 'cloud.region' },
  { to: 'cloud.region', from: '', as: (_, event) => functionOf(event)?.region },
  { to: 'cloud.resource_id', from: '', as: (_, event) => functionOf(event)?.arn },
  { to: 'faas.name', from: '', as: (_, event) => functionOf(event)?.name },
  { to: 'faas.version', from: '', as: (_, event) => functionOf(event)?.version },
]

/** Attributes of the record. Findings use `security_rule.*`, OpenTelemetry's only convention of the kind; `weir.*` is where it has none. */
const attributes: readonly Row[] = [
  { to: 'log.record.uid', from: 'metadata.uid' },
  { to: 'weir.event.uid', from: 'metadata.uid' },
  { to: 'weir.event.class', from: 'class_uid', as: int },
  { to: 'security_rule.uuid', from: 'finding_info.analytic.uid' },
  { to: 'security_rule.name', from: ['finding_info.analytic.name', 'finding_info.title'] },
  { to: 'security_rule.category', from: 'finding_info.analytic.category' },
  { to: 'security_rule.description', from: 'finding_info.desc' },
  { to: 'security_rule.version', from: 'finding_info.analytic.version' },
  { to: 'security_rule.reference', from: 'finding_info.src_url' },
  { to: 'weir.finding.title', from: 'finding_info.title' },
  { to: 'weir.finding.tactics', from: 'finding_info.attacks', as: pluck('tactic.uid') },
  {
    to: 'weir.finding.techniques',
    from: 'finding_info.attacks',
    as: value => [...new Set([...pluck('technique.uid')(value), ...pluck('sub_technique.uid')(value)])],
  },
  { to: 'source.address', from: ofSource('ip', 'hostname', 'domain') },
  { to: 'source.port', from: ofSource('port'), as: int },
  { to: 'client.address', from: ofSource('ip', 'hostname', 'domain') },
  { to: 'destination.address', from: ['dst_endpoint.ip', 'dst_endpoint.hostname', 'dst_endpoint.domain'] },
  { to: 'destination.port', from: 'dst_endpoint.port', as: int },
  { to: 'network.transport', from: 'connection_info.protocol_name', as: lower },
  { to: 'network.io.direction', from: 'connection_info.direction_id', as: oneOf({ 1: 'receive', 2: 'transmit' }) },
  { to: 'user.name', from: ['actor.user.name', 'user.name'] },
  { to: 'user.id', from: ['actor.user.uid', 'user.uid'] },
  { to: 'session.id', from: 'actor.session.uid' },
  { to: 'rpc.service', from: 'api.service.name' },
  { to: 'rpc.method', from: 'api.operation' },
  { to: 'error.type', from: ['api.response.error', 'status_code'] },
  { to: 'http.request.method', from: 'http_request.http_method' },
  { to: 'http.response.status_code', from: 'http_response.code', as: int },
  { to: 'url.full', from: 'http_request.url.url_string' },
  { to: 'url.path', from: 'http_request.url.path' },
  { to: 'url.query', from: 'http_request.url.query_string' },
  { to: 'url.scheme', from: 'http_request.url.scheme' },
  { to: 'user_agent.original', from: 'http_request.user_agent' },
  { to: 'process.pid', from: 'process.pid', as: int },
  { to: 'process.parent_pid', from: ['process.parent_process.pid', 'actor.process.pid'], as: int },
  { to: 'process.executable.name', from: 'process.name' },
  { to: 'process.executable.path', from: ['process.path', 'process.file.path'] },
  { to: 'process.command_line', from: 'process.cmd_line' },
]

const toResource = compile(resource)
const toAttributes = compile(attributes)

export const resourceOf = (event: OcsfEvent): readonly KeyValue[] => keyValues(toResource(event).fields)
export const attributesOf = (event: OcsfEvent): readonly KeyValue[] => keyValues(toAttributes(event).fields)
