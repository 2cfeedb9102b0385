import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import {
  compileInto,
  constant,
  functionOf,
  get,
  int,
  ip,
  iso,
  lower,
  objects,
  ofSource,
  oneOf,
  pluck,
  type Row,
  real,
  sha256,
  text,
  traceOf,
} from './map.ts'

/** The version every document names in `ecs.version`. */
export const ECS_VERSION = '9.5.0'

/** How a class stands in ECS. Types are by OCSF activity; every pair is one that ECS 9.5 allows for the category. */
export interface EcsKind {
  /** Absent where ECS has no category for it. */
  readonly category?: string
  readonly types: Readonly<Record<number, readonly string[]>>
  /** For an activity that is not in `types`. */
  readonly otherwise: readonly string[]
}

export const kinds: Readonly<Record<number, EcsKind>> = {
  [CLASS.baseEvent]: { types: {}, otherwise: ['info'] },
  [CLASS.fileActivity]: {
    category: 'file',
    types: {
      1: ['creation'],
      2: ['access'],
      4: ['deletion'],
      8: ['access'],
      9: ['access'],
      12: ['info'],
      13: ['info'],
      14: ['access'],
    },
    otherwise: ['change'],
  },
  [CLASS.processActivity]: {
    category: 'process',
    types: { 1: ['start'], 2: ['end'], 3: ['access'], 4: ['change'], 5: ['change'] },
    otherwise: ['info'],
  },
  [CLASS.detectionFinding]: { category: 'intrusion_detection', types: {}, otherwise: ['info'] },
  [CLASS.accountChange]: {
    category: 'iam',
    types: { 1: ['user', 'creation'], 6: ['user', 'deletion'] },
    otherwise: ['user', 'change'],
  },
  [CLASS.authentication]: { category: 'authentication', types: { 1: ['start'], 2: ['end'] }, otherwise: ['info'] },
  [CLASS.networkActivity]: {
    category: 'network',
    types: { 1: ['connection', 'start'], 2: ['connection', 'end'], 3: ['connection', 'end'], 5: ['connection', 'denied'] },
    otherwise: ['connection'],
  },
  [CLASS.httpActivity]: { category: 'web', types: {}, otherwise: ['access'] },
  [CLASS.softwareInventory]: { category: 'package', types: {}, otherwise: ['info'] },
  [CLASS.applicationLifecycle]: {
    category: 'package',
    types: { 1: ['installation'], 2: ['deletion'], 3: ['start'], 8: ['change'] },
    otherwise: ['info'],
  },
  [CLASS.apiActivity]: {
    category: 'api',
    types: { 1: ['creation'], 2: ['access'], 3: ['change'], 4: ['deletion'] },
    otherwise: ['info'],
  },
  [CLASS.applicationError]: { types: {}, otherwise: ['error'] },
}

/** Categories whose events may also be `allowed` or `denied`. */
const DECIDED = new Set(['api', 'network'])

function types(_: unknown, event: OcsfEvent): readonly string[] {
  const kind = kinds[event.class_uid]
  const list = [...(kind?.types[event.activity_id] ?? kind?.otherwise ?? ['info'])]
  const denied = event['action_id'] === 2 || /denied|unauthorized/i.test(text(get(event, 'api.response.error')) ?? '')
  const decision = denied ? 'denied' : event['action_id'] === 1 ? 'allowed' : undefined
  if (decision !== undefined && DECIDED.has(kind?.category ?? '') && !list.includes(decision)) list.push(decision)
  if (kind?.category === 'web' && Number(get(event, 'http_response.code')) >= 400) list.push('error')
  return list
}

const isFinding = (event: OcsfEvent): boolean => event.class_uid === CLASS.detectionFinding
const unlessFinding =
  <T>(convert: (value: unknown, event: OcsfEvent) => T) =>
  (value: unknown, event: OcsfEvent): T | undefined =>
    isFinding(event) ? undefined : convert(value, event)

const nanoseconds = (ms: unknown): number | undefined => int(typeof ms === 'number' ? Math.round(ms * 1e6) : undefined)
const country = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : undefined
const uuid = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined

const distinct = (values: readonly unknown[]): string[] => [
  ...new Set(values.filter((value): value is string => typeof value === 'string' && value !== '')),
]
/** The values of observables of these OCSF type ids. */
const observed = (event: OcsfEvent, ids: readonly number[]): unknown[] =>
  objects(event['observables']).flatMap(({ type_id, value }) => (ids.includes(type_id as number) ? [value] : []))

const SOURCE_IPS = ofSource('ip')
const SOURCE_HOSTS = ofSource('hostname')

const related: readonly Row[] = [
  {
    to: 'related.ip',
    from: '',
    as: (_, event) =>
      distinct(
        [
          ...SOURCE_IPS.map(path => get(event, path)),
          get(event, 'dst_endpoint.ip'),
          get(event, 'device.ip'),
          ...observed(event, [2]),
        ].map(ip),
      ),
  },
  {
    to: 'related.user',
    from: '',
    as: (_, event) => distinct([get(event, 'actor.user.name'), get(event, 'user.name'), ...observed(event, [4, 21])]),
  },
  {
    to: 'related.hosts',
    from: '',
    as: (_, event) =>
      distinct([
        get(event, 'device.hostname'),
        ...SOURCE_HOSTS.map(path => get(event, path)),
        get(event, 'dst_endpoint.hostname'),
        ...observed(event, [1]),
      ]),
  },
  {
    to: 'related.hash',
    from: '',
    as: (_, event) => distinct([...pluck('value')(get(event, 'file.hashes')), ...observed(event, [8])]),
  },
]

const finding: readonly Row[] = [
  { to: 'event.id', from: ['finding_info.uid', 'metadata.uid'] },
  { to: 'message', from: ['message', 'finding_info.title'] },
  { to: 'event.action', from: '', as: constant('finding') },
  { to: 'event.start', from: 'finding_info.first_seen_time', as: iso },
  { to: 'event.end', from: 'finding_info.last_seen_time', as: iso },
  { to: 'rule.name', from: ['finding_info.analytic.name', 'finding_info.title'] },
  { to: 'rule.uuid', from: 'finding_info.analytic.uid', as: uuid },
  { to: 'rule.id', from: 'finding_info.analytic.uid' },
  { to: 'rule.category', from: 'finding_info.analytic.category' },
  { to: 'rule.version', from: 'finding_info.analytic.version' },
  { to: 'rule.description', from: 'finding_info.desc' },
  { to: 'rule.reference', from: 'finding_info.src_url' },
  { to: 'event.reference', from: 'finding_info.src_url' },
  { to: 'threat.framework', from: 'finding_info.attacks', as: list => (objects(list).length > 0 ? 'MITRE ATT&CK' : undefined) },
  { to: 'threat.tactic.id', from: 'finding_info.attacks', as: pluck('tactic.uid') },
  { to: 'threat.tactic.name', from: 'finding_info.attacks', as: pluck('tactic.name') },
  { to: 'threat.technique.id', from: 'finding_info.attacks', as: pluck('technique.uid') },
  { to: 'threat.technique.name', from: 'finding_info.attacks', as: pluck('technique.name') },
  { to: 'threat.technique.subtechnique.id', from: 'finding_info.attacks', as: pluck('sub_technique.uid') },
  { to: 'threat.technique.subtechnique.name', from: 'finding_info.attacks', as: pluck('sub_technique.name') },
  { to: 'event.risk_score', from: 'risk_score', as: real },
  { to: 'weir.status', from: 'status' },
]

const authentication: readonly Row[] = [
  { to: 'user.name', from: ['user.name', 'actor.user.name'] },
  { to: 'user.id', from: ['user.uid', 'actor.user.uid'] },
  { to: 'service.name', from: 'service.name' },
]

const inventory: readonly Row[] = [
  { to: 'package.name', from: 'package.name' },
  { to: 'package.version', from: 'package.version' },
  { to: 'package.type', from: 'package.type' },
  { to: 'package.checksum', from: 'package.hash.value' },
  { to: 'weir.sbom.uid', from: 'sbom.uid' },
]

const lifecycle: readonly Row[] = [
  { to: 'package.name', from: 'app.name' },
  { to: 'package.version', from: 'app.version' },
]

/** Rows for every class: OCSF 1.8.0 to ECS 9.5. `weir.*` is where ECS has no field. */
const common: readonly Row[] = [
  { to: '@timestamp', from: 'time', as: iso },
  { to: 'ecs.version', from: '', as: constant(ECS_VERSION) },
  // `signal` is kept for Elastic's own detections; an alert of another system says `alert`.
  { to: 'event.kind', from: '', as: (_, event) => (isFinding(event) ? 'alert' : 'event') },
  {
    to: 'event.category',
    from: '',
    as: (_, event) => {
      const category = kinds[event.class_uid]?.category
      return category === undefined ? undefined : [category]
    },
  },
  { to: 'event.type', from: '', as: types },
  { to: 'event.module', from: '', as: constant('weir') },
  { to: 'event.id', from: 'metadata.uid' },
  { to: 'event.code', from: 'metadata.event_code' },
  { to: 'event.action', from: ['api.operation', 'activity_name'] },
  { to: 'event.provider', from: ['api.service.name', 'metadata.log_provider'] },
  { to: 'event.severity', from: 'severity_id', as: int },
  { to: 'event.outcome', from: 'status_id', as: unlessFinding(oneOf({ 1: 'success', 2: 'failure' }, 'unknown')) },
  { to: 'event.reason', from: 'status_detail' },
  { to: 'event.start', from: 'start_time', as: iso },
  { to: 'event.end', from: 'end_time', as: iso },
  { to: 'event.duration', from: 'duration', as: nanoseconds },
  { to: 'event.sequence', from: 'metadata.sequence', as: int },
  { to: 'event.created', from: 'metadata.logged_time', as: iso },
  { to: 'event.original', from: 'raw_data' },
  { to: 'weir.original_uid', from: 'metadata.original_event_uid' },
  { to: 'error.code', from: ['status_code', 'api.response.error'] },
  { to: 'error.message', from: ['api.response.error_message', 'api.response.message'] },
  { to: 'message', from: 'message' },
  { to: 'observer.vendor', from: 'metadata.product.vendor_name' },
  { to: 'observer.product', from: 'metadata.product.name' },
  { to: 'organization.id', from: 'metadata.tenant_uid' },
  { to: 'cloud.provider', from: 'cloud.provider', as: lower },
  { to: 'cloud.account.id', from: 'cloud.account.uid' },
  { to: 'cloud.account.name', from: 'cloud.account.name' },
  { to: 'cloud.region', from: 'cloud.region' },
  { to: 'faas.id', from: '', as: (_, event) => functionOf(event)?.arn },
  { to: 'faas.name', from: '', as: (_, event) => functionOf(event)?.name },
  { to: 'faas.version', from: '', as: (_, event) => functionOf(event)?.version },
  { to: 'user.name', from: 'actor.user.name' },
  { to: 'user.id', from: 'actor.user.uid' },
  { to: 'user.target.name', from: 'user.name', as: value => (typeof value === 'string' ? value : undefined) },
  { to: 'user.target.id', from: 'user.uid', as: value => (typeof value === 'string' ? value : undefined) },
  { to: 'weir.user.type', from: 'actor.user.type' },
  { to: 'weir.session.uid', from: 'actor.session.uid' },
  { to: 'source.ip', from: ofSource('ip'), as: ip },
  { to: 'source.address', from: ofSource('ip', 'hostname', 'domain', 'svc_name') },
  { to: 'source.port', from: ofSource('port'), as: int },
  { to: 'source.domain', from: ofSource('hostname', 'domain') },
  { to: 'source.geo.country_iso_code', from: ofSource('location.country'), as: country },
  { to: 'source.bytes', from: 'traffic.bytes_out', as: int },
  { to: 'source.packets', from: 'traffic.packets_out', as: int },
  { to: 'client.ip', from: ofSource('ip'), as: ip },
  { to: 'destination.ip', from: 'dst_endpoint.ip', as: ip },
  { to: 'destination.address', from: ['dst_endpoint.ip', 'dst_endpoint.hostname', 'dst_endpoint.svc_name'] },
  { to: 'destination.port', from: 'dst_endpoint.port', as: int },
  { to: 'destination.domain', from: ['dst_endpoint.hostname', 'dst_endpoint.domain'] },
  { to: 'destination.bytes', from: 'traffic.bytes_in', as: int },
  { to: 'destination.packets', from: 'traffic.packets_in', as: int },
  { to: 'server.ip', from: 'dst_endpoint.ip', as: ip },
  { to: 'network.bytes', from: 'traffic.bytes', as: int },
  { to: 'network.packets', from: 'traffic.packets', as: int },
  { to: 'network.transport', from: 'connection_info.protocol_name', as: lower },
  { to: 'network.iana_number', from: 'connection_info.protocol_num', as: value => int(value)?.toString() },
  { to: 'network.direction', from: 'connection_info.direction_id', as: oneOf({ 1: 'inbound', 2: 'outbound' }) },
  { to: 'host.name', from: ['device.hostname', 'device.name'] },
  { to: 'host.id', from: 'device.uid' },
  { to: 'http.request.method', from: 'http_request.http_method' },
  { to: 'http.request.referrer', from: 'http_request.referrer' },
  { to: 'http.request.id', from: 'http_request.uid' },
  { to: 'http.response.status_code', from: 'http_response.code', as: int },
  { to: 'url.full', from: 'http_request.url.url_string' },
  { to: 'url.original', from: 'http_request.url.url_string' },
  { to: 'url.path', from: 'http_request.url.path' },
  { to: 'url.query', from: 'http_request.url.query_string' },
  { to: 'url.domain', from: ['http_request.url.hostname', 'http_request.url.domain'] },
  { to: 'url.scheme', from: 'http_request.url.scheme' },
  { to: 'user_agent.original', from: 'http_request.user_agent' },
  { to: 'service.name', from: ['api.service.name', 'app.name'] },
  { to: 'weir.resource.id', from: 'resources.0.uid' },
  { to: 'weir.resource.name', from: 'resources.0.name' },
  { to: 'weir.resource.type', from: 'resources.0.type' },
  { to: 'process.pid', from: 'process.pid', as: int },
  { to: 'process.name', from: 'process.name' },
  { to: 'process.command_line', from: 'process.cmd_line' },
  { to: 'process.executable', from: ['process.path', 'process.file.path'] },
  { to: 'process.working_directory', from: 'process.working_directory' },
  { to: 'process.exit_code', from: 'exit_code', as: int },
  { to: 'process.parent.pid', from: ['process.parent_process.pid', 'actor.process.pid'], as: int },
  { to: 'process.parent.name', from: ['process.parent_process.name', 'actor.process.name'] },
  { to: 'process.parent.command_line', from: ['process.parent_process.cmd_line', 'actor.process.cmd_line'] },
  { to: 'process.parent.executable', from: ['process.parent_process.path', 'process.parent_process.file.path'] },
  { to: 'file.path', from: 'file.path' },
  { to: 'file.name', from: 'file.name' },
  { to: 'file.size', from: 'file.size', as: int },
  { to: 'file.hash.sha256', from: 'file.hashes', as: sha256 },
  { to: 'trace.id', from: '', as: (_, event) => traceOf(event).trace },
  { to: 'span.id', from: '', as: (_, event) => traceOf(event).span },
  ...related,
]

const own: Readonly<Record<number, readonly Row[]>> = {
  [CLASS.detectionFinding]: finding,
  [CLASS.authentication]: authentication,
  [CLASS.softwareInventory]: inventory,
  [CLASS.applicationLifecycle]: lifecycle,
}
/** Every field name that the rows can give. */
export const ecsFields: readonly string[] = [...new Set([...Object.values(own).flat(), ...common].map(row => row.to))]
const paths = new Map(ecsFields.map(name => [name, name.split('.')]))

const put = (document: Record<string, unknown>, name: string, value: unknown): void =>
  nest(document, paths.get(name) ?? [name], value)
const rest = compileInto(common, put)
const mappers = new Map(Object.entries(own).map(([uid, rows]) => [Number(uid), compileInto([...rows, ...common], put)]))

/** An event in Elastic's words: a nested ECS document, and under `weir.ocsf` what ECS has no field for. All but what is under that is new. */
export function toEcs(event: OcsfEvent): Record<string, unknown> {
  const document: Record<string, unknown> = {}
  const leftovers = (mappers.get(event.class_uid) ?? rest)(event, document)
  nest(document, ['weir', 'ocsf'], leftovers())
  return document
}

function nest(document: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const last = path.length - 1
  let at = document
  for (let n = 0; n < last; n++) at = (at[path[n] as string] ??= {}) as Record<string, unknown>
  at[path[last] as string] = value
}
