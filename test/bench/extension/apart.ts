import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { which } from '../../counterparts/counterpart.ts'

const MARK = 'WEIR_BENCH_APART'
/** Whether this process is in the sandbox already. */
export const isApart = process.env[MARK] !== undefined

/**
 * Runs this bench again where it sees as much as in a sandbox of Lambda: its own processes, because some extensions read what /proc has of each
 * (on this machine hundreds), and the names under which extensions listen. False where this machine allows no such namespaces.
 */
export async function runApart(args: readonly string[]): Promise<boolean> {
  const unshare = which('unshare')
  if (unshare === undefined) return false
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const apart = [...asRoot, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  if (spawnSync(unshare, [...apart, 'true']).status !== 0) return false
  const folder = await mkdtemp(join(tmpdir(), 'weir-hosts-'))
  try {
    const hosts = join(folder, 'hosts')
    await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n127.0.0.1 sandbox sandbox.localdomain\n`)
    const command = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...args]
    const child = spawn(unshare, [...apart, 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...command], {
      stdio: 'inherit',
      env: { ...process.env, [MARK]: '1' },
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) process.exitCode = code ?? 1
    return true
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
