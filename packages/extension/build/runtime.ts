import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { bundleProgram } from './bundle.ts'
import { unpackTgz } from './tar.ts'

/** The architectures of Lambda, in its own words. */
export type Architecture = 'x86_64' | 'arm64'

/** A file that could not be had from the package registry, or is not the one that is pinned here. A person can mend it: no stack is needed. */
export class RuntimeError extends Error {}

/** Bun, as npm has it: too large to be a dependency (50 MB a platform), so that it is brought when a runtime layer is built. */
export const BUN_VERSION = '1.4.5'
/** The registry's own digests of each package at that version. Another version has others: `npm view <package>@<version> dist.integrity`. */
const PACKAGES: Readonly<Record<string, string>> = {
  // Without AVX2, which a laptop or a host of one's own may lack; it starts no slower.
  'bun-linux-x64-baseline': 'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
  'bun-linux-aarch64': 'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
}
const TARGETS: Readonly<Record<Architecture, { readonly bun: string; readonly target: string }>> = {
  x86_64: { bun: 'bun-linux-x64-baseline', target: 'bun-linux-x64-baseline' },
  arm64: { bun: 'bun-linux-aarch64', target: 'bun-linux-arm64' },
}
/** The Bun that compiles, by the platform of this machine; it compiles for both architectures. */
const COMPILERS: Readonly<Record<string, string>> = { 'linux-x64': 'bun-linux-x64-baseline', 'linux-arm64': 'bun-linux-aarch64' }

/**
 * How Bun compiles. Its own programs read `.env` and `bunfig.toml` of the folder they start in unless they are told not to, and that folder
 * may be the function's. Bytecode saves parsing: some 10 ms.
 */
const FLAGS = ['--compile', '--minify', '--bytecode', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig']
/** For one tool to end: a slow line, a slow machine. */
const TOOL_MS = 600_000
const KEEP_MS = 86_400_000

export interface Program {
  readonly path: string
  readonly bytes: number
}

/** Tells what takes long. */
export type Say = (line: string) => void

const cache = join(process.env['WEIR_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')), 'weir-runtime')

/**
 * The program of the runtime layer for this machine, to be run beside the layer as `weir/rt/weir`; compiled once for each state of the source.
 * Undefined where it cannot be had, and `say` has been told why: Bun comes from the npm registry, once.
 */
export async function runtimeProgram(say: Say = toStderr): Promise<Program | undefined> {
  const architecture =
    process.platform === 'linux' ? ({ x64: 'x86_64', arm64: 'arm64' } as const)[process.arch as string] : undefined
  try {
    if (architecture) return await compileRuntime(architecture, say)
    say(`no runtime program for ${process.platform}-${process.arch}`)
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    say(error.message)
  }
  return undefined
}

/** Compiles the extension for one architecture, or finds it in the cache. Throws RuntimeError. */
export async function compileRuntime(architecture: Architecture, say: Say = toStderr): Promise<Program> {
  const { bun, target } = TARGETS[architecture]
  const compiler = COMPILERS[`${process.platform}-${process.arch}`]
  if (!compiler)
    throw new RuntimeError(`the runtime layer is compiled on Linux (x64 or arm64); this is ${process.platform}-${process.arch}`)
  const source = await bundleProgram('../src/main-bun.ts')
  const key = createHash('sha256')
    .update(source)
    .update(JSON.stringify([BUN_VERSION, PACKAGES, TARGETS, FLAGS]))
    .digest('hex')
    .slice(0, 16)
  const folder = await kept(`weir-${architecture}-${key}`, async folder => {
    const [run, base] = [await bunPackage(compiler, say), await bunPackage(bun, say)]
    say(`compiling the runtime program for ${architecture}`)
    await prune(`weir-${architecture}-`)
    await writeFile(join(folder, 'weir.cjs'), source)
    const args = [
      'build',
      ...FLAGS,
      `--target=${target}`,
      `--compile-executable-path=${join(base, 'bun')}`,
      '--outfile=weir',
      'weir.cjs',
    ]
    await execute(join(run, 'bun'), args, folder, 'compiling the runtime program')
    await rm(join(folder, 'weir.cjs'))
  })
  const path = join(folder, 'weir')
  return { path, bytes: (await stat(path)).size }
}

/** The folder of one Bun: `bun` and what its package says of itself. Checked against the digest above. */
async function bunPackage(name: string, say: Say): Promise<string> {
  return kept(`${name}-${BUN_VERSION}`, async folder => {
    say(`bringing @oven/${name} ${BUN_VERSION} from the npm registry, some 50 MB`)
    await execute(
      'npm',
      ['pack', `@oven/${name}@${BUN_VERSION}`, '--ignore-scripts', '--silent'],
      folder,
      `bringing @oven/${name}`,
    )
    const [file = ''] = (await readdir(folder)).filter(each => each.endsWith('.tgz'))
    const packed = await readFile(join(folder, file))
    if (`sha512-${createHash('sha512').update(packed).digest('base64')}` !== PACKAGES[name]) {
      throw new RuntimeError(`@oven/${name} ${BUN_VERSION}: not the bytes that were released; expected ${PACKAGES[name]}`)
    }
    for (const [path, bytes] of unpackTgz(packed)) {
      if (path === 'package/bin/bun') await writeFile(join(folder, 'bun'), bytes, { mode: 0o755 })
    }
    await rm(join(folder, file))
    if (!existsSync(join(folder, 'bun'))) throw new RuntimeError(`@oven/${name} ${BUN_VERSION}: has no bin/bun`)
  })
}

/** The folder of `key` in the cache, filled by `make` where it is not there yet: whole or not at all, and by whoever is first. */
async function kept(key: string, make: (folder: string) => Promise<void>): Promise<string> {
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

/** Programs of older states of the source go: each is 110 MB. What has been made lately may be in use. */
async function prune(prefix: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const made = await stat(path).catch(() => undefined)
    if (name.startsWith(prefix) && made && Date.now() - made.mtimeMs > KEEP_MS) await rm(path, { recursive: true, force: true })
  }
}

/** Runs a tool to its end. Throws RuntimeError with its last words. */
async function execute(command: string, args: readonly string[], cwd: string, what: string): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: TOOL_MS, killSignal: 'SIGKILL' })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-2_000)))
  const code = await Promise.race([
    once(child, 'close').then(([status, signal]) => (status as number | null) ?? String(signal)),
    once(child, 'error').then(([error]) => (error as Error).message),
  ])
  if (code !== 0)
    throw new RuntimeError(`${what} failed (${code}): ${output.trim().split('\n').slice(-3).join(' ') || 'no output'}`)
}

function toStderr(line: string): void {
  process.stderr.write(`weir: ${line}\n`)
}
