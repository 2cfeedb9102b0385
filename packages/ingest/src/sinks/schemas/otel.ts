import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import { compileInto, functionOf, int, lower, ofSource, oneOf, ownFields, pluck, type Row } from './map.ts'

/** Deeper than any OCSF event that a source makes; what is below is told, not sent, so that no receiver's stack is at stake. */
const MAX_DEPTH = 48

/**
 * Any JSON value as an OTLP value, in the JSON form: 64-bit integers are decimal strings, and a null is a value without a kind. Written as pieces
 * of text: the objects it would be made of are ten for each value, and a text that grows piece by piece is as slow to read as they are.
 */
export function writeValue(out: string[], value: unknown, depth = 0): void {
  if (typeof value === 'string') writeText(out, value)
  else if (typeof value === 'boolean') out.push(value ? '{"boolValue":true}' : '{"boolValue":false}')
  else if (typeof value === 'number') writeNumber(out, value)
  else if (typeof value !== 'object' || value === null) out.push('{}')
  else if (depth >= MAX_DEPTH) writeText(out, `(deeper than ${MAX_DEPTH} levels)`)
  else if (Array.isArray(value)) {
    out.push('{"arrayValue":{"values":[')
    for (let at = 0; at < value.length; at++) {
      if (at > 0) out.push(',')
      writeValue(out, value[at], depth + 1)
    }
    out.push(']}}')
  } else {
    out.push('{"kvlistValue":{"values":[')
    const fields = ownFields(value)
    let first = true
    for (const key in fields) {
      if (fields[key] === undefined) continue
      writeField(out, key, fields[key], first, depth + 1)
      first = false
    }
    out.push(']}}')
  }
}

/** An entry of a list of key and value. `first`: no comma before it. */
function writeField(out: string[], key: string, value: unknown, first: boolean, depth: number): void {
  const before = beginningOf(key)
  if (typeof value === 'string' && !ESCAPED.test(value)) {
    out.push(first ? before.ofText.slice(1) : before.ofText, value, '"}}')
    return
  }
  out.push(first ? before.ofAny.slice(1) : before.ofAny)
  writeValue(out, value, depth)
  out.push('}')
}

/** How an entry begins, behind the one before it: up to its value, and up to the text that is its value. */
interface Beginning {
  readonly ofAny: string
  readonly ofText: string
}

/** Keys come again and again, and fewer pieces are sooner joined. */
const beginnings = new Map<string, Beginning>()
const MAX_BEGINNINGS = 4096
const MAX_KEY = 100

function beginningOf(key: string): Beginning {
  const known = beginnings.get(key)
  if (known) return known
  const ofAny = `,{"key":${quoted(key)},"value":`
  const beginning = { ofAny, ofText: `${ofAny}{"stringValue":"` }
  if (beginnings.size >= MAX_BEGINNINGS) beginnings.clear()
  if (key.length <= MAX_KEY) beginnings.set(key, beginning)
  return beginning
}

function writeText(out: string[], text: string): void {
  if (ESCAPED.test(text)) out.push('{"stringValue":', JSON.stringify(text), '}')
  else out.push('{"stringValue":"', text, '"}')
}

function writeNumber(out: string[], value: number): void {
  out.push(
    Number.isSafeInteger(value)
      ? `{"intValue":"${value}"}`
      : `{"doubleValue":${Number.isFinite(value) ? String(value) : 'null'}}`,
  )
}

/** What a JSON string must escape, and surrogates, which it may have to. */
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/

/** What `JSON.stringify` makes of a text. */
const quoted = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`)

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
  [CLASS.fileActivity]: 'file_activity',
  [CLASS.processActivity]: 'process_activity',
  [CLASS.detectionFinding]: 'detection_finding',
  [CLASS.accountChange]: 'account_change',
  [CLASS.authentication]: 'authentication',
  [CLASS.networkActivity]: 'network_activity',
  [CLASS.httpActivity]: 'http_activity',
  [CLASS.softwareInventory]: 'software_info',
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
  { to: 'file.path', from: 'file.path' },
  { to: 'file.name', from: 'file.name' },
  { to: 'file.size', from: 'file.size', as: int },
]

/** Writes the fields that rows give as a list of key and value. */
function writer(rows: readonly Row[]): (out: string[], event: OcsfEvent) => void {
  const fill = compileInto<{ readonly out: string[]; first: boolean }>(rows, (into, to, value) => {
    writeField(into.out, to, value, into.first, 0)
    into.first = false
  })
  return (out, event) => {
    out.push('[')
    fill(event, { out, first: true })
    out.push(']')
  }
}

/** What the event is about: a list of key and value. */
export const writeResource = writer(resource)

/** The record's own attributes: a list of key and value. */
export const writeAttributes = writer(attributes)
