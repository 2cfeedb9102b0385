import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RsigmaLoad } from '../../counterparts/rsigma-engine.ts'
import { median, printTable } from '../stats.ts'
import type { RuleSource } from './rules.ts'
import type { Built } from './ways.ts'

interface Cost {
  readonly readMs: number | null
  readonly readyMs: number
  readonly firstMs: number
  readonly bytes: number
  readonly resident: number
  readonly rules: number
}

const run = promisify(execFile)
const TIMES = 3

/** Medians of some processes, one after another. */
async function measure(kind: string, paths: readonly string[]): Promise<Cost> {
  const child = fileURLToPath(new URL('cost.child.ts', import.meta.url))
  const all: Cost[] = []
  for (let i = 0; i < TIMES; i++) {
    const { stdout } = await run(process.execPath, ['--expose-gc', child, kind, ...paths], { maxBuffer: 1 << 24 })
    all.push(JSON.parse(stdout) as Cost)
  }
  const of = (key: keyof Cost): number => median(all.map(cost => cost[key] ?? 0))
  const readMs = all[0]?.readMs === null ? null : of('readMs')
  const [readyMs, firstMs, bytes] = [of('readyMs'), of('firstMs'), of('bytes')]
  return { readMs, readyMs, firstMs, bytes, resident: of('resident'), rules: of('rules') }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1)

/** What rules cost before the first event is through, and what they hold in memory: each way in processes of their own. */
export async function printCost(source: RuleSource, built: Built, rsigma: RsigmaLoad | string): Promise<void> {
  const row = async (name: string, kind: string, paths: readonly string[], size: number | undefined): Promise<string[]> => {
    const { readMs, readyMs, firstMs, bytes, resident, rules } = await measure(kind, paths)
    return [
      name,
      size === undefined ? '–' : mb(size),
      readMs === null ? '–' : readMs.toFixed(0),
      readyMs.toFixed(0),
      firstMs.toFixed(0),
      mb((bytes / rules) * 1000),
      mb(resident),
    ]
  }
  const rows = [
    await row('Weir, from YAML', 'yaml', source.folders, undefined),
    await row('Weir, from a pack', 'pack', [built.pack], built.packBytes),
    await row('Weir, a pack and its module', 'module', [built.pack], built.packBytes + built.moduleBytes),
    typeof rsigma === 'string'
      ? [`rsigma: ${rsigma}`, '–', '–', '–', '–', '–', '–']
      : [
          'rsigma, from YAML',
          '–',
          '–',
          rsigma.ms.toFixed(0),
          '–',
          mb(((rsigma.resident - rsigma.residentBefore) / rsigma.loaded.length) * 1000),
          mb(rsigma.resident),
        ],
  ]
  printTable(
    `${source.name}: before the first event is through, and memory (heap after a collection; rsigma: resident). A pack is compiled in ${built.ms.toFixed(0)} ms from rules that are read.`,
    ['', 'file MB', 'read ms', 'ready after ms', 'first event ms', 'MB per 1,000 rules', 'process MB'],
    rows,
  )
}
