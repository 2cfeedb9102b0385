import { createHash } from 'node:crypto'
import type { CorrelationMatch, Correlator, CorrelatorContext, CorrelatorOptions, Match, StateStore } from '@weir/sigma'
import type { Config } from './config.ts'
import type { Event } from './event.ts'
import type { Found } from './finding.ts'
import { measure } from './observe.ts'

/** The correlations that run over the matches of the rules. */
export interface Correlations {
  readonly correlator: EventCorrelator
  /** Ids of the rules that correlations look at. */
  readonly feeding: ReadonlySet<string>
}

/** A correlator, or what stands in for one, of the events that ingest knows. */
export interface EventCorrelator extends Pick<Correlator, 'close'> {
  observe(matched: readonly Matched[], context: CorrelatorContext): Promise<readonly CorrelationMatch[]>
}

/** An event that rules matched. */
export interface Matched {
  readonly event: Event
  readonly matches: readonly Match[]
}

/** How a config has correlations run. */
export const correlatorOptions = ({ latenessMinutes, suppressionMinutes }: Config['detections']): CorrelatorOptions => ({
  lateness: latenessMinutes * 60_000,
  ...(suppressionMinutes !== undefined && { suppression: suppressionMinutes * 60_000 }),
})

const BATCH_LENGTH = 200 // what a correlator takes

/** Counts an input's matches. `batch` names the input and is the same on redelivery. */
export async function correlate(
  matched: readonly Matched[],
  batch: string,
  now: number,
  state: StateStore,
  { correlator }: Correlations,
): Promise<readonly CorrelationMatch[]> {
  if (matched.length === 0) return []
  const name = batch.length <= BATCH_LENGTH ? batch : createHash('sha256').update(batch).digest('base64url')
  const late: CorrelatorContext['late'] = ({ meta }, events) => measure('weir.correlations.late', events, { title: meta.title })
  return correlator.observe(matched, { batch: name, now, state, late })
}

const CAVEATS: Readonly<Record<CorrelationMatch['caveats'][number], string>> = {
  late: 'an event came later than windows wait for, or from the future',
  capped: 'there were more events than are kept',
}
const ABOUT_LENGTH = 256

/** A correlation that holds, as a finding says it. Of events that came before those at hand, only uids are known. */
export function fromCorrelation(match: CorrelationMatch, atHand: ReadonlyMap<string, Event>): Found {
  const { rule, group, groupBy, window, events, caveats } = match
  const { from, to, ...evidence } = match.evidence
  const about = Object.values(groupBy).join(', ').slice(0, ABOUT_LENGTH)
  const inexact = caveats.length > 0 ? ` (inexact: ${caveats.map(caveat => CAVEATS[caveat]).join('; ')})` : ''
  return {
    group,
    window: `${window.start}-${window.end}`,
    message: `${rule.meta.title}${about ? `: ${about}` : ''}${inexact}`,
    events: events.flatMap(uid => atHand.get(uid) ?? []),
    uids: events,
    first: timeOf(from, window.start),
    last: timeOf(to, window.end),
    evidence: { ...evidence, groupBy, ...(caveats.length > 0 ? { caveats } : {}) },
    about,
  }
}

const timeOf = (said: unknown, otherwise: number): number =>
  typeof said === 'number' && Number.isFinite(said) ? said : otherwise
