import { memoryState, type Event } from '@weir/ingest'
import { createReplay, REPLAY_LATENESS_MS, type Replay } from '@weir/ingest/replay.ts'
import {
  type CorrelationMatch,
  createCorrelator,
  createEngine,
  type Engine,
  LEVELS,
  type LogSource,
  type RuleSet,
} from '@weir/sigma'
import { QuarantineReport } from '../../quarantine.ts'
import { type Hits, Tally } from './backtest-tally.ts'
import { asOf, isKnown, type Read } from './event.ts'

/** Events that wait for correlations, to be brought into the order of their time; each is a record of some kilobytes. */
const HELD = 50_000

/** Runs rules over a history, a part at a time, and counts what they find. */
export class History {
  readonly quarantined = new QuarantineReport()
  events = 0
  found = 0
  /** Events of no known source, on which no rule with a log source was tried. */
  homeless = 0
  readonly #engine: Engine
  readonly #tallies: ReadonlyMap<string, Tally>
  readonly #feeding: ReadonlySet<string>
  readonly #replay: Replay | undefined
  readonly #assumed: LogSource | undefined

  /** `assumed`: what events of no known source are taken for. */
  constructor({ rules, correlations, silent }: RuleSet, samples: number, assumed: LogSource | undefined) {
    this.#engine = createEngine(rules)
    // A correlation that only feeds others is counted and not answered.
    const told = correlations.filter(({ meta }) => !silent.has(meta.id))
    this.#tallies = new Map([
      ...rules.map(rule => [rule.meta.id, new Tally(rule, 'rule', samples)] as const),
      ...told.map(rule => [rule.meta.id, new Tally(rule, 'correlation', samples)] as const),
    ])
    this.#feeding = new Set(correlations.flatMap(({ inputs }) => inputs.map(({ id }) => id)))
    if (correlations.length > 0) {
      const correlator = createCorrelator(correlations, { lateness: REPLAY_LATENESS_MS })
      this.#replay = createReplay(correlator, { now: Date.now, held: HELD })
    }
    this.#assumed = assumed
  }

  /** `file`: where it was read from, for people. */
  async take({ events, quarantined, input }: Read, file: string): Promise<void> {
    for (const each of quarantined) this.quarantined.add(each)
    const waiting = events.flatMap(event => this.#match(event, file) ?? [])
    if (!this.#replay || waiting.length === 0) return
    const context = { batch: input.origin.id, now: Date.now(), state: memoryState() }
    this.#count(await this.#replay.correlator.observe(waiting, context))
  }

  /** Runs what correlations still wait for, and closes their windows. */
  async finish(): Promise<void> {
    await this.#replay?.finish(async matches => this.#count(matches))
  }

  /** Most severe first, of one level the most hits. */
  hits(): readonly Hits[] {
    return [...this.#tallies.values()].toSorted(
      (a, b) =>
        LEVELS.indexOf(b.meta.level) - LEVELS.indexOf(a.meta.level) || b.hits - a.hits || (a.meta.title < b.meta.title ? -1 : 1),
    )
  }

  /** Counts an event's matches; answers what correlations are to see of it. */
  #match(given: Event, file: string) {
    this.events++
    const known = isKnown(given)
    const event = known || !this.#assumed ? given : asOf(given, this.#assumed)
    if (!known && !this.#assumed) this.homeless++
    const matches = this.#engine.match(event)
    this.found += matches.length
    for (const match of matches) this.#tallies.get(match.rule.meta.id)?.event(match, event, file)
    return matches.some(({ rule }) => this.#feeding.has(rule.meta.id)) ? { event, matches } : undefined
  }

  #count(matches: readonly CorrelationMatch[]): void {
    this.found += matches.length
    for (const match of matches) this.#tallies.get(match.rule.meta.id)?.correlation(match)
  }
}
