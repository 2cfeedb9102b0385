import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Counterpart, install, need, type Stand } from './counterpart.ts'
import { python } from './python.ts'
import { PYSIGMA } from './pysigma.ts'
import { RSIGMA_VERSION } from './rsigma-engine.ts'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const SUITE = '../../packages/sigma/conformance'

/** The conformance suite of the Sigma package, asked of Weir, of pySigma through our evaluator, and of rsigma. */
export const conformance: Counterpart = {
  name: 'conformance',
  async run(stand) {
    const engines = [
      'Weir=weir',
      `pySigma ${PYSIGMA}=${join(await python(stand, [`pySigma==${PYSIGMA}`]), 'python')} ${here('pysigma.py')}`,
      `rsigma ${RSIGMA_VERSION}=${await build(stand)}`,
    ]
    const args = [here(`${SUITE}/run.ts`), '--markdown', ...engines.flatMap(engine => ['--engine', engine])]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 })
    const table = stdout.trim()
    for (const line of table.split('\n')) stand.note(line)
    await stand.step('Weir passes every case', () => {
      const [, required = '', , decided] = /\| total +\| (\d+)\/(\1) · (\d+)\/(\3) /.exec(table) ?? []
      assert.ok(Number(required) > 0 && Number(decided) > 0, `${table}\n${stderr}`)
    })
    const readme = await readFile(here(`${SUITE}/README.md`), 'utf8')
    await stand.step('the table in the README of the suite is this one', () => assert.ok(readme.includes(table), table))
  },
}

/** The program in rsigma/src/bin, built by the Cargo of this machine into the cache. Two minutes, once. */
async function build(stand: Stand): Promise<string> {
  const cargo = need('cargo')
  const hash = createHash('sha256')
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/bin/conformance.rs']) hash.update(await readFile(here(`rsigma/${file}`)))
  const folder = await stand.installed(
    `rsigma-conformance-${RSIGMA_VERSION}-${hash.digest('hex').slice(0, 12)}`,
    async folder => {
      await cp(here('rsigma'), folder, { recursive: true })
      const env = { CARGO_TARGET_DIR: join(folder, 'target') }
      const log = join(folder, 'install.log')
      await install(cargo, ['build', '--release', '--locked', '--quiet', '--bin', 'conformance'], {
        cwd: folder,
        env,
        seconds: 540,
        log,
      })
    },
  )
  return join(folder, 'target/release/conformance')
}
