import { CLASS, OCSF_VERSION, type OcsfEvent } from '@weir/schema/ocsf'
import { defined, type Fields } from './values.ts'

/** Captions of the classes that sources emit, and their categories. */
const CLASSES: Readonly<Record<number, readonly [className: string, categoryUid: number, categoryName: string]>> = {
  [CLASS.baseEvent]: ['Base Event', 0, 'Uncategorized'],
  [CLASS.fileActivity]: ['File System Activity', 1, 'System Activity'],
  [CLASS.processActivity]: ['Process Activity', 1, 'System Activity'],
  [CLASS.accountChange]: ['Account Change', 3, 'Identity & Access Management'],
  [CLASS.authentication]: ['Authentication', 3, 'Identity & Access Management'],
  [CLASS.networkActivity]: ['Network Activity', 4, 'Network Activity'],
  [CLASS.httpActivity]: ['HTTP Activity', 4, 'Network Activity'],
  [CLASS.softwareInventory]: ['Software Inventory Info', 5, 'Discovery'],
  [CLASS.applicationLifecycle]: ['Application Lifecycle', 6, 'Application Activity'],
  [CLASS.apiActivity]: ['API Activity', 6, 'Application Activity'],
  [CLASS.applicationError]: ['Application Error', 6, 'Application Activity'],
}

/** Captions of severities, by number. */
export const SEVERITIES = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical', 'Fatal'] as const
const STATUSES = ['Unknown', 'Success', 'Failure'] as const

/** What an event is: its class and what happened, as OCSF counts it. */
export interface Activity {
  readonly classUid: number
  readonly id: number
  readonly name: string
}

/** An event's head: what every class has. */
export interface Head {
  readonly activity: Activity
  readonly uid: string
  readonly time: number
  readonly severity: number
  /** 1 Success, 2 Failure. */
  readonly status?: 1 | 2 | undefined
  readonly metadata: Fields & { readonly product: { readonly vendor_name: string; readonly name: string } }
}

/** An OCSF event of its head and the attributes of its class. Attributes that are `undefined` are left out. */
export function ocsfEvent({ activity, uid, time, severity, status, metadata }: Head, attributes: Fields): OcsfEvent {
  const [className, categoryUid, categoryName] = CLASSES[activity.classUid] ?? ['Base Event', 0, 'Uncategorized']
  return {
    class_uid: activity.classUid,
    class_name: className,
    category_uid: categoryUid,
    category_name: categoryName,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: activity.classUid * 100 + activity.id,
    time,
    severity_id: severity,
    severity: SEVERITIES[severity] ?? 'Other',
    ...(status === undefined ? undefined : { status_id: status, status: STATUSES[status] }),
    ...defined(attributes),
    metadata: { ...defined(metadata), product: metadata.product, version: OCSF_VERSION, uid },
  }
}

/** OCSF `account.type_id` 10. */
export const awsAccount = (uid: string | undefined): Fields | undefined =>
  uid === undefined ? undefined : { uid, type_id: 10, type: 'AWS Account' }

/** The object of the cloud profile. */
export const awsCloud = (account: string | undefined, region: string | undefined): Fields =>
  defined({ provider: 'AWS', region, account: awsAccount(account) })

/** OCSF observable types. */
const OBSERVABLE = { ip: 2, user: 4, resource: 10, credential: 19 } as const
const OBSERVABLE_TYPE = {
  ip: 'IP Address',
  user: 'User Name',
  resource: 'Resource UID',
  credential: 'User Credential ID',
} as const

/** Values by which an analyst looks for other events: attribute path, kind, value. */
export function observables(
  ...found: readonly (readonly [name: string, kind: keyof typeof OBSERVABLE, value: unknown])[]
): readonly Fields[] | undefined {
  const list = found
    .filter(([, , value]) => typeof value === 'string' && value !== '')
    .map(([name, kind, value]) => ({ name, type_id: OBSERVABLE[kind], type: OBSERVABLE_TYPE[kind], value }))
  return list.length > 0 ? list : undefined
}
