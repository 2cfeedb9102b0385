import { randomUUID } from 'node:crypto'
import type { CorrelationMatch, CorrelationRule, Due, StateStore } from '@weir/sigma'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Assembled } from './assemble.ts'
import { fromCorrelation } from './correlate.ts'
import { describe, WeirError } from './errors.ts'
import type { Event } from './event.ts'
import { makeFinding } from './finding.ts'
import { deliverFindings, measureCorrelated, type Parts } from './pipeline.ts'

const LEASE = 'windows'
/** A lease outlives the tick that holds it, so that two never do the same. */
export const LEASE_SPARE_MS = 15_000
const GROUPS_AT_ONCE = 100
const ROUNDS = 50
const NONE: ReadonlyMap<string, Event> = new Map()

/**
 * Closes the windows that no event closes (`lt`, `eq`, `not`), under a lease and until the deadline; the number of findings. A finding leaves
 * the state only when it is delivered, spooled or in quarantine: if it cannot be, or the process dies before, a later tick makes it again,
 * with the same uid. A group that fails is named in the log by its correlation, and tried again by the next tick.
 */
export async function closeWindows(weir: Pick<Assembled, 'parts'>, deadline: number): Promise<number> {
  const { detections, state, now, log } = weir.parts
  if (!detections.correlations) return 0
  const { correlator } = detections.correlations
  const holder = randomUUID()
  if (!(await state.lease(LEASE, holder, now(), Math.max(0, deadline - now()) + LEASE_SPARE_MS))) return 0
  let closed = 0
  const each = eachOnce(state)
  const failures = new Map<string, { title: string; groups: number; error: string }>()
  const failed = (rule: CorrelationRule | undefined, error: unknown): void => {
    const id = rule?.meta.id ?? ''
    const { groups } = failures.get(id) ?? { groups: 0 }
    failures.set(id, { title: rule?.meta.title ?? '', groups: groups + 1, error: describe(error) })
  }
  try {
    for (let round = 0; round < ROUNDS && now() < deadline; round++) {
      if (!(await each.more(now()))) break
      await correlator.close({ now: now(), state: each.state, failed }, GROUPS_AT_ONCE, async matches => {
        const findings = findingsOf(matches, NONE, weir.parts)
        await deliverSafely(findings, deadline, weir.parts)
        closed += findings.length
      })
    }
  } finally {
    for (const failure of failures.values())
      log.error(failure, 'groups of a correlation could not be judged; the next tick tries again')
    await state.lease(LEASE, holder, now(), 0) // given back: the next tick may be near
  }
  return closed
}

/** The state, whose `due` names nothing twice: an index that follows its table with a delay may still hold what has just been closed. */
function eachOnce(state: StateStore): { readonly state: StateStore; readonly more: (now: number) => Promise<boolean> } {
  const named = new Set<string>()
  const nameOf = ({ key, wakeAt }: Due): string => `${wakeAt}|${key}`
  const due = async (now: number, limit: number): Promise<readonly Due[]> =>
    (await state.due(now, limit + named.size)).filter(each => !named.has(nameOf(each))).slice(0, limit)
  return {
    more: async now => (await due(now, 1)).length > 0,
    state: {
      fold: request => state.fold(request),
      lease: (...lease) => state.lease(...lease),
      close: () => state.close(),
      async due(now, limit) {
        const all = await due(now, limit)
        for (const each of all) named.add(nameOf(each))
        return all
      },
    },
  }
}

/**
 * Where events of the past were held back (`Surroundings.replay`), counts them now that all are there; `newest` is the time of the newest event of
 * all. Answers how many groups have a window that is still open.
 */
export async function finishReplay(weir: Pick<Assembled, 'parts' | 'replay'>, deadline: number, newest: number): Promise<number> {
  const findings = new Map<string, OcsfEvent>()
  const open = await weir.replay?.finish(async (matches, atHand) => {
    for (const finding of findingsOf(matches, atHand, weir.parts)) findings.set(finding.metadata.uid, finding)
  }, newest)
  await deliverSafely([...findings.values()], deadline, weir.parts)
  return open ?? 0
}

/** Findings of correlations that no input brought. */
function findingsOf(
  matches: readonly CorrelationMatch[],
  atHand: ReadonlyMap<string, Event>,
  parts: Parts,
): readonly OcsfEvent[] {
  const { isHeard, pack } = parts.detections
  const told = matches.filter(({ rule }) => isHeard(rule.meta))
  measureCorrelated(told, 'tick')
  const findings = told.map(match => makeFinding(match.rule.meta, 'correlation', fromCorrelation(match, atHand), pack))
  return [...new Map(findings.map(finding => [finding.metadata.uid, finding])).values()]
}

/** Throws where a finding is not delivered, spooled or in quarantine. */
async function deliverSafely(findings: readonly OcsfEvent[], deadline: number, parts: Parts): Promise<void> {
  if (findings.length === 0) return
  const unsafe = await deliverFindings(findings, deadline, parts)
  if (unsafe.size > 0) throw new WeirError(`${unsafe.size} of ${findings.length} findings could not even be spooled`)
}
