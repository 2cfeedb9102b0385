import { randomUUID } from 'node:crypto'
import type { CorrelationMatch } from '@weir/sigma'
import type { OcsfEvent } from '@weir/schema/ocsf'
import type { Assembled } from './assemble.ts'
import { fromCorrelation, heard } from './correlate.ts'
import { WeirError } from './errors.ts'
import type { Event } from './event.ts'
import { makeFinding } from './finding.ts'
import { deliverFindings, measureCorrelated, type Parts } from './pipeline.ts'

const LEASE = 'windows'
const LEASE_SPARE_MS = 15_000 // outlives its holder's tick, so that two do not close the same windows
const GROUPS_AT_ONCE = 100
const ROUNDS = 50
const NONE: ReadonlyMap<string, Event> = new Map()

/**
 * Closes the windows that no event closes (`lt`, `eq`, `not`), under a lease and until the deadline; the number of findings. A finding leaves
 * the state only when it is delivered, spooled or in quarantine: if it cannot be, or the process dies before, a later tick makes it again,
 * with the same uid.
 */
export async function closeWindows(weir: Pick<Assembled, 'parts'>, deadline: number): Promise<number> {
  const { detections, state, now } = weir.parts
  if (!detections.correlations) return 0
  const { correlator } = detections.correlations
  const holder = randomUUID()
  if (!(await state.lease(LEASE, holder, now(), Math.max(0, deadline - now()) + LEASE_SPARE_MS))) return 0
  let closed = 0
  try {
    for (let round = 0; round < ROUNDS && now() < deadline; round++) {
      if ((await state.due(now(), 1)).length === 0) break
      await correlator.close({ now: now(), state }, GROUPS_AT_ONCE, async matches => {
        closed += await deliverCorrelated(matches, NONE, deadline, weir.parts)
      })
    }
  } finally {
    await state.lease(LEASE, holder, now(), 0) // given back: the next tick may be near
  }
  return closed
}

/** Where events of the past were held back (`Surroundings.replay`), counts them now that all are there; the number of findings. */
export async function finishReplay(weir: Pick<Assembled, 'parts' | 'replay'>, deadline: number): Promise<number> {
  let found = 0
  await weir.replay?.finish(async (matches, atHand) => {
    found += await deliverCorrelated(matches, atHand, deadline, weir.parts)
  })
  return found
}

/** Makes findings of correlations that no input brought, and sees them safe; throws where one is not. */
async function deliverCorrelated(
  matches: readonly CorrelationMatch[],
  atHand: ReadonlyMap<string, Event>,
  deadline: number,
  parts: Parts,
): Promise<number> {
  const { correlations, pack } = parts.detections
  const told = heard(matches, correlations?.silent ?? new Set())
  if (told.length === 0) return 0
  const findings = new Map<string, OcsfEvent>()
  for (const match of told) {
    const finding = makeFinding(match.rule.meta, 'correlation', fromCorrelation(match, atHand), pack)
    findings.set(finding.metadata.uid, finding)
  }
  measureCorrelated(told, 'tick')
  const unsafe = await deliverFindings([...findings.values()], deadline, parts)
  if (unsafe.size > 0) throw new WeirError(`${unsafe.size} of ${findings.size} findings could not even be spooled`)
  return findings.size
}
