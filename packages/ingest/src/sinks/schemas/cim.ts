import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import { compile, constant, functionOf, int, type Mapped, ofSource, oneOf, pluck, type Row, real, text } from './map.ts'

/** How one kind of event stands in Splunk: its sourcetype, and the data model that the shipped eventtypes and tags put it in. */
export interface CimKind {
  readonly sourcetype: string
  /** Data model and dataset of CIM 8.5; absent where CIM has none for it. */
  readonly model?: string
  readonly dataset?: string
  /** The tags by which the model selects it. */
  readonly tags: readonly string[]
  /** Fields the model prescribes; each has a value, `unknown` where the event gives none, as CIM asks. */
  readonly required: readonly string[]
  readonly rows: readonly Row[]
}

const first = (list: readonly string[]): string | undefined => list[0]
const seconds = (value: unknown): number | undefined => (real(value) === undefined ? undefined : (value as number) / 1000)
const severity = oneOf({ 1: 'informational', 2: 'low', 3: 'medium', 4: 'high', 5: 'critical', 6: 'critical' }, 'unknown')
const outcome = oneOf({ 1: 'success', 2: 'failure' })
const dispositions = oneOf({ 1: 'allowed', 2: 'blocked' })
const changes = oneOf({ 1: 'created', 2: 'read', 3: 'modified', 4: 'deleted' })
const functionArn = (_: unknown, event: OcsfEvent): string | undefined => functionOf(event)?.arn

/** Rows for every kind: who, where from, in which account. */
const common: readonly Row[] = [
  {
    to: 'vendor_product',
    from: '',
    as: (_, { metadata: { product } }) => [...new Set([product.vendor_name, product.name])].join(' '),
  },
  { to: 'vendor_account', from: 'cloud.account.uid' },
  { to: 'vendor_region', from: 'cloud.region' },
  { to: 'user', from: ['actor.user.name', 'actor.user.uid', 'actor.invoked_by'] },
  { to: 'user_id', from: 'actor.user.uid' },
  { to: 'user_type', from: 'actor.user.type' },
  { to: 'session_id', from: 'actor.session.uid' },
  { to: 'src', from: ofSource('ip', 'hostname', 'domain', 'svc_name') },
  { to: 'signature_id', from: 'metadata.event_code' },
  { to: 'description', from: 'message' },
  { to: 'severity', from: 'severity_id', as: severity },
  { to: 'reason', from: ['status_detail', 'api.response.error', 'api.response.error_message'] },
]

const userAgent: Row = { to: 'user_agent', from: 'http_request.user_agent' }

const target: readonly Row[] = [
  { to: 'object', from: ['user.name', 'resources.0.name', 'resources.0.uid', 'app.name', 'api.operation'] },
  { to: 'object_id', from: ['user.uid', 'resources.0.uid', 'app.uid'] },
  { to: 'object_category', from: 'resources.0.type' },
  { to: 'object_path', from: ['resources.0.uid', 'app.path'] },
  { to: 'dest', from: ['dst_endpoint.hostname', 'dst_endpoint.ip', 'api.service.name', 'cloud.account.uid'] },
  { to: 'dvc', from: ['device.hostname', 'device.uid', 'api.service.name', 'metadata.product.name'] },
]

const change: readonly Row[] = [
  { to: 'action', from: 'activity_id', as: changes },
  { to: 'command', from: ['api.operation', 'activity_name'] },
  {
    to: 'object_attrs',
    from: 'api.request.data',
    as: value => Object.keys(typeof value === 'object' && value ? value : {}).join(','),
  },
  { to: 'status', from: 'status_id', as: outcome },
  { to: 'result', from: ['status_detail', 'status_code', 'api.response.error'] },
  { to: 'result_id', from: 'status_code' },
  ...target,
  userAgent,
]

const CHANGE_REQUIRED = [
  'action',
  'change_type',
  'command',
  'dest',
  'dvc',
  'object',
  'object_attrs',
  'object_category',
  'object_id',
]
const changeRequired = [...CHANGE_REQUIRED, 'object_path', 'status', 'user', 'vendor_product']

/** The kinds of event and their rows. Mapping rows: OCSF 1.8.0 to CIM 8.5. */
export const kinds = {
  finding: {
    sourcetype: 'weir:finding',
    model: 'Alerts',
    dataset: 'Alerts',
    tags: ['alert'],
    required: ['app', 'dest', 'id', 'severity', 'signature', 'type'],
    rows: [
      { to: 'id', from: ['finding_info.uid', 'metadata.uid'] },
      { to: 'signature', from: ['finding_info.title', 'finding_info.analytic.name'] },
      { to: 'signature_id', from: 'finding_info.analytic.uid' },
      { to: 'description', from: ['finding_info.desc', 'message'] },
      { to: 'subject', from: 'message' },
      { to: 'type', from: '', as: constant('alert') },
      { to: 'app', from: '', as: constant('weir') },
      { to: 'dest', from: '', as: functionArn },
      { to: 'dest', from: ['resources.0.uid', 'resources.0.name', 'device.hostname', 'cloud.account.uid'] },
      { to: 'dest_type', from: 'resources.0.type' },
      {
        to: 'mitre_technique_id',
        from: 'finding_info.attacks',
        as: value => [...new Set([...pluck('technique.uid')(value), ...pluck('sub_technique.uid')(value)])],
      },
    ],
  },
  authentication: {
    sourcetype: 'weir:authentication',
    model: 'Authentication',
    dataset: 'Authentication',
    tags: ['authentication'],
    required: ['action', 'app', 'user', 'src', 'dest'],
    rows: [
      { to: 'action', from: 'status_id', as: oneOf({ 1: 'success', 2: 'failure' }, 'pending') },
      { to: 'app', from: ['service.name', 'api.service.name', 'auth_protocol'] },
      { to: 'user', from: ['user.name', 'user.uid', 'actor.user.name'] },
      { to: 'user_id', from: 'user.uid' },
      { to: 'user_type', from: 'user.type' },
      { to: 'src_user', from: 'actor.user.name' },
      { to: 'src_user_id', from: 'actor.user.uid' },
      { to: 'src_user_type', from: 'actor.user.type' },
      { to: 'authentication_method', from: ['auth_protocol', 'logon_type'] },
      { to: 'dest', from: ['dst_endpoint.hostname', 'dst_endpoint.ip', 'service.name', 'cloud.account.uid'] },
      { to: 'signature', from: ['api.operation', 'activity_name'] },
      { to: 'reason_id', from: 'status_code' },
      { to: 'duration', from: 'duration', as: seconds },
      userAgent,
    ],
  },
  account: {
    sourcetype: 'weir:account',
    model: 'Change',
    dataset: 'Account_Management',
    tags: ['change', 'account'],
    required: changeRequired,
    rows: [
      {
        to: 'action',
        from: 'activity_id',
        as: oneOf({ 1: 'created', 6: 'deleted', 7: 'acl_modified', 8: 'acl_modified', 9: 'lockout', 12: 'unlocked' }, 'modified'),
      },
      { to: 'change_type', from: '', as: constant('AAA') },
      { to: 'object_category', from: '', as: constant('user') },
      { to: 'src_user', from: ['actor.user.name', 'actor.user.uid'] },
      { to: 'src_user_type', from: 'actor.user.type' },
      { to: 'user', from: ['user.name', 'user.uid', 'actor.user.name'] },
      ...change,
    ],
  },
  apiChange: {
    sourcetype: 'weir:api:change',
    model: 'Change',
    dataset: 'All_Changes',
    tags: ['change'],
    required: changeRequired,
    rows: [{ to: 'change_type', from: ['api.service.name', 'api.group'] }, ...change],
  },
  apiRead: {
    sourcetype: 'weir:api:read',
    model: 'Data_Access',
    dataset: 'Data_Access',
    tags: ['data', 'access'],
    required: ['action', 'app', 'dest', 'object', 'user', 'vendor_product'],
    rows: [
      { to: 'action', from: '', as: constant('read') },
      { to: 'signature', from: 'api.operation' },
      { to: 'app', from: 'api.service.name' },
      ...target.filter(row => row.to !== 'object_category'), // CIM's values for it are of office documents
      userAgent,
    ],
  },
  lifecycle: {
    sourcetype: 'weir:lifecycle',
    model: 'Change',
    dataset: 'All_Changes',
    tags: ['change'],
    required: changeRequired,
    rows: [
      {
        to: 'action',
        from: 'activity_id',
        as: oneOf({ 1: 'created', 2: 'deleted', 3: 'started', 4: 'stopped', 5: 'restarted' }, 'modified'),
      },
      { to: 'change_type', from: '', as: constant('application') },
      { to: 'object_category', from: '', as: constant('application') },
      { to: 'dest', from: '', as: functionArn },
      ...change,
    ],
  },
  http: {
    sourcetype: 'weir:http',
    model: 'Web',
    dataset: 'Web',
    tags: ['web'],
    required: ['action', 'dest', 'http_method', 'http_user_agent', 'src', 'status', 'url'],
    rows: [
      { to: 'action', from: ['action_id', 'disposition_id'], as: dispositions },
      { to: 'http_method', from: 'http_request.http_method' },
      { to: 'url', from: ['http_request.url.url_string', 'http_request.url.path'] },
      { to: 'uri_path', from: 'http_request.url.path' },
      { to: 'uri_query', from: 'http_request.url.query_string' },
      { to: 'url_domain', from: ['http_request.url.hostname', 'http_request.url.domain'] },
      { to: 'http_user_agent', from: 'http_request.user_agent' },
      { to: 'http_referrer', from: 'http_request.referrer' },
      { to: 'status', from: 'http_response.code', as: text },
      { to: 'src_ip', from: 'src_endpoint.ip' },
      { to: 'dest', from: ['dst_endpoint.hostname', 'dst_endpoint.ip', 'http_request.url.hostname'] },
      { to: 'dest_ip', from: 'dst_endpoint.ip' },
      { to: 'dest_port', from: 'dst_endpoint.port', as: int },
      { to: 'bytes', from: 'traffic.bytes', as: int },
      { to: 'bytes_in', from: 'traffic.bytes_in', as: int },
      { to: 'bytes_out', from: 'traffic.bytes_out', as: int },
      { to: 'duration', from: 'duration', as: seconds },
      { to: 'app', from: ['app_name', 'api.service.name'] },
    ],
  },
  network: {
    sourcetype: 'weir:network',
    model: 'Network_Traffic',
    dataset: 'All_Traffic',
    tags: ['network', 'communicate'],
    required: ['action', 'app', 'dest', 'dvc', 'src', 'transport'],
    rows: [
      { to: 'action', from: ['action_id', 'disposition_id'], as: dispositions },
      { to: 'action', from: 'activity_id', as: oneOf({ 2: 'teardown', 3: 'teardown', 4: 'blocked', 5: 'blocked' }, 'allowed') },
      { to: 'transport', from: 'connection_info.protocol_name', as: transport },
      { to: 'transport', from: 'connection_info.protocol_num', as: oneOf({ 1: 'icmp', 6: 'tcp', 17: 'udp' }) },
      { to: 'direction', from: 'connection_info.direction_id', as: oneOf({ 1: 'inbound', 2: 'outbound' }) },
      { to: 'src_ip', from: 'src_endpoint.ip' },
      { to: 'src_port', from: 'src_endpoint.port', as: text },
      { to: 'dest', from: ['dst_endpoint.ip', 'dst_endpoint.hostname', 'dst_endpoint.domain'] },
      { to: 'dest_ip', from: 'dst_endpoint.ip' },
      { to: 'dest_port', from: 'dst_endpoint.port', as: int },
      { to: 'bytes', from: 'traffic.bytes', as: int },
      { to: 'bytes_in', from: 'traffic.bytes_in', as: int },
      { to: 'bytes_out', from: 'traffic.bytes_out', as: int },
      { to: 'packets', from: 'traffic.packets', as: int },
      { to: 'packets_in', from: 'traffic.packets_in', as: int },
      { to: 'packets_out', from: 'traffic.packets_out', as: int },
      { to: 'duration', from: 'duration', as: seconds },
      { to: 'app', from: ['app_name', 'app_protocol_name'] },
      { to: 'dvc', from: ['device.hostname', 'device.uid', 'src_endpoint.interface_uid', 'dst_endpoint.interface_uid'] },
    ],
  },
  process: {
    sourcetype: 'weir:process',
    model: 'Endpoint',
    dataset: 'Processes',
    tags: ['process', 'report'],
    required: ['dest', 'process', 'process_exec', 'process_id', 'process_name', 'process_path', 'user', 'vendor_product'],
    rows: [
      { to: 'dest', from: '', as: functionArn },
      { to: 'dest', from: ['device.hostname', 'device.uid', 'device.name'] },
      { to: 'process', from: ['process.cmd_line', 'process.path', 'process.name'] },
      { to: 'process_exec', from: ['process.file.name', 'process.name'] },
      { to: 'process_id', from: 'process.pid', as: int },
      { to: 'process_name', from: 'process.name' },
      { to: 'process_path', from: ['process.path', 'process.file.path'] },
      { to: 'process_guid', from: 'process.uid' },
      { to: 'process_hash', from: 'process.file.hashes', as: value => first(pluck('value')(value)) },
      { to: 'process_current_directory', from: 'process.working_directory' },
      {
        to: 'parent_process',
        from: ['process.parent_process.cmd_line', 'process.parent_process.path', 'actor.process.cmd_line'],
      },
      { to: 'parent_process_id', from: ['process.parent_process.pid', 'actor.process.pid'], as: int },
      { to: 'parent_process_name', from: ['process.parent_process.name', 'actor.process.name'] },
      { to: 'parent_process_path', from: ['process.parent_process.path', 'process.parent_process.file.path'] },
      { to: 'action', from: ['action_id', 'disposition_id'], as: dispositions },
      { to: 'user', from: ['process.user.name', 'actor.user.name'] },
    ],
  },
  file: {
    sourcetype: 'weir:file',
    model: 'Endpoint',
    dataset: 'Filesystem',
    tags: ['endpoint', 'filesystem'],
    required: ['action', 'dest', 'file_name', 'file_path', 'user', 'vendor_product'],
    rows: [
      {
        to: 'action',
        from: 'activity_id',
        as: oneOf(
          { 1: 'created', 2: 'read', 4: 'deleted', 7: 'acl_modified', 8: 'read', 9: 'read', 12: 'read', 13: 'read', 14: 'read' },
          'modified',
        ),
      },
      { to: 'dest', from: '', as: functionArn },
      { to: 'dest', from: ['device.hostname', 'device.uid', 'device.name'] },
      { to: 'file_name', from: 'file.name' },
      { to: 'file_path', from: 'file.path' },
      { to: 'file_size', from: 'file.size', as: int },
      { to: 'file_hash', from: 'file.hashes', as: value => first(pluck('value')(value)) },
      { to: 'process_id', from: 'actor.process.pid', as: text },
      { to: 'process_name', from: 'actor.process.name' },
      { to: 'process_path', from: 'actor.process.path' },
      { to: 'user', from: ['actor.user.name', 'actor.user.uid', 'actor.app_name'] },
    ],
  },
  inventory: {
    sourcetype: 'weir:inventory',
    tags: [],
    required: [],
    rows: [{ to: 'dest', from: '', as: functionArn }],
  },
  error: { sourcetype: 'weir:error', tags: [], required: [], rows: [{ to: 'dest', from: '', as: functionArn }] },
  event: { sourcetype: 'weir:event', tags: [], required: [], rows: [{ to: 'dest', from: '', as: functionArn }] },
} satisfies Record<string, CimKind>

function transport(value: unknown): string | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  return ['tcp', 'udp', 'icmp'].includes(name) ? name : undefined
}

const byClass: Readonly<Record<number, keyof typeof kinds>> = {
  [CLASS.detectionFinding]: 'finding',
  [CLASS.authentication]: 'authentication',
  [CLASS.accountChange]: 'account',
  [CLASS.applicationLifecycle]: 'lifecycle',
  [CLASS.httpActivity]: 'http',
  [CLASS.networkActivity]: 'network',
  [CLASS.processActivity]: 'process',
  [CLASS.fileActivity]: 'file',
  [CLASS.softwareInventory]: 'inventory',
  [CLASS.applicationError]: 'error',
}
const API_KIND: Readonly<Record<number, keyof typeof kinds>> = { 1: 'apiChange', 2: 'apiRead', 3: 'apiChange', 4: 'apiChange' }

/** The kind of an event, by class; an API call is a change or an access by what it did. */
export function kindOf(event: OcsfEvent): CimKind {
  const name = event.class_uid === CLASS.apiActivity ? API_KIND[event.activity_id] : byClass[event.class_uid]
  return kinds[name ?? 'event']
}

const mappers = new Map<CimKind, (event: OcsfEvent) => Mapped>()

/** An event in Splunk's words: CIM fields, and under `ocsf` what CIM has no field for. `app` and the like are CIM's, so OCSF keeps apart. */
export function toCim(event: OcsfEvent): { readonly [field: string]: unknown; readonly ocsf: Readonly<Record<string, unknown>> } {
  const kind = kindOf(event)
  let map = mappers.get(kind)
  if (map === undefined) mappers.set(kind, (map = compile([...kind.rows, ...common])))
  const { fields, leftovers } = map(event)
  for (const name of kind.required) fields[name] ??= 'unknown'
  return { ...fields, ocsf: leftovers }
}

/** Every field name that the rows can give, for the contract with the catalogue. */
export const cimFields = (kind: CimKind): readonly string[] => [...new Set([...kind.rows, ...common].map(row => row.to))]
