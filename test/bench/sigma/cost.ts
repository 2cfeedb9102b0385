import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RsigmaLoad } from '../../counterparts/rsigma-engine.ts'
import { printTable } from '../stats.ts'
import type { RuleSource } from './rules.ts'

interface Cost {
  readonly rules: number
  readonly readMs: number
  readonly compileMs: number
  readonly firstMs: number
  readonly ruleBytes: number
  readonly engineBytes: number
  readonly resident: number
}

const run = promisify(execFile)

async function measure(kind: string, { folders }: RuleSource): Promise<Cost> {
  const child = fileURLToPath(new URL('cost.child.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--expose-gc', child, kind, ...folders], { maxBuffer: 1 << 24 })
  return JSON.parse(stdout) as Cost
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1)
const perThousand = (bytes: number, rules: number): string => mb((bytes / rules) * 1000)

/** What rules cost before the first event, and what they hold in memory: each way in a process of its own. */
export async function printCost(source: RuleSource, rsigma: RsigmaLoad | string): Promise<void> {
  const yaml = await measure('yaml', source)
  const rows = [
    [
      'Weir, from YAML',
      yaml.readMs.toFixed(0),
      yaml.compileMs.toFixed(0),
      yaml.firstMs.toFixed(0),
      perThousand(yaml.ruleBytes, yaml.rules),
      perThousand(yaml.engineBytes, yaml.rules),
      mb(yaml.resident),
    ],
    typeof rsigma === 'string'
      ? [`rsigma: ${rsigma}`, '–', '–', '–', '–', '–', '–']
      : [
          'rsigma, from YAML',
          rsigma.ms.toFixed(0),
          'in that',
          '–',
          '–',
          perThousand(rsigma.resident - rsigma.residentBefore, rsigma.loaded.length),
          mb(rsigma.resident),
        ],
  ]
  printTable(
    `Rules, ${source.name} (${yaml.rules}): before the first event, and memory (heap after collection; rsigma: resident)`,
    ['', 'read ms', 'compile ms', 'first event ms', 'rules MB/1,000', 'engine MB/1,000', 'process MB'],
    rows,
  )
}
