import { anchor, momentsOf, wakeUp } from './anchored.ts'
import { closing, type Propagate } from './closing.ts'
import { matchOf } from './found.ts'
import { type Group, newGroup } from './group-state.ts'
import type { CorrelationMatch, CorrelationRule, Correlator, CorrelatorContext } from './model.ts'
import { packing } from './packing.ts'
import { inParallel } from './parallel.ts'
import { type CorrelatorOptions, expiryOf, type Plan, plansOf } from './plan.ts'
import { type Share, type Sightings, shareOut, sightingsOf, sightMoments } from './sightings.ts'
import { type Answer, slide } from './sliding.ts'

/** Runs linked correlations, each of which stands behind those that it names (`linkRules`). */
export function createCorrelator(correlations: readonly CorrelationRule[], options: CorrelatorOptions = {}): Correlator {
  const plans = plansOf(correlations, options)
  const wanted = new Set(plans.flatMap(({ rule }) => rule.inputs.map(({ id }) => id)))
  const propagate: Propagate = (sightings, context) => runAll(plans, sightings, context)
  return {
    observe: (observations, context) => propagate(sightingsOf(observations, wanted), context),
    close: closing(plans, propagate),
  }
}

async function runAll(
  plans: readonly Plan[],
  sightings: Sightings,
  context: CorrelatorContext,
): Promise<readonly CorrelationMatch[]> {
  const matches: CorrelationMatch[] = []
  for (const plan of plans) {
    if (!plan.rule.inputs.some(({ id }) => sightings.has(id))) continue
    const shares = shareOut(plan, sightings, context.now)
    const answers = await inParallel(shares, share => fold(plan, share, context))
    for (const [i, answer] of answers.entries()) {
      if (!answer) continue
      const { found, missed } = answer
      const moments = plan.sliding ? answer.moments : momentsOf(found)
      if (missed) context.late?.(plan.rule, missed)
      const { group = '', by = [] } = shares[i] ?? {}
      if (plan.chained) sightMoments(sightings, plan, group, by, moments ?? [])
      if (!plan.silent) matches.push(...found.map(each => matchOf(plan.rule, group, by, each)))
    }
  }
  return matches
}

function fold(plan: Plan, { group, by, entries }: Share, { batch, now, state }: CorrelatorContext): Promise<Answer | null> {
  return state.fold<Group, Answer | null>({
    key: plan.prefix + group,
    batch,
    now,
    expiresAt: expiryOf(plan, now),
    initial: newGroup(by),
    packing,
    reduce: stored => {
      if (plan.sliding) return slide(stored, entries, plan)
      const { state, found, wakeAt, missed } = anchor(stored, entries, now, plan)
      const again = wakeUp(state, wakeAt)
      const answer = found.length + missed > 0 ? { found, ...(missed > 0 && { missed }) } : null
      return again === undefined ? { state, answer } : { state, answer, wakeAt: again }
    },
  })
}
