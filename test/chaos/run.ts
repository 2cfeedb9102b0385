// `node test/chaos/run.ts [--runs n] [--seed n]`: kills the extension and its function at random, and accounts for every line that the extension
// had acknowledged. Not part of `npm test`: a thousand kills take minutes. Exit 1 where a line is lost that must not be.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startKinesis } from '@weir/emulator'
import { makeKeys } from '@weir/schema/open'
import { printTable } from '../bench/stats.ts'
import { type Account, account } from './account.ts'
import { furnish, onOurEmulator } from './ground.ts'
import { killAtRandom, random, unsteady } from './kills.ts'
import { addressIn, startTap, type Tap, type Telemetry } from './tap.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' } } })
const runs = Number(values.runs)
const seed = Number(values.seed ?? Date.now() % 1e6)
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: node test/chaos/run.ts [--runs n] [--seed n], whole numbers\n')
  process.exit(2)
}

/** What is killed, and whether anything may be lost by it. */
interface Trial {
  readonly name: string
  readonly share: number
  readonly journal: boolean
  readonly comesBack: boolean
}

const TRIALS: readonly Trial[] = [
  { name: 'the sandbox comes back', share: 1, journal: true, comesBack: true },
  { name: 'the sandbox comes back, without a journal', share: 0.1, journal: false, comesBack: true },
  { name: 'the sandbox does not come back', share: 0.1, journal: true, comesBack: false },
]

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const rows: string[][] = []
for (const [index, trial] of TRIALS.entries()) {
  const { kills, acknowledged, found } = await hold(trial, Math.max(1, Math.round(runs * trial.share)), seed + index)
  const lost = [...acknowledged.keys()].filter(line => !found.lines.has(line))
  const ended = new Set(found.ledger.sandboxes.flatMap(({ sandbox, ended }) => (ended ? sandbox : [])))
  const processes = new Map<number, Set<string>>()
  for (const [line, life] of acknowledged)
    processes.set(life, new Set([...(processes.get(life) ?? []), ...(found.lines.get(line) ?? [])]))
  const processOf = (line: string): Set<string> => processes.get(acknowledged.get(line) ?? 0) ?? new Set()
  rows.push(
    [
      trial.name,
      kills,
      acknowledged.size,
      lost.length,
      lost.filter(line => processOf(line).size > 0).length,
      found.repeated,
      found.ledger.sandboxes.length,
      found.ledger.sandboxes.length - ended.size,
    ].map(String),
  )
  const silent = lost.filter(line => [...processOf(line)].some(each => ended.has(each)))
  const twice = [...found.lines].filter(([, names]) => names.length > 1)
  const wrong = [
    ...(trial.journal && trial.comesBack ? lost.map(line => `lost: ${line}`) : []),
    ...silent.map(line => `lost by a process that says it ended well: ${line}`),
    ...twice.map(([line]) => `under two uids: ${line}`),
    ...found.wrong,
    ...(found.quarantined > 0 ? [`${found.quarantined} records in quarantine`] : []),
  ]
  for (const line of wrong.slice(0, 20)) print(`  ${line}`)
  if (wrong.length > 0) process.exitCode = 1
}
printTable(
  'Random kills; the stream is slow, throttles and hangs up now and then',
  [
    '',
    'kills',
    'lines acknowledged',
    'of these lost',
    'lost by a process that the ledger knows',
    'events again, under the same uid',
    'processes in the ledger',
    'of these without an end',
  ],
  rows,
)

async function hold(
  { name, journal, comesBack }: Trial,
  runs: number,
  seed: number,
): Promise<{ kills: number; acknowledged: ReadonlyMap<string, number>; found: Account }> {
  print(`${name}: ${runs} kills, seed ${seed}`)
  const folder = await mkdtemp(join(tmpdir(), 'weir-chaos-'))
  const keys = makeKeys()
  const dice = random(seed)
  const kinesis = await startKinesis({ streams: { telemetry: 4 }, faults: { call: unsteady(dice) }, throttle: false })
  const acknowledged = new Map<string, number>()
  const take = ({ type, record }: Telemetry, life: number) => {
    if (type === 'function' && typeof record === 'string') acknowledged.set(record.trimEnd(), life)
  }
  let tap: Tap | undefined
  try {
    const furniture = await furnish(folder, async upstream => (tap = await startTap(addressIn(upstream), take)))
    const ground = onOurEmulator(furniture, kinesis, journal ? { WEIR_JOURNAL_KEY: keys.public } : {}, comesBack)
    const began = Date.now()
    const kills = await killAtRandom(ground, runs, dice, done => {
      if (done % 100 === 0) print(`  ${done} kills, ${((Date.now() - began) / 1000).toFixed(0)} s`)
    })
    kinesis.faults.call = undefined
    for (const name of ['last', 'very-last']) await ground.invoke({ name, lines: 3, ms: 0 })
    await ground.end()
    return { kills, acknowledged, found: await account(kinesis, keys.private) }
  } finally {
    tap?.close()
    await kinesis.close()
    await rm(folder, { recursive: true, force: true })
  }
}
