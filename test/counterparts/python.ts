import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { install, need, type Stand } from './counterpart.ts'

/** What most counterparts in Python need, pinned; whatever these need comes as pip resolves it. */
const PACKAGES: readonly string[] = ['fastavro==1.13.1', 'moto[server]==5.2.5']

/** A virtual environment with these packages, in the cache; the answer is its folder of programs. */
export async function python(stand: Stand, packages: readonly string[] = PACKAGES): Promise<string> {
  const system = need('python3')
  const key = `python-${packages.join('-').replaceAll(/[^\w.-]+/g, '_')}`
  const folder = await stand.installed(key, async folder => {
    const log = join(folder, 'install.log')
    await install(system, ['-m', 'venv', join(folder, 'venv')], { seconds: 120, log })
    const pip = join(folder, 'venv/bin/pip')
    await install(pip, ['install', '--disable-pip-version-check', ...packages], { seconds: 400, log })
  })
  stand.note(
    `${(await readFile(join(folder, 'venv/pyvenv.cfg'), 'utf8')).match(/version\s*=.*/)?.[0] ?? 'python'}, ${packages.join(', ')}`,
  )
  return join(folder, 'venv/bin')
}
