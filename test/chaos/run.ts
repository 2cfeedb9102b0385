// `node test/chaos/run.ts [emulator|rie …] [--runs n] [--seed n]`: kills the extension and its function at random, and accounts for every line that
// the extension had acknowledged. Not part of `npm test`: a thousand kills take minutes. Exit 1 where a line is lost that must not be.
import { parseArgs } from 'node:util'
import { printTable } from '../bench/stats.ts'
import { hold } from '../counterparts/counterpart.ts'
import { asCounterpart, COLUMNS, TRIALS } from './trial.ts'

const USAGE = `usage: node test/chaos/run.ts [emulator|rie …] [--runs n] [--seed n]

  emulator  on Weir's own emulator
  rie       on AWS's own, where it is on this machine
  --runs    kills where the sandbox comes back; a tenth of it for the others. Default 1000
  --seed    the same seed kills at the same points, as far as the machine lets it
`
const { values, positionals } = read()
const runs = Number(values.runs ?? '1000')
const seed = Number(values.seed ?? Date.now() % 1e6)
const platforms = new Set(TRIALS.map(({ platform }) => platform as string))
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
if (!(runs >= 1) || !Number.isSafeInteger(runs) || !Number.isSafeInteger(seed) || positionals.some(each => !platforms.has(each)))
  refuse()

const rows: (readonly string[])[] = []
const print = (line: string): void => void process.stdout.write(`${line}\n`)
let failed = false
for (const [index, trial] of TRIALS.entries()) {
  if (positionals.length > 0 && !positionals.includes(trial.platform)) continue
  print(`\n${trial.platform}: ${trial.what} (seed ${seed + index})`)
  const outcome = await hold(
    asCounterpart(trial, runs, seed + index, cells => rows.push(cells)),
    print,
  )
  failed ||= outcome === 'failed'
}
printTable('Random kills; the stream is slow, throttles and hangs up now and then', COLUMNS, rows)
process.exit(failed ? 1 : 0)

function read() {
  try {
    const options = { runs: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ allowPositionals: true, options })
  } catch {
    return refuse()
  }
}

function refuse(): never {
  process.stderr.write(USAGE)
  process.exit(2)
}
