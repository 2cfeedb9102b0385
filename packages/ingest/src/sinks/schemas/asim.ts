import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import {
  compile,
  constant,
  functionOf,
  get,
  int,
  ip,
  iso,
  type Mapped,
  objects,
  ofSource,
  oneOf,
  type Row,
  sha256,
  text,
} from './map.ts'

/** Column types of a data collection rule's stream. */
export type ColumnType = 'string' | 'int' | 'long' | 'real' | 'boolean' | 'datetime' | 'dynamic'

interface ColumnRow extends Row {
  /** Default: string. */
  readonly type?: ColumnType
}

/** How one kind of event stands in Sentinel: the stream that takes it, the table it ends in, and its ASIM schema. */
export interface AsimKind {
  /** Stream of the data collection rule. */
  readonly stream: string
  /** Output stream: one of Sentinel's normalized tables, or a custom one. */
  readonly output: string
  /** Absent for what ASIM has no schema for. */
  readonly schema?: string
  readonly version?: string
  readonly rows: readonly ColumnRow[]
  /** Mandatory columns that the event may leave empty, and what stands there then. */
  readonly fallback: Readonly<Record<string, string>>
}

const severity = oneOf({ 2: 'Low', 3: 'Medium', 4: 'High', 5: 'High', 6: 'High' }, 'Informational')
const dvcAction = oneOf({ 1: 'Allow', 2: 'Deny' })
const disposition = oneOf({ 1: 'Allow', 2: 'Deny', 6: 'Drop' })
const product = (_: unknown, event: OcsfEvent): unknown => event.metadata.product.name
/** Identity types are named by the cloud that gave the id. */
const idType = (value: unknown, event: OcsfEvent): string | undefined =>
  text(value) !== undefined && get(event, 'cloud.provider') === 'AWS' ? 'AWSId' : undefined
const ifText =
  (word: string) =>
  (value: unknown): string | undefined =>
    text(value) === undefined ? undefined : word

/** Columns of every kind, alerts too. */
const common: readonly ColumnRow[] = [
  { to: 'TimeGenerated', from: 'time', as: iso, type: 'datetime' },
  { to: 'EventStartTime', from: ['start_time', 'time'], as: iso, type: 'datetime' },
  { to: 'EventEndTime', from: ['end_time', 'time'], as: iso, type: 'datetime' },
  { to: 'EventCount', from: 'count', as: int, type: 'int' },
  { to: 'EventCount', from: '', as: constant(1) },
  { to: 'EventUid', from: 'metadata.uid' },
  { to: 'EventOriginalUid', from: ['metadata.original_event_uid', 'metadata.uid'] },
  { to: 'EventOriginalType', from: 'metadata.event_code' },
  { to: 'EventVendor', from: 'metadata.product.vendor_name' },
  { to: 'EventProduct', from: 'metadata.product.name' },
  { to: 'EventProductVersion', from: 'metadata.product.version' },
  { to: 'EventSeverity', from: 'severity_id', as: severity },
  { to: 'EventSeverity', from: '', as: constant('Informational') },
  { to: 'EventOriginalSeverity', from: ['severity', 'severity_id'], as: text },
  { to: 'EventOriginalSubType', from: 'activity_name' },
  { to: 'EventMessage', from: 'message' },
  { to: 'DvcScopeId', from: 'cloud.account.uid' },
  { to: 'DvcHostname', from: 'device.hostname' },
  { to: 'DvcAction', from: 'action_id', as: dvcAction },
  { to: 'DvcAction', from: 'disposition_id', as: disposition },
]

/** What an event has and an alert has not. */
const occurrence: readonly ColumnRow[] = [
  { to: 'Dvc', from: ['device.hostname', 'device.uid'] },
  { to: 'Dvc', from: '', as: product },
  { to: 'DvcId', from: 'device.uid' },
  { to: 'EventResult', from: 'status_id', as: oneOf({ 1: 'Success', 2: 'Failure' }, 'NA') },
  { to: 'EventResult', from: '', as: constant('NA') },
  { to: 'EventResultDetails', from: ['status_detail', 'api.response.error', 'status_code'] },
  { to: 'EventOriginalResultDetails', from: ['status_code', 'api.response.error_message'] },
]

const actor: readonly ColumnRow[] = [
  { to: 'ActorUsername', from: ['actor.user.name', 'actor.user.uid', 'actor.invoked_by', 'actor.app_name'] },
  { to: 'ActorUsernameType', from: ['actor.user.name', 'actor.user.uid'], as: ifText('Simple') },
  { to: 'ActorUserId', from: 'actor.user.uid' },
  { to: 'ActorUserIdType', from: 'actor.user.uid', as: idType },
  { to: 'ActorOriginalUserType', from: 'actor.user.type' },
  { to: 'ActorSessionId', from: 'actor.session.uid' },
]

const source: readonly ColumnRow[] = [
  { to: 'SrcIpAddr', from: ofSource('ip'), as: ip },
  { to: 'SrcPortNumber', from: ofSource('port'), as: int, type: 'int' },
  { to: 'SrcHostname', from: ofSource('hostname', 'domain') },
  { to: 'SrcGeoCountry', from: ofSource('location.country') },
]

const userAgent: readonly ColumnRow[] = [{ to: 'HttpUserAgent', from: 'http_request.user_agent' }]

const targetUser: readonly ColumnRow[] = [
  { to: 'TargetUsername', from: ['user.name', 'user.uid'] },
  { to: 'TargetUsernameType', from: ['user.name', 'user.uid'], as: ifText('Simple') },
  { to: 'TargetUserId', from: 'user.uid' },
  { to: 'TargetUserIdType', from: 'user.uid', as: idType },
  { to: 'TargetOriginalUserType', from: 'user.type' },
]

const audit: readonly ColumnRow[] = [
  { to: 'Operation', from: ['api.operation', 'activity_name', 'type_name'] },
  { to: 'Object', from: ['resources.0.name', 'resources.0.uid', 'app.name', 'app.uid', 'api.operation'] },
  { to: 'ObjectId', from: ['resources.0.uid', 'app.uid'] },
  { to: 'ObjectType', from: '', as: constant('Cloud Resource') },
  { to: 'OriginalObjectType', from: 'resources.0.type' },
  { to: 'TargetAppName', from: ['api.service.name', 'app.name'] },
  { to: 'TargetAppType', from: ['api.service.name', 'app.name'], as: ifText('Service') },
  { to: 'TargetIpAddr', from: 'dst_endpoint.ip', as: ip },
  { to: 'TargetHostname', from: 'dst_endpoint.hostname' },
  ...actor,
  ...source,
  ...userAgent,
]

const list = (value: unknown, format: (attack: Readonly<Record<string, unknown>>) => string): string =>
  [...new Set(objects(value).map(format))].filter(Boolean).join(', ')
const named = (value: unknown): string => {
  const { uid, name } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  return text(name) === undefined ? (text(uid) ?? '') : `${text(name)}${text(uid) === undefined ? '' : ` (${text(uid)})`}`
}

/** What was done to a file. To mount and to unmount is done to none. */
const FILE_TYPES: Readonly<Record<number, string>> = {
  1: 'FileCreated',
  2: 'FileAccessed',
  3: 'FileModified',
  4: 'FileDeleted',
  5: 'FileRenamed',
  6: 'FileModified',
  7: 'FileModified',
  8: 'FileAccessed',
  9: 'FileAccessed',
  10: 'FileModified',
  11: 'FileModified',
  14: 'FileAccessed',
}

/** The kinds of event and their columns. Mapping rows: OCSF 1.8.0 to ASIM. */
export const kinds = {
  alert: {
    stream: 'Custom-WeirAlert_CL',
    output: 'Custom-WeirAlert_CL',
    schema: 'AlertEvent',
    version: '0.1',
    fallback: {},
    rows: [
      { to: 'EventType', from: '', as: constant('Alert') },
      { to: 'EventSubType', from: '', as: constant('Suspicious Activity') },
      { to: 'EventUid', from: ['finding_info.uid', 'metadata.uid'] },
      { to: 'EventStartTime', from: 'finding_info.first_seen_time', as: iso, type: 'datetime' },
      { to: 'EventEndTime', from: 'finding_info.last_seen_time', as: iso, type: 'datetime' },
      { to: 'EventMessage', from: ['message', 'finding_info.desc'] },
      { to: 'EventReportUrl', from: 'finding_info.src_url' },
      { to: 'AlertName', from: 'finding_info.title' },
      {
        to: 'AlertStatus',
        from: 'status_id',
        as: oneOf({ 1: 'Active', 2: 'Active', 3: 'Active', 4: 'Closed', 5: 'Closed', 6: 'Closed' }),
      },
      { to: 'AlertOriginalStatus', from: 'status' },
      { to: 'AlertVerdict', from: 'verdict_id', as: oneOf({ 1: 'False Positive', 2: 'True Positive', 5: 'Benign Positive' }) },
      { to: 'RuleName', from: ['finding_info.analytic.name', 'finding_info.title'] },
      { to: 'RuleDescription', from: 'finding_info.desc' },
      { to: 'AttackTactics', from: 'finding_info.attacks', as: value => list(value, ({ tactic }) => named(tactic)) },
      {
        to: 'AttackTechniques',
        from: 'finding_info.attacks',
        as: value => list(value, ({ technique, sub_technique }) => named(sub_technique) || named(technique)),
      },
      { to: 'DetectionMethod', from: 'finding_info.analytic.type_id', as: oneOf({ 2: 'Behavioral Analytics' }, 'Other') },
      { to: 'ThreatRiskLevel', from: 'risk_score', as: int, type: 'int' },
      { to: 'ThreatConfidence', from: 'confidence_score', as: int, type: 'int' },
      { to: 'Username', from: ['actor.user.name', 'actor.user.uid'] },
      { to: 'UsernameType', from: ['actor.user.name', 'actor.user.uid'], as: ifText('Simple') },
      { to: 'UserId', from: 'actor.user.uid' },
      { to: 'UserIdType', from: 'actor.user.uid', as: idType },
      { to: 'UserSessionId', from: 'actor.session.uid' },
      { to: 'DvcHostname', from: '', as: (_, event) => functionOf(event)?.name },
      { to: 'DvcId', from: '', as: (_, event) => functionOf(event)?.arn },
      { to: 'DvcId', from: 'resources.0.uid' },
      { to: 'DvcIdType', from: '', as: (_, event) => (functionOf(event) === undefined ? undefined : 'Other') },
      ...source,
    ],
  },
  audit: {
    stream: 'Custom-WeirAudit',
    output: 'Microsoft-ASimAuditEventLogs',
    schema: 'AuditEvent',
    version: '0.1.2',
    fallback: { Operation: 'unknown', Object: 'unknown' },
    rows: [{ to: 'EventType', from: '', as: auditType }, ...audit, ...occurrence],
  },
  authentication: {
    stream: 'Custom-WeirAuthentication',
    output: 'Microsoft-ASimAuthenticationEventLogs',
    schema: 'Authentication',
    version: '0.1.4',
    fallback: {},
    rows: [
      { to: 'EventType', from: 'activity_id', as: oneOf({ 2: 'Logoff', 7: 'Elevate' }, 'Logon') },
      {
        to: 'EventSubType',
        from: 'api.operation',
        as: value => (String(text(value)).startsWith('AssumeRole') ? 'AssumeRole' : undefined),
      },
      { to: 'LogonProtocol', from: 'auth_protocol' },
      { to: 'TargetAppName', from: ['service.name', 'api.service.name'] },
      { to: 'TargetAppType', from: ['service.name', 'api.service.name'], as: ifText('Service') },
      { to: 'TargetSessionId', from: 'session.uid' },
      { to: 'TargetHostname', from: 'dst_endpoint.hostname' },
      { to: 'TargetIpAddr', from: 'dst_endpoint.ip', as: ip },
      ...targetUser,
      ...actor,
      ...source,
      ...userAgent,
      ...occurrence,
    ],
  },
  userManagement: {
    stream: 'Custom-WeirUserManagement',
    output: 'Microsoft-ASimUserManagementActivityLogs',
    schema: 'UserManagement',
    version: '0.1.2',
    fallback: { ActorUsername: 'unknown' },
    rows: [
      {
        to: 'EventType',
        from: 'activity_id',
        as: oneOf(
          {
            1: 'UserCreated',
            2: 'UserEnabled',
            3: 'PasswordChanged',
            4: 'PasswordReset',
            5: 'UserDisabled',
            6: 'UserDeleted',
            9: 'UserLocked',
            12: 'UserUnlocked',
          },
          'UserModified',
        ),
      },
      ...targetUser,
      ...actor,
      ...source,
      ...userAgent,
      ...occurrence,
    ],
  },
  web: {
    stream: 'Custom-WeirWebSession',
    output: 'Microsoft-ASimWebSessionLogs',
    schema: 'WebSession',
    version: '0.2.7',
    fallback: { Url: 'unknown' },
    rows: [
      { to: 'EventType', from: '', as: constant('WebServerSession') },
      {
        to: 'EventResult',
        from: 'http_response.code',
        as: code => (int(code) === undefined ? undefined : (code as number) < 400 ? 'Success' : 'Failure'),
      },
      { to: 'EventResultDetails', from: 'http_response.code', as: text },
      { to: 'Url', from: ['http_request.url.url_string', 'http_request.url.path'] },
      { to: 'HttpRequestMethod', from: 'http_request.http_method' },
      { to: 'HttpHost', from: ['http_request.url.hostname', 'http_request.url.domain'] },
      { to: 'HttpReferrer', from: 'http_request.referrer' },
      { to: 'HttpVersion', from: 'http_request.version' },
      { to: 'SrcIpAddr', from: 'src_endpoint.ip', as: ip },
      { to: 'SrcPortNumber', from: 'src_endpoint.port', as: int, type: 'int' },
      { to: 'DstIpAddr', from: 'dst_endpoint.ip', as: ip },
      { to: 'DstPortNumber', from: 'dst_endpoint.port', as: int, type: 'int' },
      { to: 'DstHostname', from: ['dst_endpoint.hostname', 'dst_endpoint.domain'] },
      { to: 'SrcBytes', from: 'traffic.bytes_out', as: int, type: 'long' },
      { to: 'DstBytes', from: 'traffic.bytes_in', as: int, type: 'long' },
      ...userAgent,
      ...occurrence,
    ],
  },
  network: {
    stream: 'Custom-WeirNetworkSession',
    output: 'Microsoft-ASimNetworkSessionLogs',
    schema: 'NetworkSession',
    version: '0.2.7',
    fallback: {},
    rows: [
      { to: 'EventType', from: 'activity_id', as: oneOf({ 6: 'Flow' }, 'NetworkSession') },
      { to: 'EventResult', from: 'action_id', as: oneOf({ 1: 'Success', 2: 'Failure' }) },
      { to: 'NetworkProtocol', from: 'connection_info.protocol_name', as: value => text(value)?.toUpperCase() },
      {
        to: 'NetworkDirection',
        from: 'connection_info.direction_id',
        as: oneOf({ 1: 'Inbound', 2: 'Outbound', 3: 'Local' }, 'NA'),
      },
      { to: 'NetworkApplicationProtocol', from: ['app_protocol_name', 'app_name'] },
      { to: 'NetworkDuration', from: 'duration', as: int, type: 'int' },
      { to: 'NetworkBytes', from: 'traffic.bytes', as: int, type: 'long' },
      { to: 'NetworkPackets', from: 'traffic.packets', as: int, type: 'long' },
      ...source,
      { to: 'SrcBytes', from: 'traffic.bytes_out', as: int, type: 'long' },
      { to: 'SrcPackets', from: 'traffic.packets_out', as: int, type: 'long' },
      { to: 'SrcDvcId', from: 'src_endpoint.instance_uid' },
      { to: 'SrcInterfaceName', from: 'src_endpoint.interface_uid' },
      { to: 'DstIpAddr', from: 'dst_endpoint.ip', as: ip },
      { to: 'DstPortNumber', from: 'dst_endpoint.port', as: int, type: 'int' },
      { to: 'DstHostname', from: ['dst_endpoint.hostname', 'dst_endpoint.domain'] },
      { to: 'DstBytes', from: 'traffic.bytes_in', as: int, type: 'long' },
      { to: 'DstPackets', from: 'traffic.packets_in', as: int, type: 'long' },
      ...occurrence,
    ],
  },
  process: {
    stream: 'Custom-WeirProcess',
    output: 'Microsoft-ASimProcessEventLogs',
    schema: 'ProcessEvent',
    version: '0.1.4',
    fallback: {
      ActorUsername: 'unknown',
      ActingProcessId: 'unknown',
      TargetProcessId: 'unknown',
      TargetProcessName: 'unknown',
      TargetProcessCommandLine: 'unknown',
    },
    rows: [
      { to: 'EventType', from: 'activity_id', as: oneOf({ 1: 'ProcessCreated', 2: 'ProcessTerminated' }) },
      { to: 'TargetProcessId', from: 'process.pid', as: text },
      { to: 'TargetProcessName', from: ['process.path', 'process.name'] },
      { to: 'TargetProcessFilename', from: ['process.file.name', 'process.name'] },
      { to: 'TargetProcessCommandLine', from: 'process.cmd_line' },
      { to: 'TargetProcessCurrentDirectory', from: 'process.working_directory' },
      { to: 'TargetProcessGuid', from: 'process.uid' },
      { to: 'TargetProcessStatusCode', from: 'exit_code', as: text },
      { to: 'TargetUsername', from: ['process.user.name', 'actor.user.name'] },
      { to: 'TargetUserId', from: 'process.user.uid' },
      { to: 'ActingProcessId', from: ['process.parent_process.pid', 'actor.process.pid'], as: text },
      { to: 'ActingProcessName', from: ['process.parent_process.path', 'process.parent_process.name', 'actor.process.name'] },
      { to: 'ActingProcessCommandLine', from: ['process.parent_process.cmd_line', 'actor.process.cmd_line'] },
      ...actor,
      ...occurrence,
    ],
  },
  file: {
    stream: 'Custom-WeirFile',
    output: 'Microsoft-ASimFileEventLogs',
    schema: 'FileEvent',
    version: '0.2.1',
    fallback: { ActorUsername: 'unknown', TargetFilePath: 'unknown' },
    rows: [
      { to: 'EventType', from: 'activity_id', as: oneOf(FILE_TYPES) },
      { to: 'TargetFileName', from: 'file.name' },
      { to: 'TargetFilePath', from: ['file.path', 'file.name'] },
      { to: 'TargetFilePathType', from: '', as: constant('Unix') },
      { to: 'TargetFileSize', from: 'file.size', as: int, type: 'long' },
      { to: 'TargetFileSHA256', from: 'file.hashes', as: sha256 },
      { to: 'ActingProcessId', from: 'actor.process.pid', as: text },
      { to: 'ActingProcessName', from: ['actor.process.path', 'actor.process.name'] },
      { to: 'ActingProcessCommandLine', from: 'actor.process.cmd_line' },
      ...actor,
      ...occurrence,
    ],
  },
  event: {
    stream: 'Custom-WeirEvent_CL',
    output: 'Custom-WeirEvent_CL',
    fallback: {},
    rows: [{ to: 'EventType', from: '', as: constant('Other') }, ...occurrence],
  },
} satisfies Record<string, AsimKind>

function auditType(_: unknown, event: OcsfEvent): string {
  const api = ['Other', 'Create', 'Read', 'Set', 'Delete']
  const lifecycle = ['Other', 'Install', 'Delete', 'Start', 'Stop', 'Other', 'Enable', 'Disable', 'Set']
  return (event.class_uid === CLASS.apiActivity ? api : lifecycle)[event.activity_id] ?? 'Other'
}

const byClass: Readonly<Record<number, keyof typeof kinds>> = {
  [CLASS.detectionFinding]: 'alert',
  [CLASS.apiActivity]: 'audit',
  [CLASS.applicationLifecycle]: 'audit',
  [CLASS.authentication]: 'authentication',
  [CLASS.accountChange]: 'userManagement',
  [CLASS.httpActivity]: 'web',
  [CLASS.networkActivity]: 'network',
}

/** The kind of an event, by class; of what a process did, ASIM knows its start and its end, and of files what is done to one. */
export function kindOf(event: OcsfEvent): AsimKind {
  if (event.class_uid === CLASS.fileActivity) return FILE_TYPES[event.activity_id] === undefined ? kinds.event : kinds.file
  if (event.class_uid === CLASS.processActivity)
    return event.activity_id === 1 || event.activity_id === 2 ? kinds.process : kinds.event
  return kinds[byClass[event.class_uid] ?? 'event']
}

/** Characters of a column; Azure Monitor cuts off what is beyond 64 KB, which would leave broken JSON. */
const MAX_COLUMN = 60_000

/** Leftovers that fit a column: the largest attributes go first, and their names say so. */
function additionalFields(leftovers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (JSON.stringify(leftovers).length <= MAX_COLUMN) return leftovers
  const sizes = Object.entries(leftovers).map(([name, value]) => ({ name, size: JSON.stringify(value)?.length ?? 0 }))
  const kept: Record<string, unknown> = { ...leftovers }
  const omitted: string[] = []
  let size = sizes.reduce((sum, each) => sum + each.size + each.name.length + 4, 0)
  for (const each of sizes.sort((a, b) => b.size - a.size)) {
    if (size <= MAX_COLUMN - 1000) break
    delete kept[each.name]
    omitted.push(each.name)
    size -= each.size
  }
  return { ...kept, weir_omitted: omitted }
}

const mappers = new Map<AsimKind, (event: OcsfEvent) => Mapped>()

/** An event as a row of its stream; `AdditionalFields` has what ASIM has no column for. */
export function toAsim(event: OcsfEvent): Record<string, unknown> {
  const kind = kindOf(event)
  let map = mappers.get(kind)
  if (map === undefined) mappers.set(kind, (map = compile([...kind.rows, ...common])))
  const { fields, leftovers } = map(event)
  for (const [name, value] of Object.entries(kind.fallback)) fields[name] ??= value
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && value.length > MAX_COLUMN) fields[name] = `${value.slice(0, MAX_COLUMN)}…`
  }
  if (kind.schema !== undefined) Object.assign(fields, { EventSchema: kind.schema, EventSchemaVersion: kind.version })
  return { ...fields, AdditionalFields: additionalFields(leftovers) }
}

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** Every column that a kind's rows can give, with its type: what the data collection rule declares. */
export function columnsOf(kind: AsimKind): readonly Column[] {
  const columns = new Map<string, ColumnType>()
  for (const row of [...kind.rows, ...common]) columns.set(row.to, columns.get(row.to) ?? row.type ?? 'string')
  if (kind.schema !== undefined) columns.set('EventSchema', 'string').set('EventSchemaVersion', 'string')
  columns.set('AdditionalFields', 'dynamic')
  return [...columns].map(([name, type]) => ({ name, type }))
}
