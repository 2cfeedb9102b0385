// `npm run bench [-- ingest|wire|extension|sigma|coldstart …]`: the figures that the docs quote, each beside its peer or limit in the same run.
import { cpus, totalmem } from 'node:os'
import { benchExtension } from './extension.ts'
import { benchIngest } from './ingest.ts'
import { benchColdStart } from './sigma/coldstart.ts'
import { benchSigma } from './sigma/index.ts'
import { benchWire } from './wire.ts'

const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  wire: benchWire,
  ingest: benchIngest,
  extension: benchExtension,
  sigma: benchSigma,
  coldstart: benchColdStart,
}
const asked = process.argv.slice(2)
const unknown = asked.filter(name => !Object.hasOwn(benches, name))
if (unknown.length > 0 || asked.includes('--help')) {
  process.stderr.write(`usage: npm run bench [-- ${Object.keys(benches).join('|')} …]\n`)
  process.exitCode = 2
} else {
  process.stdout.write(
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB. ` +
      'Shared machines are noisy: read medians and ratios.\n',
  )
  for (const name of asked.length > 0 ? asked : Object.keys(benches)) await benches[name]?.()
}
