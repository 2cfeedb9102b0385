import type { StateStore } from '../state.ts'
import { anchor, momentsOf, wakeUp } from './anchored.ts'
import { digest } from './digest.ts'
import { matchOf } from './found.ts'
import { type Found, type Group, newGroup } from './group-state.ts'
import type { CorrelationMatch, Correlator, CorrelatorContext } from './model.ts'
import { packing } from './packing.ts'
import { inParallel } from './parallel.ts'
import { expiryOf, KEY, type Plan } from './plan.ts'
import { type Sightings, sightMoments } from './sightings.ts'

/** How long after a tick its findings are named again, unless it said that they are delivered. */
const RETRY = 300_000

/** Counts sightings into the correlations that look at them, and their findings into those that look at these. */
export type Propagate = (sightings: Sightings, context: CorrelatorContext) => Promise<readonly CorrelationMatch[]>

/** A group with windows that are over. */
interface Closed {
  readonly plan: Plan
  readonly key: string
  readonly wakeAt: number
  readonly by: readonly string[]
  readonly found: readonly Found[]
}

/** Something that went wrong with one group, which others need not suffer from. */
interface Failure {
  readonly plan: Plan | undefined
  readonly error: unknown
}

/**
 * Judges windows that are over, in two steps, as a tick has no batch that would come again: what holds stays in the group's state, under `pending`,
 * until it has gone through the correlations above it and is delivered. A group that fails is left as it is, and the others go on.
 */
export function closing(plans: readonly Plan[], propagate: Propagate): Correlator['close'] {
  const find = (key: string): Plan | undefined => plans.find(({ prefix }) => key.startsWith(prefix))
  return async ({ now, state, late, failed }, limit, deliver) => {
    const failures: Failure[] = []
    const tried = async <T>(plan: Plan | undefined, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work()
      } catch (error) {
        failures.push({ plan, error })
        return undefined
      }
    }
    const due = (await state.due(now, limit)).filter(({ key }) => key.startsWith(KEY))
    const closed = await inParallel(due, ({ key, wakeAt }) => {
      const plan = find(key)
      return tried(plan, async () => (plan ? judge(plan, key, wakeAt, now, state) : forget(key, wakeAt, now, state)))
    })
    const context = { now, state, ...(late && { late }) }
    const matches: CorrelationMatch[] = []
    const told: Closed[] = []
    for (const each of closed) {
      if (!each || each.found.length === 0) continue
      const found = await tried(each.plan, () => matchesOf(each, context, propagate))
      if (!found) continue
      told.push(each)
      for (const match of found) matches.push(match)
    }
    await deliver?.(matches)
    await inParallel(told, each => tried(each.plan, () => settle(each, now, state)))
    const [first] = failures
    if (first && !failed) throw first.error
    for (const { plan, error } of failures) failed?.(plan?.rule, error)
    return matches
  }
}

/** What a group's windows say, and what the correlations above find in it. */
async function matchesOf(
  { plan, key, by, found }: Closed,
  context: Omit<CorrelatorContext, 'batch'>,
  propagate: Propagate,
): Promise<readonly CorrelationMatch[]> {
  const group = key.slice(plan.prefix.length)
  const matches = plan.silent ? [] : found.map(each => matchOf(plan.rule, group, by, each))
  if (!plan.chained) return matches
  for (const each of found) {
    const sightings: Sightings = new Map()
    sightMoments(sightings, plan, group, by, momentsOf([each]))
    // Named by the window, so that a repetition is answered as it was the first time.
    const batch = `window|${digest(`${key}|${each.start}`, 40)}`
    matches.push(...(await propagate(sightings, { ...context, batch })))
  }
  return matches
}

async function judge(plan: Plan, key: string, wakeAt: number, now: number, state: StateStore): Promise<Closed> {
  const answer = await state.fold<Group, Pick<Closed, 'by' | 'found'>>({
    key,
    batch: `close|${wakeAt}|${now}`,
    now,
    expiresAt: expiryOf(plan, now),
    initial: newGroup([]),
    packing,
    reduce: stored => {
      // What is not delivered yet goes first, and nothing is added to it.
      const { state, found, wakeAt } = anchor(stored, [], stored.pending ? Number.NEGATIVE_INFINITY : now, plan)
      const pending = stored.pending ?? found
      const next: Group = pending.length > 0 ? { ...state, pending, retry: now + RETRY } : state
      const again = wakeUp(next, wakeAt)
      return { state: next, answer: { by: stored.by, found: pending }, ...(again === undefined ? {} : { wakeAt: again }) }
    },
  })
  return { plan, key, wakeAt, ...answer }
}

async function settle({ plan, key, wakeAt, found }: Closed, now: number, state: StateStore): Promise<void> {
  const told = new Set(found.map(({ start }) => start))
  await state.fold<Group, null>({
    key,
    batch: `settle|${wakeAt}|${now}`,
    now,
    expiresAt: expiryOf(plan, now),
    initial: newGroup([]),
    packing,
    reduce: ({ pending = [], retry, ...stored }) => {
      const left = pending.filter(({ start }) => !told.has(start))
      const next: Group = left.length > 0 ? { ...stored, pending: left, retry: retry ?? now + RETRY } : stored
      const { wakeAt } = anchor(next, [], Number.NEGATIVE_INFINITY, plan)
      const again = wakeUp(next, wakeAt)
      return { state: next, answer: null, ...(again === undefined ? {} : { wakeAt: again }) }
    },
  })
}

/** Takes the state of a correlation that is gone, or was changed, off the list. */
async function forget(key: string, wakeAt: number, now: number, state: StateStore): Promise<undefined> {
  await state.fold<unknown, null>({
    key,
    batch: `forget|${wakeAt}`,
    now,
    expiresAt: now,
    initial: null,
    // Whatever it is, it stays.
    packing: { pack: state => state, unpack: packed => packed },
    reduce: stored => ({ state: stored, answer: null }),
  })
  return undefined
}
