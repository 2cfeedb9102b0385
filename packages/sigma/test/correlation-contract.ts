import { randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCorrelator } from '../src/correlation/correlator.ts'
import type { CorrelationMatch } from '../src/correlation/model.ts'
import { createEngine } from '../src/engine.ts'
import { parseRules } from '../src/parse/yaml.ts'
import { linkRules } from '../src/ruleset.ts'
import type { StateStore } from '../src/state.ts'
import { correlation, setOf, Stream } from './correlating.ts'
import { CASES, type Happening, oracle, RULES, TIMESPAN } from './correlation-rules.ts'

export { frozen } from './frozen.ts'

/** Seconds: how late an event comes at most, and how far ahead a clock runs. */
const LATENESS = 30
/** Seconds from one batch to the next. */
const STEP = 10
/** Whole hours, so that grids of minutes begin at 0. */
const EPOCH = Date.UTC(2026, 0, 1)
const WORKERS = 3

/** A condition that its window's end decides, one that fires at once, and one above both that reads what their events carry. */
const FEW = correlation(
  '{ type: event_count, rules: [a], group-by: [user], timespan: 15s, condition: { lt: 2000 }, generate: true }',
  'Few',
  'name: few\n',
)
const PAIR = correlation(
  '{ type: event_count, rules: [b], group-by: [user], timespan: 15s, condition: { gte: 1 }, generate: true }',
  'Pair',
  'name: pair\n',
)
const ABOVE = correlation(
  '{ type: value_count, rules: [few, pair], group-by: [user], timespan: 1h, condition: { field: ip, gte: 2 }, generate: true }',
  'Above',
)

/** An event, when it comes (steps after its time), and how often. */
const arriving = fc.record({
  // Few different times, so that events meet at one moment and at a window's edge.
  at: fc.nat(48).map(n => n * 5),
  what: fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c'),
  user: fc.constantFrom<readonly string[]>(['x'], ['x'], ['X'], ['y'], ['x', 'y'], []),
  value: fc.constantFrom('1', '2', '3', '4', 'one'),
  number: fc.integer({ min: -9, max: 12 }).map(n => n / 10),
  deliveries: fc.array(fc.record({ delay: fc.integer({ min: -LATENESS, max: LATENESS }), worker: fc.nat(WORKERS - 1) }), {
    minLength: 1,
    maxLength: 3,
  }),
})
type Arriving = typeof arriving extends fc.Arbitrary<infer T> ? T : never

interface Delivery {
  readonly happening: Happening
  readonly worker: number
}

/** When an event comes, seconds: at a step within `LATENESS` of its time, before or after. */
const arrival = (at: number, delay: number): number => {
  const when = Math.round((at + delay) / STEP) * STEP
  return when > at + LATENESS ? when - STEP : when < at - LATENESS ? when + STEP : when
}

/**
 * What correlations keep over any state store: whatever the order, the duplicates, the batches and the workers by which events come, the same
 * findings are made, each once, while no event is later than the lateness bound; they are those that looking at all events at once gives. `connect`
 * gives one more worker's connection to the same state.
 */
export function keepsTheCorrelationContract(
  connect: () => Promise<StateStore>,
  { runs = 100 }: { readonly runs?: number } = {},
): void {
  describe('correlations over this store', () => {
    const parsed = parseRules(RULES, 'correlations.yml')
    const set = linkRules([parsed])
    const engine = createEngine(set.rules)

    /** Lets events come as planned, and answers with what was found. */
    async function play(happenings: readonly Arriving[], again: readonly number[], grid: number): Promise<void> {
      const run = randomUUID()
      const stores = await Promise.all(Array.from({ length: WORKERS }, connect))
      const correlators = stores.map(() =>
        createCorrelator(set.correlations, { lateness: LATENESS * 1_000, suppression: grid * 1_000, flood: 1 }),
      )
      const events = happenings.map((each, i): Happening => {
        return { ...each, uid: `${run}-${i}`, users: each.user.map(user => `${run}/${user}`) }
      })
      const steps = new Map<number, Delivery[]>()
      for (const [i, happening] of events.entries()) {
        for (const { delay, worker } of happenings[i]?.deliveries ?? []) {
          const when = arrival(happening.at, delay)
          steps.set(when, [...(steps.get(when) ?? []), { happening, worker }])
        }
      }

      const found: CorrelationMatch[] = []
      const own = (matches: readonly CorrelationMatch[]): readonly CorrelationMatch[] =>
        matches.filter(({ group }) => group.startsWith(run))
      const observe = async (
        worker: number,
        when: number,
        deliveries: readonly Delivery[],
      ): Promise<readonly CorrelationMatch[]> => {
        const state = stores[worker]
        const observations = deliveries.map(({ happening }) => ({
          event: eventOf(happening),
          matches: engine.match(eventOf(happening)),
        }))
        if (!state) throw new RangeError('no such worker')
        const batch = `${run}/${when}/${worker}`
        return (await correlators[worker]?.observe(observations, { batch, now: EPOCH + when * 1_000, state })) ?? []
      }
      for (let when = -LATENESS; when <= 240 + LATENESS + 1_500; when += STEP) {
        const deliveries = steps.get(when) ?? []
        const batches = Map.groupBy(deliveries, ({ worker }) => worker)
        const answers = await Promise.all([...batches].map(([worker, each]) => observe(worker, when, each)))
        found.push(...answers.flat())
        // A batch that comes again, to another worker or the same, is answered as it was.
        for (const [i, [worker, each]] of [...batches].entries()) {
          if (again.includes(when / STEP + i)) expect(await observe(worker, when, each)).toEqual(answers[i])
        }
        if (when % 60 === 0 || again.includes(-when / STEP)) {
          const at = Math.abs(when / STEP) % WORKERS
          const state = stores[at]
          if (state) found.push(...own((await correlators[at]?.close({ now: EPOCH + when * 1_000, state }, 1_000)) ?? []))
        }
      }
      const names = found.map(({ rule, group, window }) => `${rule.name} ${group} ${(window.start - EPOCH) / 1_000}`).sort()
      expect(names).toEqual([...oracle(events, grid)].sort())
      expect(found.flatMap(({ caveats }) => caveats)).toEqual([])
    }

    it('take every rule of this test', () => {
      expect(set.refused).toEqual([])
      expect(set.correlations).toHaveLength(CASES.length)
    })

    it('find the same in any order, with duplicates, in any batches and over several workers, each once', async () => {
      const arrivals = fc.array(arriving, { minLength: 1, maxLength: 30 })
      const again = fc.array(fc.integer({ min: -30, max: 30 }), { maxLength: 6 })
      await fc.assert(fc.asyncProperty(arrivals, again, fc.constantFrom(TIMESPAN, TIMESPAN, 20, 200), play), { numRuns: runs })
    })

    it('close the windows of every group, whatever its texts are and however much they take', async () => {
      const run = randomUUID()
      const stream = new Stream(setOf(FEW, PAIR, ABOVE), {}, await connect())
      // Sixteen windows, each with the same addresses of three bytes a character.
      const large = Array.from({ length: 256 }, (_, i) => {
        const at = Math.floor(i / 16) / 4 + (i % 16) / 1_000
        return { at, what: 'a', user: `${run} large`, ip: '本'.repeat(900) + (i % 16), uid: `${run}-${i}` }
      })
      const texts = ['plain', '\ud83d', '\ud83e', '\ufffd', 'a\0b', '__proto__', '😀'.repeat(200)]
      const small = texts.map((text, i) => ({ at: 4, what: 'a', user: `${run} ${text}`, ip: '1', uid: `${run}-small-${i}` }))
      await stream.send([...large, ...small], { now: 4, batch: `${run}-0` })

      const closed = new Map<string, number>()
      for (let tick = 0; tick < 20; tick++) {
        for (const { rule, group } of await stream.tick(30)) {
          if (rule.name === 'few' && group.startsWith(run)) closed.set(group, (closed.get(group) ?? 0) + 1)
        }
      }
      expect([...closed.values()].toSorted((a, b) => a - b)).toEqual([...texts.map(() => 1), 16])

      // What fires at once, with as much: a batch that comes again is answered as it was.
      const pairs = large.map(each => ({ ...each, what: 'b', uid: `${each.uid}-b` }))
      const first = await stream.send(pairs, { now: 4, batch: `${run}-1` })
      expect(first.length).toBeGreaterThan(0)
      expect(await stream.send(pairs, { now: 4, batch: `${run}-1` })).toEqual(first)
    })
  })
}

const eventOf = ({ uid, at, what, users, value, number }: Happening) => ({
  uid,
  time: EPOCH + at * 1_000,
  logsource: { product: 'test' },
  // One member of an array stands alone, to have both.
  record: { what, value, number: String(number), ...(users.length === 0 ? {} : { user: users.length === 1 ? users[0] : users }) },
  ocsf: {},
})
