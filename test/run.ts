// `npm test`: types, format, lint, then every test. Each step must pass before the next; the last line is `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const steps: readonly (readonly [string, readonly string[]])[] = [
  ['tsc', ['-p', '.']],
  ['biome', ['format', '--config-path=.biome.json', '.']],
  ['oxlint', ['--type-aware', '--deny-warnings']],
  ['vitest', ['run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)]],
]
for (const [command, args] of steps) {
  const began = Date.now()
  const done = spawnSync(`${root}node_modules/.bin/${command}`, args, { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) {
    if (command !== 'vitest') process.stdout.write(`\n${command} failed: the lines above say where\n0 passed, 1 failed\n`)
    process.exit(done.status ?? 1)
  }
  if (command !== 'vitest') process.stdout.write(`${command}: ok (${((Date.now() - began) / 1000).toFixed(1)} s)\n`)
}
