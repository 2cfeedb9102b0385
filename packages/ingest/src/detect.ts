import type { Detection, Detector, DetectorOptions } from '@weir/detections'
import type { OcsfEvent } from '@weir/schema/ocsf'
import {
  type CorrelationMatch,
  covers,
  type Engine,
  type LogSource,
  type Match,
  type RuleMeta,
  type StateStore,
} from '@weir/sigma'
import { type Correlations, correlate, fromCorrelation, type Matched } from './correlate.ts'
import type { Event } from './event.ts'
import { makeFinding } from './finding.ts'

/** The detections that run: the Sigma engine over compiled rules, correlations over what it matches, and the typed detectors. */
export interface Detections {
  readonly engine: Engine
  readonly correlations?: Correlations
  /** Whether what a rule or correlation finds is a finding; what is not may still feed a correlation. */
  readonly isHeard: (meta: RuleMeta) => boolean
  readonly detectors: readonly Detector[]
  readonly options: DetectorOptions
  /** The rule pack's hash, carried by every finding. */
  readonly pack: string
}

export interface Detected {
  readonly findings: readonly OcsfEvent[]
  /** Uids of the events that took part in a finding; of a correlation's, some may have come with earlier inputs. */
  readonly involved: ReadonlySet<string>
  /** Correlations that hold, among the findings. */
  readonly correlated: readonly CorrelationMatch[]
  /** Detectors that threw, by title: a bug of ours or state that cannot be reached. The rest ran. */
  readonly failed: readonly { readonly title: string; readonly error: unknown }[]
}

/** Runs every rule and detector over one input's events. `batch` names the input and is the same on redelivery. */
export async function detect(
  events: readonly Event[],
  batch: string,
  now: number,
  state: StateStore,
  detections: Detections,
): Promise<Detected> {
  const findings = new Map<string, OcsfEvent>()
  const involved = new Set<string>()
  const failed: { title: string; error: unknown }[] = []
  const keep = (finding: OcsfEvent, of: readonly { readonly uid: string }[]): void => {
    findings.set(finding.metadata.uid, finding)
    for (const event of of) involved.add(event.uid)
  }
  const { engine, correlations, isHeard, pack } = detections
  const matched: Matched[] = []
  for (const event of events) {
    try {
      const matches = engine.match(event)
      if (correlations && matches.some(({ rule }) => correlations.feeding.has(rule.meta.id))) matched.push({ event, matches })
      for (const match of matches) {
        if (!isHeard(match.rule.meta)) continue
        keep(makeFinding(match.rule.meta, 'rule', fromMatch(match, event), pack), [event])
      }
    } catch (error) {
      failed.push({ title: 'Sigma rules', error })
    }
  }
  let correlated: readonly CorrelationMatch[] = []
  if (correlations) {
    try {
      correlated = (await correlate(matched, batch, now, state, correlations)).filter(({ rule }) => isHeard(rule.meta))
      const atHand = new Map(matched.map(({ event }) => [event.uid, event]))
      for (const match of correlated) {
        const found = fromCorrelation(match, atHand)
        keep(
          makeFinding(match.rule.meta, 'correlation', found, pack),
          match.events.map(uid => ({ uid })),
        )
      }
    } catch (error) {
      failed.push({ title: 'Sigma correlations', error })
    }
  }
  const covered = coverage(events)
  for (const detector of detections.detectors) {
    const own = covered(detector.logsource)
    if (own.length === 0) continue
    try {
      for (const detection of await detector.detect(own, { batch, now, state, options: detections.options })) {
        keep(makeFinding(detector.meta, 'behavioral', detection, pack), detection.events)
      }
    } catch (error) {
      failed.push({ title: detector.meta.title, error })
    }
  }
  return { findings: [...findings.values()], involved, correlated, failed }
}

/** A match of one event: the group is what the event is about, the window the event itself. */
function fromMatch(match: Match, event: Event): Detection {
  const { identity } = event
  const about = identity.function ?? identity.account ?? event.source
  return {
    group: about,
    window: event.uid,
    message: `${match.rule.meta.title}: ${about}`,
    events: [event],
    evidence: { selections: match.selections, fields: match.fields },
  }
}

/** The events that a log source covers, in their order: worked out once for all detectors of one log source. */
function coverage(events: readonly Event[]): (wanted: LogSource) => readonly Event[] {
  // Events of one source mostly share the object.
  const present = [...new Set(events.map(event => event.logsource))]
  const known = new Map<string, readonly Event[]>()
  return wanted => {
    const key = JSON.stringify([wanted.product, wanted.service, wanted.category])
    let own = known.get(key)
    if (!own) {
      const kinds = new Set(present.filter(has => covers(wanted, has)))
      own = kinds.size === present.length ? events : kinds.size === 0 ? [] : events.filter(event => kinds.has(event.logsource))
      known.set(key, own)
    }
    return own
  }
}
