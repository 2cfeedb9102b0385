import { CLASS, type OcsfEvent } from '@weir/schema/ocsf'
import type { Route } from './config.ts'
import type { Event } from './event.ts'
import type { SpooledEvent } from './spool/spool.ts'

const RELEVANT_CLASSES: ReadonlySet<number> = new Set([CLASS.authentication, CLASS.accountChange, CLASS.applicationError])

/**
 * Security-relevant: it took part in a finding, or it is of a kind that an analyst asks for first (sign-in, a change to accounts, a failed
 * function, a write to the control plane).
 */
export function isSecurityRelevant(event: Event, involved: ReadonlySet<string>): boolean {
  return involved.has(event.uid) || RELEVANT_CLASSES.has(event.classUid) || event.record['readOnly'] === false
}

/** What one sink gets of one input, by its route. The OCSF body of an event that no route takes is never mapped. */
export function routed(
  route: Route,
  input: string,
  events: readonly Event[],
  findings: readonly OcsfEvent[],
  involved: ReadonlySet<string>,
): SpooledEvent[] {
  const out: SpooledEvent[] = []
  if (route !== 'findings') {
    for (const event of events) {
      if (route === 'all' || isSecurityRelevant(event, involved)) out.push({ input, event: event.ocsf })
    }
  }
  for (const finding of findings) out.push({ input, event: finding })
  return out
}
