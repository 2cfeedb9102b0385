import { createHash } from 'node:crypto'
import { type Detection, mappings } from '@weir/detections'
import { CLASS, OCSF_VERSION, type OcsfEvent, SEVERITY } from '@weir/schema/ocsf'
import type { RuleMeta } from '@weir/sigma'

const CAPTION = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const
const MAX_EVIDENCE_EVENTS = 10

/** Where a detection comes from, as OCSF's `analytic.type_id` counts them. */
export type AnalyticType = 'rule' | 'behavioral'
const ANALYTIC = { rule: { type_id: 1, type: 'Rule' }, behavioral: { type_id: 2, type: 'Behavioral' } } as const

/** A finding's uid: rule, group and window, so that a redelivered batch makes the same finding again and not another. */
export function findingUid(rule: string, group: string, window: string): string {
  return createHash('sha256').update(`${rule}\0${group}\0${window}`).digest('hex').slice(0, 32)
}

/**
 * A detection as an OCSF Detection Finding (2004). `now` is when Weir found it; the finding's own time is that of its last event. The
 * rule's author and licence travel with it, as the Detection Rule License asks.
 */
export function makeFinding(meta: RuleMeta, type: AnalyticType, detection: Detection, pack: string): OcsfEvent {
  const uid = findingUid(meta.id, detection.group, detection.window)
  const times = detection.events.map(event => event.time)
  const last = times.length > 0 ? Math.max(...times) : 0
  const first = times.length > 0 ? Math.min(...times) : last
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
        category: type === 'rule' ? 'Sigma' : 'Weir',
        ...(pack ? { version: pack } : {}),
      },
      ...(attacks.length > 0 ? { attacks } : {}),
      created_time: last,
      first_seen_time: first,
      last_seen_time: last,
      data_sources: [...new Set(detection.events.map(event => event.source))],
      related_events: detection.events.slice(0, MAX_EVIDENCE_EVENTS).map(event => ({ uid: event.uid, type: event.source })),
      ...(meta.references?.[0] ? { src_url: meta.references[0] } : {}),
      types: [type],
    },
    evidences: [
      {
        data: { ...detection.evidence, group: detection.group },
        ...(body?.['src_endpoint'] ? { src_endpoint: body['src_endpoint'] } : {}), // a finding has no endpoint of its own
      },
    ],
    ...(identity?.function
      ? { resources: [{ uid: identity.function, type: 'AWS::Lambda::Function', ...(name ? { name } : {}) }] }
      : Array.isArray(body?.['resources'])
        ? { resources: body['resources'] }
        : {}),
    cloud: {
      provider: (body?.['cloud'] as { provider?: string } | undefined)?.provider ?? 'AWS',
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
      claimed: identity?.claimed ?? false,
      events: detection.events.length,
    },
  }
}
