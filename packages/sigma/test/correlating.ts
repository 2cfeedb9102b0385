// What tests of correlations share.
import { createCorrelator } from '../src/correlation/correlator.ts'
import type { CorrelationMatch, Correlator } from '../src/correlation/model.ts'
import type { CorrelatorOptions } from '../src/correlation/plan.ts'
import { createEngine } from '../src/engine.ts'
import { parseRules } from '../src/parse/yaml.ts'
import { linkRules, type RuleSet } from '../src/ruleset.ts'
import type { StateStore } from '../src/state.ts'
import { plainState } from './state.ts'

/** Midnight, so that grids of whole days and their parts begin here. */
export const EPOCH = Date.UTC(2026, 0, 1)
export const MINUTE = 60_000

/** Rules `a` to `d`, each for events that name it under `what`. */
export const BASE = ['a', 'b', 'c', 'd']
  .map(
    name =>
      `title: Rule ${name}\nname: ${name}\nlogsource: { product: test }\ndetection: { sel: { what: ${name} }, condition: sel }`,
  )
  .join('\n---\n')

/** One correlation; `body` is what stands under `correlation`, in YAML's flow style. */
export const correlation = (body: string, title = 'Correlation', more = ''): string =>
  `title: ${title}\n${more}correlation: ${body}`

export function setOf(...documents: readonly string[]): RuleSet {
  return linkRules([parseRules([BASE, ...documents].join('\n---\n'), 'test.yml')])
}

export interface Sent {
  /** Minutes after midnight. */
  readonly at: number
  readonly what: string
  readonly uid?: string
  readonly [field: string]: unknown
}

/** A stream of batches through one set of rules and one state. */
export class Stream {
  readonly state: StateStore
  readonly set: RuleSet
  readonly #correlator: Correlator
  readonly #engine
  #batches = 0
  #events = 0

  constructor(set: RuleSet, options: CorrelatorOptions = {}, state: StateStore = plainState()) {
    if (set.refused.length > 0) throw new Error(set.refused.map(({ reason }) => reason).join('; '))
    this.set = set
    this.state = state
    this.#engine = createEngine(set.rules)
    this.#correlator = createCorrelator(set.correlations, options)
  }

  /** One batch; it comes at `now`, minutes, or else with its last event. */
  send(
    events: readonly Sent[],
    { now = Math.max(...events.map(({ at }) => at)), batch = `batch-${this.#batches++}`, logsource = { product: 'test' } } = {},
  ): Promise<readonly CorrelationMatch[]> {
    const observations = events.map(({ at, uid = `event-${this.#events++}`, ...record }) => {
      const event = { uid, time: EPOCH + at * MINUTE, logsource, record, ocsf: record }
      return { event, matches: this.#engine.match(event) }
    })
    return this.#correlator.observe(observations, { batch, now: EPOCH + now * MINUTE, state: this.state })
  }

  /** A tick at `now`, minutes. */
  tick(now: number, deliver?: (matches: readonly CorrelationMatch[]) => Promise<void>): Promise<readonly CorrelationMatch[]> {
    return this.#correlator.close({ now: EPOCH + now * MINUTE, state: this.state }, 100, deliver)
  }
}

/** What a correlation finds in events that all come at once, and in a tick an hour later. */
export async function findings(
  body: string,
  events: readonly Sent[],
  options: CorrelatorOptions = {},
): Promise<readonly CorrelationMatch[]> {
  const stream = new Stream(setOf(correlation(body)), options)
  const at = Math.max(...events.map(event => event.at))
  return [...(await stream.send(events)), ...(await stream.tick(at + 60))]
}

/** `group from-to` of each finding's window, minutes. */
export const windowsOf = (matches: readonly CorrelationMatch[]): readonly string[] =>
  matches.map(({ group, window }) => `${group} ${(window.start - EPOCH) / MINUTE}-${(window.end - EPOCH) / MINUTE}`.trim())
