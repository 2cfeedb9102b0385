// `node test/counterparts/run.ts [name …] [--runs n] [--seed n]`: Weir against real systems. Not part of `npm test`; README.md says what each
// needs and shows.
import { parseArgs } from 'node:util'
import { avro } from './avro.ts'
import { aws } from './aws.ts'
import { collector } from './collector.ts'
import { conformance } from './conformance.ts'
import { type Counterpart, hold, type Options } from './counterpart.ts'
import { opensearch } from './opensearch.ts'
import { pysigma } from './pysigma.ts'
import { rie } from './rie.ts'
import { rsigma } from './rsigma.ts'
import { runtime } from './runtime.ts'

const all: readonly Counterpart[] = [avro, pysigma, conformance, rsigma, collector, aws, runtime, rie, opensearch]
const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, seed: { type: 'string' } },
})
const numbers = Object.entries(values).map(([name, value]) => [name, Number(value)] as const)
const unknown = asked.filter(name => !all.some(each => each.name === name))
if (unknown.length > 0 || numbers.some(([, value]) => !Number.isSafeInteger(value) || value < 0)) {
  process.stderr.write(
    `usage: node test/counterparts/run.ts [${all.map(({ name }) => name).join('|')}] … [--runs n] [--seed n], whole numbers\n`,
  )
  process.exit(2)
}
const options: Options = Object.fromEntries(numbers)

const counts = { passed: 0, failed: 0, skipped: 0 }
const print = (line: string): void => void process.stdout.write(`${line}\n`)
for (const counterpart of all.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  print(`\n${counterpart.name}`)
  const began = Date.now()
  const outcome = await hold(counterpart, print, options)
  counts[outcome]++
  print(`  ${outcome} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}
print(`\ncounterparts: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 ? 1 : 0)
