import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Rule } from '@weir/sigma'
import { hold } from '../../counterparts/counterpart.ts'
import { buildRsigma, openRsigma, type Rsigma, RSIGMA_VERSION } from '../../counterparts/rsigma-engine.ts'
import { printTable } from '../stats.ts'
import { asEvents, type Contender, naive, oneByOne, ours, parsing, race, rsigmaOf } from './contenders.ts'
import { benchCorrelations } from './correlations.ts'
import { printCost } from './cost.ts'
import { type EventSet, eventSets } from './events/sets.ts'
import { cloudPack, loadRules, type RuleSource, sigmaHq } from './rules.ts'
import { build, fromModule } from './ways.ts'

const EVENTS = 4_000
const ROUNDS = 5

/** rsigma's program, or why there is none. */
async function program(): Promise<string> {
  let path = ''
  const said: string[] = []
  const build = async (stand: Parameters<typeof buildRsigma>[0]): Promise<void> => {
    path = await buildRsigma(stand)
  }
  await hold({ name: 'rsigma', run: build }, line => said.push(line.trim()))
  if (path === '') throw new Error(said.join(' ') || 'it could not be built')
  return path
}

/**
 * Events per second of processor time with real rule sets: Weir's engine, rsigma, a scan without an index, and `JSON.parse` of the same events;
 * what rules cost in time and memory. `WEIR_BENCH_ROUNDS` changes the number of rounds.
 */
export async function benchSigma(): Promise<void> {
  const rounds = Number(process.env['WEIR_BENCH_ROUNDS'] ?? ROUNDS)
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  const path = await program().catch((error: unknown) => error as Error)
  const peer: Peer = typeof path === 'string' ? { open: () => openRsigma(path) } : { why: path.message }
  process.stdout.write(
    'open' in peer
      ? `\nrsigma ${RSIGMA_VERSION}: release build, thin LTO, one thread, events parsed beforehand, match detail off, bloom filter where it is faster\n`
      : `\nrsigma: ${peer.why}\n`,
  )
  try {
    const sets = eventSets(EVENTS)
    const hq = sigmaHq()
    if (hq) await compareAll({ source: hq, sets, rounds, folder }, peer)
    else process.stdout.write('\nSigmaHQ: skipped, ../shared/data/sigma is not there\n')
    const cloud = sets.filter(({ name }) => name === 'CloudTrail' || name === 'public logs')
    await compareAll({ source: cloudPack(), sets: cloud, rounds, folder }, peer)
    await benchCorrelations('open' in peer ? peer.open : undefined, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How to have rsigma, or why it is not to be had. */
type Peer = { readonly open: () => Rsigma } | { readonly why: string }

interface Setting {
  readonly source: RuleSource
  readonly sets: readonly EventSet[]
  readonly rounds: number
  readonly folder: string
}

async function compareAll(setting: Setting, peer: Peer): Promise<void> {
  const { source } = setting
  const { rules, refused } = loadRules(source)
  const rsigma = 'open' in peer ? peer.open() : undefined
  try {
    const loaded = await rsigma?.load(source.folders)
    const theirs = loaded ? `; rsigma ${loaded.loaded.length}, ${loaded.refused.length} refused` : ''
    process.stdout.write(`\n${source.name}: ${rules.length} rules, ${refused.length} refused${theirs}\n`)
    const built = await build(rules, setting.folder, source.name.replaceAll(' ', '-'))
    for (const routing of [true, false]) await compare({ rules, routing, pack: built.pack }, setting, rsigma)
    await printCost(source, built, loaded ?? ('why' in peer ? peer.why : ''))
  } finally {
    await rsigma?.close()
  }
}

interface Compared {
  readonly rules: readonly Rule[]
  readonly routing: boolean
  /** The rules as a pack, with its module beside it. */
  readonly pack: string
}

async function compare(
  { rules, routing, pack }: Compared,
  { source, sets, rounds, folder }: Setting,
  rsigma: Rsigma | undefined,
): Promise<void> {
  const engine = createEngine(rules, { routing })
  const generated = await fromModule(pack, { routing })
  const engines = oneByOne(rules, routing)
  const rows: string[][] = []
  for (const set of sets) {
    const events = asEvents(set)
    const contenders: Contender[] = [
      parsing(events),
      ours('Weir', engine, events),
      ours('module', generated, events),
      naive(engines, events),
    ]
    if (rsigma) contenders.push(await rsigmaOf(rsigma, routing ? 'subset' : 'none', set, folder))
    const rates = await race(contenders, events.length, rounds)
    const of = (name: string): number => rates.get(name) ?? 0
    const best = Math.max(of('Weir'), of('module'))
    const bytes = events.reduce((sum, { record }) => sum + JSON.stringify(record).length, 0) / events.length
    const some = events.filter((_, at) => at % 7 === 0)
    const matched = some.reduce((sum, event) => sum + Number(engine.match(event).length > 0), 0) / some.length
    rows.push([
      set.name,
      bytes.toFixed(0),
      `${(matched * 100).toFixed(1)} %`,
      rate(of('Weir')),
      rate(of('module')),
      rsigma ? rate(of('rsigma')) : '–',
      rsigma ? `${(best / of('rsigma')).toFixed(2)} ×` : '–',
      rate(of('JSON.parse')),
      `${(of('JSON.parse') / best).toFixed(2)} ×`,
      rate(of('naive scan')),
    ])
  }
  const how = routing ? 'with log source routing' : 'without routing, every rule for every event'
  printTable(
    `${source.name}, ${how}: events per second of processor time, medians of ${rounds} rounds`,
    ['events', 'bytes', 'matched', 'Weir', 'Weir, module', 'rsigma', 'best / rsigma', 'JSON.parse', 'time / parse', 'naive'],
    rows,
  )
}

const rate = (value: number): string => Math.round(value).toLocaleString('en-US')
