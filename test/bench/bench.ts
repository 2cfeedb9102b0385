// `npm run bench [-- ingest|wire|extension|guard|redact|sigma|coldstart …]`: the figures that the docs quote, each beside its peer or limit in the same run.
// `npm run bench -- extension --check`: whether the extension keeps its budgets, by ratio and by size; fails where it does not.
import { cpus, totalmem } from 'node:os'
import { benchExtension } from './extension.ts'
import { isApart } from './extension/apart.ts'
import { benchGuard } from './guard.ts'
import { benchIngest } from './ingest.ts'
import { benchRedact } from './redact.ts'
import { benchColdStart } from './sigma/coldstart.ts'
import { benchRuntimes } from './runtimes.ts'
import { benchSigma } from './sigma/index.ts'
import { benchWire } from './wire.ts'

const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  wire: benchWire,
  ingest: benchIngest,
  extension: benchExtension,
  guard: benchGuard,
  runtimes: benchRuntimes,
  redact: benchRedact,
  sigma: benchSigma,
  coldstart: benchColdStart,
}
const flags = process.argv.slice(2).filter(word => word.startsWith('--'))
const asked = process.argv.slice(2).filter(word => !word.startsWith('--'))
const check = flags.length === 1 && flags[0] === '--check' && asked.join() === 'extension'
if (asked.some(name => !Object.hasOwn(benches, name)) || (flags.length > 0 && !check)) {
  process.stderr.write(
    `usage: npm run bench [-- ${Object.keys(benches).join('|')} …]\n       npm run bench -- extension --check\n`,
  )
  process.exitCode = 2
} else if (check) {
  await benchExtension({ check })
} else {
  const machine =
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB. ` +
    'Shared machines are noisy: read medians and ratios.\n'
  if (!isApart) process.stdout.write(machine)
  for (const name of asked.length > 0 ? asked : Object.keys(benches)) await benches[name]?.()
}
