import { CLASS, OCSF_VERSION, type OcsfEvent } from './types.ts'

/** A class's uid, of those that Weir emits. */
export type ClassUid = (typeof CLASS)[keyof typeof CLASS]

/** What the head of an event says in words, and what a class asks of its events beyond the base attributes. OCSF 1.8.0. */
interface OcsfClass {
  readonly caption: string
  /** Captions of the activities by id, from 1. 0 is Unknown and 99 Other in every class. */
  readonly activities: readonly string[]
  readonly required?: readonly string[]
  /** At least one of these must be there. */
  readonly anyOf?: readonly string[]
}

const CATEGORIES: Readonly<Record<number, string>> = {
  0: 'Uncategorized',
  1: 'System Activity',
  2: 'Findings',
  3: 'Identity & Access Management',
  4: 'Network Activity',
  5: 'Discovery',
  6: 'Application Activity',
}

const SEVERITIES = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical', 'Fatal']

const CLASSES: Readonly<Record<ClassUid, OcsfClass>> = {
  [CLASS.baseEvent]: { caption: 'Base Event', activities: [] },
  [CLASS.fileActivity]: {
    caption: 'File System Activity',
    activities: [
      'Create',
      'Read',
      'Update',
      'Delete',
      'Rename',
      'Set Attributes',
      'Set Security',
      'Get Attributes',
      'Get Security',
      'Encrypt',
      'Decrypt',
      'Mount',
      'Unmount',
      'Open',
    ],
    required: ['actor', 'device', 'file'],
  },
  [CLASS.processActivity]: {
    caption: 'Process Activity',
    activities: ['Launch', 'Terminate', 'Open', 'Inject', 'Set User ID'],
    required: ['actor', 'device', 'process'],
  },
  [CLASS.detectionFinding]: {
    caption: 'Detection Finding',
    activities: ['Create', 'Update', 'Close'],
    required: ['finding_info'],
  },
  [CLASS.accountChange]: {
    caption: 'Account Change',
    activities: [
      'Create',
      'Enable',
      'Password Change',
      'Password Reset',
      'Disable',
      'Delete',
      'Attach Policy',
      'Detach Policy',
      'Lock',
      'MFA Factor Enable',
      'MFA Factor Disable',
      'Unlock',
    ],
    required: ['user'],
  },
  [CLASS.authentication]: {
    caption: 'Authentication',
    activities: [
      'Logon',
      'Logoff',
      'Authentication Ticket',
      'Service Ticket Request',
      'Service Ticket Renew',
      'Preauth',
      'Account Switch',
    ],
    required: ['user'],
    anyOf: ['service', 'dst_endpoint'],
  },
  [CLASS.networkActivity]: {
    caption: 'Network Activity',
    activities: ['Open', 'Close', 'Reset', 'Fail', 'Refuse', 'Traffic', 'Listen'],
    anyOf: ['src_endpoint', 'dst_endpoint'],
  },
  [CLASS.httpActivity]: {
    caption: 'HTTP Activity',
    activities: ['Connect', 'Delete', 'Get', 'Head', 'Options', 'Post', 'Put', 'Trace', 'Patch'],
    anyOf: ['http_request', 'http_response'],
  },
  [CLASS.softwareInventory]: { caption: 'Software Inventory Info', activities: ['Log', 'Collect'], required: ['device'] },
  [CLASS.applicationLifecycle]: {
    caption: 'Application Lifecycle',
    activities: ['Install', 'Remove', 'Start', 'Stop', 'Restart', 'Enable', 'Disable', 'Update'],
    required: ['app'],
  },
  [CLASS.apiActivity]: {
    caption: 'API Activity',
    activities: ['Create', 'Read', 'Update', 'Delete'],
    required: ['actor', 'api', 'src_endpoint'],
  },
  [CLASS.applicationError]: { caption: 'Application Error', activities: ['General Error', 'Translation Error'] },
}

/** The attributes that follow from class, activity and severity. */
export interface OcsfHead {
  readonly class_uid: ClassUid
  readonly class_name: string
  readonly category_uid: number
  readonly category_name: string
  readonly activity_id: number
  readonly activity_name: string
  readonly type_uid: number
  readonly type_name: string
  readonly severity_id: number
  readonly severity: string
}

/** `class_uid × 100 + activity_id`. */
export const typeUid = (classUid: ClassUid, activityId: number): number => classUid * 100 + activityId

/** Whether Weir emits this class. */
export const isClassUid = (uid: number): uid is ClassUid => Object.hasOwn(CLASSES, uid)

/** The caption of an activity; undefined for one that the class does not have. */
export function activityName(classUid: ClassUid, activityId: number): string | undefined {
  if (activityId === 0) return 'Unknown'
  return activityId === 99 ? 'Other' : CLASSES[classUid].activities[activityId - 1]
}

/** An event's head: ids and the captions that belong to them. RangeError for an activity that the class does not have. */
export function ocsfHead(classUid: ClassUid, activityId: number, severityId: number): OcsfHead {
  const { caption } = CLASSES[classUid]
  const activity = activityName(classUid, activityId)
  if (activity === undefined) throw new RangeError(`OCSF class ${classUid}: no activity ${activityId}`)
  const category = Math.floor(classUid / 1000)
  return {
    class_uid: classUid,
    class_name: caption,
    category_uid: category,
    category_name: CATEGORIES[category] ?? 'Uncategorized',
    activity_id: activityId,
    activity_name: activity,
    type_uid: typeUid(classUid, activityId),
    type_name: `${caption}: ${activity}`,
    severity_id: severityId,
    severity: SEVERITIES[severityId] ?? 'Other',
  }
}

/**
 * What is wrong with an event, as far as its own top-level attributes tell: one message each, none for a sound event. Cheap, for tests and for
 * the last step of a new source; the types inside its objects are not looked at.
 */
export function checkOcsf(event: OcsfEvent): string[] {
  const { class_uid: uid, activity_id: activity } = event
  if (!isClassUid(uid)) return [`class_uid: ${uid} is not a class that Weir emits`]
  const { required = [], anyOf = [] } = CLASSES[uid]
  const wrong: string[] = []
  const expect = (holds: boolean, message: string): void => void (holds || wrong.push(message))
  expect(activityName(uid, activity) !== undefined, `activity_id: class ${uid} has no ${activity}`)
  expect(event.type_uid === typeUid(uid, activity), 'type_uid: expected class_uid × 100 + activity_id')
  expect(event.category_uid === Math.floor(uid / 1000), `category_uid: expected ${Math.floor(uid / 1000)}`)
  expect(Number.isSafeInteger(event.time) && event.time >= 0, 'time: expected epoch milliseconds')
  expect(SEVERITIES[event.severity_id] !== undefined || event.severity_id === 99, 'severity_id: expected 0–6 or 99')
  expect(event.metadata.version === OCSF_VERSION, `metadata.version: expected ${OCSF_VERSION}`)
  expect(event.metadata.uid !== '', 'metadata.uid: missing')
  for (const name of required) expect(event[name] !== undefined, `${name}: required by class ${uid}`)
  expect(anyOf.length === 0 || anyOf.some(name => event[name] !== undefined), `class ${uid} needs one of ${anyOf.join(', ')}`)
  for (const [name, value] of Object.entries(event)) expect(value !== null, `${name}: null; leave it out`)
  return wrong
}
