import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { unpackTgz } from './tar.ts'

/** What the runtime layer needs could not be had: the registry, the disk or the platform says no. A person can mend it: no stack is needed. */
export class RuntimeError extends Error {}

/** Tells what takes long. */
export type Say = (line: string) => void

/** A package of npm, at one version, by the registry's own digest of it (`npm view <name>@<version> dist.integrity`). */
export interface Brought {
  readonly name: string
  readonly version: string
  readonly integrity: string
  /** Which of its files are wanted, by their path in it. */
  readonly files: readonly string[]
}

const cache = join(process.env['WEIR_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-runtime')
/** For one tool to end: a slow line, a slow machine. */
const TOOL_MS = 600_000
const KEEP_MS = 3_600_000

/** A folder with the wanted files of a package: from the cache, else from the registry through npm, checked. Throws RuntimeError. */
export function broughtFrom({ name, version, integrity, files }: Brought, say: Say): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([integrity, files]))
    .digest('hex')
    .slice(0, 12)
  return kept(`${name.replace(/^@.*\//, '')}-${version}-${key}`, async folder => {
    say(`bringing ${name} ${version} from npm`)
    await execute(
      'npm',
      ['pack', `${name}@${version}`, '--ignore-scripts', '--silent'],
      folder,
      `bringing ${name} ${version} from npm, whose registry must be reached once,`,
    )
    const [file = ''] = (await readdir(folder)).filter(each => each.endsWith('.tgz'))
    const packed = await readFile(join(folder, file))
    await rm(join(folder, file))
    if (`sha512-${createHash('sha512').update(packed).digest('base64')}` !== integrity) {
      throw new RuntimeError(`${name} ${version}: not the bytes that were released; their digest should be ${integrity}`)
    }
    const missing = new Set(files)
    for (const { path, bytes, mode } of unpackTgz(packed)) {
      const wanted = path.replace(/^package\//, '')
      if (!missing.delete(wanted)) continue
      await mkdir(join(folder, dirname(wanted)), { recursive: true })
      await writeFile(join(folder, wanted), bytes, { mode })
    }
    if (missing.size > 0) throw new RuntimeError(`${name} ${version}: has no ${[...missing].join(', ')}`)
  })
}

/** The folder of `key` in the cache, filled by `make` where it is not there yet: whole or not at all, and by whoever is first. */
export async function kept(key: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, key)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const making = await mkdtemp(join(cache, 'making-'))
  try {
    await make(making)
    await rename(making, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return folder
}

/** What begins with `prefix` and is older than an hour goes from the cache; what has been made lately may be in use. */
export async function forget(prefix: string): Promise<void> {
  for (const name of (await readdir(cache)).filter(each => each.startsWith(prefix))) {
    const made = await stat(join(cache, name)).catch(() => undefined)
    if (made && Date.now() - made.mtimeMs > KEEP_MS) await rm(join(cache, name), { recursive: true, force: true })
  }
}

/** Runs a tool to its end. Throws RuntimeError with its last words. */
export async function execute(command: string, args: readonly string[], cwd: string, what: string): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(TOOL_MS),
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-2_000)))
  }
  const ended = await new Promise<number | string>(resolve => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', (code, signal) => resolve(code ?? String(signal)))
  })
  if (ended !== 0)
    throw new RuntimeError(`${what} failed (${ended}): ${output.trim().split('\n').slice(-3).join(' ') || 'it said nothing'}`)
}
