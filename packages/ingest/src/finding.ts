import { createHash } from 'node:crypto'
import { type Detection, mappings } from '@weir/detections'
import { CLASS, OCSF_VERSION, type OcsfEvent, SEVERITY } from '@weir/schema/ocsf'
import type { RuleMeta } from '@weir/sigma'

const CAPTION = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const
const MAX_EVIDENCE_EVENTS = 10
const MAX_UIDS = 32 // a correlation names so many, and has nothing else to show for those of earlier batches

/** Where a detection comes from. OCSF's `analytic.type_id` knows no correlation: to it, it is a rule. */
export type AnalyticType = 'rule' | 'correlation' | 'behavioral'
const ANALYTIC = {
  rule: { type_id: 1, type: 'Rule', category: 'Sigma' },
  correlation: { type_id: 1, type: 'Rule', category: 'Sigma correlation' },
  behavioral: { type_id: 2, type: 'Behavioral', category: 'Weir' },
} as const

/** A detection, with what its events do not say where they are not all at hand. */
export interface Found extends Detection {
  /** What it is about, for a person, where the group is written for machines. */
  readonly about?: string
  /** Uids of all events that took part; those of `events` unless given. */
  readonly uids?: readonly string[]
  /** Times of the first and the last event that took part, epoch milliseconds; of `events` unless given. */
  readonly first?: number
  readonly last?: number
}

/** A finding's uid: rule, group and window, so that a redelivered batch makes the same finding again and not another. */
export function findingUid(rule: string, group: string, window: string): string {
  return createHash('sha256').update(`${rule}\0${group}\0${window}`).digest('hex').slice(0, 32)
}

/**
 * A detection as an OCSF Detection Finding (2004). `now` is when Weir found it; the finding's own time is that of its last event. The
 * rule's author and licence travel with it, as the Detection Rule License asks.
 */
export function makeFinding(meta: RuleMeta, type: AnalyticType, detection: Found, pack: string): OcsfEvent {
  const uid = findingUid(meta.id, detection.group, detection.window)
  const times = detection.events.map(event => event.time)
  const last = detection.last ?? (times.length > 0 ? Math.max(...times) : 0)
  const first = detection.first ?? (times.length > 0 ? Math.min(...times) : last)
  const sources = new Map(detection.events.map(event => [event.uid, event.source]))
  const uids = detection.uids ?? [...sources.keys()]
  const severity = SEVERITY[meta.level]
  const { attacks, ...compliance } = mappings(meta.tags ?? [])
  const sample = detection.events[detection.events.length - 1]
  const identity = sample?.identity
  const body = sample?.ocsf
  const name = identity?.function?.split(':')[6]
  return {
    class_uid: CLASS.detectionFinding,
    class_name: 'Detection Finding',
    category_uid: 2,
    category_name: 'Findings',
    activity_id: 1,
    activity_name: 'Create',
    type_uid: CLASS.detectionFinding * 100 + 1,
    type_name: 'Detection Finding: Create',
    time: last,
    severity_id: severity,
    severity: CAPTION[severity],
    status_id: 1,
    status: 'New',
    is_alert: true,
    message: detection.message,
    metadata: {
      version: OCSF_VERSION,
      uid,
      product: { vendor_name: 'Weir', name: 'Weir', feature: { name: 'detect' } },
      profiles: ['cloud', 'host', 'security_control'], // host: who acted
      ...(meta.tags && meta.tags.length > 0 ? { labels: [...meta.tags] } : {}),
    },
    finding_info: {
      uid,
      title: meta.title,
      ...(meta.description ? { desc: meta.description } : {}),
      analytic: {
        ...ANALYTIC[type],
        uid: meta.id,
        name: meta.title,
        ...(pack ? { version: pack } : {}),
      },
      ...(attacks.length > 0 ? { attacks } : {}),
      created_time: last,
      first_seen_time: first,
      last_seen_time: last,
      data_sources: [...new Set(sources.values())],
      related_events: uids.slice(0, detection.uids ? MAX_UIDS : MAX_EVIDENCE_EVENTS).map(of => {
        const source = sources.get(of)
        return { uid: of, ...(source ? { type: source } : {}) }
      }),
      ...(meta.references?.[0] ? { src_url: meta.references[0] } : {}),
      types: [type],
    },
    evidences: [
      {
        data: { ...detection.evidence, group: detection.about ?? detection.group },
        ...(body?.['src_endpoint'] ? { src_endpoint: body['src_endpoint'] } : {}), // a finding has no endpoint of its own
      },
    ],
    ...(identity?.function
      ? { resources: [{ uid: identity.function, type: 'AWS::Lambda::Function', ...(name ? { name } : {}) }] }
      : Array.isArray(body?.['resources'])
        ? { resources: body['resources'] }
        : {}),
    cloud: {
      provider: (body?.['cloud'] as { provider?: string } | undefined)?.provider ?? (sample ? 'AWS' : 'Unknown'),
      ...(identity?.account ? { account: { uid: identity.account } } : {}),
      ...(identity?.region ? { region: identity.region } : {}),
    },
    ...(body?.['actor'] ? { actor: body['actor'] } : {}),
    unmapped: {
      ...compliance,
      ...(meta.author ? { rule_author: meta.author } : {}),
      ...(meta.license ? { rule_license: meta.license } : {}),
      ...(meta.falsepositives && meta.falsepositives.length > 0 ? { false_positives: [...meta.falsepositives] } : {}),
      ...(identity?.sandbox ? { sandbox: identity.sandbox, sequence: identity.sequence } : {}),
      ...(sample || uids.length === 0 ? { claimed: detection.events.some(event => event.identity.claimed) } : {}),
      events: uids.length,
    },
  }
}
