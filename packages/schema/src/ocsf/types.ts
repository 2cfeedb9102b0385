/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * An OCSF 1.8.0 event: the attributes every class has, and the rest by name. Optional attributes are absent, never null.
 * Names, enumerations and required attributes: the OCSF schema, tag 1.8.0.
 */
export interface OcsfEvent {
  readonly class_uid: number
  readonly category_uid: number
  readonly activity_id: number
  /** class_uid × 100 + activity_id */
  readonly type_uid: number
  /** Epoch milliseconds. */
  readonly time: number
  /** 0 Unknown, 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal, 99 Other. */
  readonly severity_id: number
  readonly metadata: OcsfMetadata
  readonly [attribute: string]: unknown
}

export interface OcsfMetadata {
  readonly version: '1.8.0'
  /** The event's uid: the same on every redelivery. */
  readonly uid: string
  readonly product: { readonly vendor_name: string; readonly name: string; readonly [attribute: string]: unknown }
  readonly [attribute: string]: unknown
}

/** The classes Weir emits. */
export const CLASS = {
  baseEvent: 0,
  fileActivity: 1001,
  processActivity: 1007,
  detectionFinding: 2004,
  authentication: 3002,
  accountChange: 3001,
  networkActivity: 4001,
  httpActivity: 4002,
  softwareInventory: 5020,
  applicationLifecycle: 6002,
  apiActivity: 6003,
  applicationError: 6008,
} as const

export const SEVERITY = { unknown: 0, informational: 1, low: 2, medium: 3, high: 4, critical: 5 } as const

/** The version of OCSF that every event says it follows. */
export const OCSF_VERSION = '1.8.0'
