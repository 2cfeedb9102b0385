import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine, type Engine, type Rule, type SigmaEvent } from '@weir/sigma'
import type { Routing, Rsigma } from '../../counterparts/rsigma-engine.ts'
import { median } from '../stats.ts'
import type { EventSet } from './events/sets.ts'

/** One of those that are compared: how long it takes for the first `count` events of the set, in milliseconds of processor time. */
export interface Contender {
  readonly name: string
  run(count: number): Promise<number> | number
}

/** A body that no rule of the bench reads: they are all of Sigma's own taxonomy. */
const NO_OCSF = {} as const
export const asEvents = ({ events }: EventSet): readonly SigmaEvent[] => events.map(event => ({ ...event, ocsf: NO_OCSF }))

/** Processor time, of all threads of the process: a busy machine does not count, and what V8 collects and compiles beside does. */
const timed = (work: () => void): number => {
  const began = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(began)
  return Math.max((user + system) / 1000, 0.01)
}

/** So that no engine may leave out a match whose result nobody looks at. */
export const seen = { matches: 0 }

const matchAll = (engine: Pick<Engine, 'match'>, events: readonly SigmaEvent[], count: number): void => {
  for (let i = 0; i < count; i++) {
    const event = events[i]
    if (event) seen.matches += engine.match(event).length
  }
}

export const parsing = (events: readonly SigmaEvent[]): Contender => {
  const texts = events.map(({ record }) => JSON.stringify(record))
  return {
    name: 'JSON.parse',
    run: count =>
      timed(() => {
        for (let i = 0; i < count; i++) seen.matches += Object.keys(JSON.parse(texts[i] ?? '{}') as object).length & 1
      }),
  }
}

export const ours = (name: string, engine: Pick<Engine, 'match'>, events: readonly SigmaEvent[]): Contender => ({
  name,
  run: count => timed(() => matchAll(engine, events, count)),
})

/** Each rule on its own, one after the other: nothing is indexed and nothing is shared between rules. */
export function naive(engines: readonly Engine[], events: readonly SigmaEvent[]): Contender {
  return {
    name: 'naive scan',
    run: count =>
      timed(() => {
        for (const engine of engines) matchAll(engine, events, count)
      }),
  }
}
export const oneByOne = (rules: readonly Rule[], routing: boolean): readonly Engine[] =>
  rules.map(rule => createEngine([rule], { routing }))

/** rsigma with the events of a set: by the better of its two settings for substrings, which is tried once. */
export async function rsigmaOf(rsigma: Rsigma, routing: Routing, set: EventSet, folder: string): Promise<Contender> {
  const file = join(folder, 'events.jsonl')
  const lines = set.events.map(({ logsource, record }) => JSON.stringify({ logsource, event: record }))
  await writeFile(file, lines.join('\n'))
  const count = await rsigma.events(file)
  const plain = Math.min(await rsigma.run(routing, count, false), await rsigma.run(routing, count, false))
  const filtered = Math.min(await rsigma.run(routing, count, true), await rsigma.run(routing, count, true))
  const bloom = filtered < plain
  return { name: 'rsigma', run: many => rsigma.run(routing, many, bloom) }
}

/** Milliseconds for which each contender runs before anything is measured. */
const WARM_UP = 400

/**
 * Events per second of each, medians of `rounds`. They run in turn within a round, so that a busy minute of the machine meets all of them,
 * each over as many of the events, or as many times over all of them, as it can do in some `budget` milliseconds, and at least over 40: what a
 * system tells of processor time may be some milliseconds old.
 */
export async function race(
  contenders: readonly Contender[],
  events: number,
  rounds: number,
  budget = 150,
): Promise<Map<string, number>> {
  const runners = []
  for (const contender of contenders) {
    let count = Math.min(events, 40)
    // What an engine makes at its first events, and what V8 compiles, would make it look too slow to be given more.
    for (let spent = 0; spent < WARM_UP; ) spent += await contender.run(count)
    let ms = await contender.run(count)
    while (count < events && ms < budget / 2) {
      count = Math.min(events, count * 2)
      ms = await contender.run(count)
    }
    // The first pass over all events is slower than those that follow.
    if (ms < budget / 2) ms = Math.min(ms, await contender.run(count))
    runners.push({ contender, count, times: Math.min(Math.ceil(budget / Math.max(ms, 1)), 50), rates: [] as number[] })
  }
  for (let round = -1; round < rounds; round++) {
    for (const { contender, count, times, rates } of runners) {
      let ms = 0
      for (let i = 0; i < times; i++) ms += await contender.run(count)
      if (round >= 0) rates.push(((count * times) / ms) * 1000)
    }
  }
  return new Map(runners.map(({ contender, rates }) => [contender.name, median(rates)]))
}
