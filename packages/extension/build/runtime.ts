import { createHash } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Brought, broughtFrom, execute, forget, kept, RuntimeError, type Say } from './brought.ts'
import { bundleProgram, type LayerFile } from './bundle.ts'
import { BUN_VERSION, runtimeLicences } from './licences.ts'

export { RuntimeError, type Say } from './brought.ts'

/** The architectures of Lambda, in its own words. */
export const ARCHITECTURES = ['x86_64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

/** A program on this machine's disk. */
export interface Program {
  readonly path: string
  readonly bytes: number
}

interface Bun extends Brought {
  /** What `bun build --target` calls it. */
  readonly target: string
}

/** Bun is no dependency, because it is 50 MB a platform: it is brought when a runtime layer is built. */
const BUN: Readonly<Record<Architecture, Bun>> = {
  // Without AVX2: Lambda has it, the machine of a laptop's function may not; it starts no slower.
  x86_64: {
    name: '@oven/bun-linux-x64-baseline',
    version: BUN_VERSION,
    integrity: 'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
    files: ['bin/bun'],
    target: 'bun-linux-x64-baseline',
  },
  arm64: {
    name: '@oven/bun-linux-aarch64',
    version: BUN_VERSION,
    integrity: 'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
    files: ['bin/bun'],
    target: 'bun-linux-arm64',
  },
}

/**
 * How Bun compiles. Its programs read `.env` and `bunfig.toml` of the folder they start in unless they are told not to, and that folder may be
 * the function's. Bytecode saves parsing: some 7 ms of processor time at each start.
 */
const FLAGS = ['--compile', '--minify', '--bytecode', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig']

/** What the launcher sets for the program: how it is to run. */
export async function runtimeSettings(): Promise<Readonly<Record<string, string>>> {
  const launcher = await readFile(new URL('../src/launcher.sh', import.meta.url), 'utf8')
  return Object.fromEntries([...launcher.matchAll(/\b(BUN_JSC_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}

/** The architecture of this machine, where it is one of Lambda's. */
const own = (): Architecture | undefined =>
  process.platform === 'linux' ? ARCHITECTURES[['x64', 'arm64'].indexOf(process.arch)] : undefined

/**
 * The program of the runtime layer for this machine, which stands in it as `weir/rt/weir`; compiled once for each state of the source. Undefined
 * where it cannot be had, and `say` has been told why: Bun comes from npm, once.
 */
export async function runtimeProgram(say: Say = toStderr): Promise<Program | undefined> {
  const architecture = own()
  try {
    if (architecture) return await compileRuntime(architecture, say)
    say(`no runtime program for ${process.platform}-${process.arch}`)
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    say(error.message)
  }
  return undefined
}

/** Compiles the extension for an architecture, or finds it in the cache. The same source gives the same bytes. Throws RuntimeError. */
export async function compileRuntime(architecture: Architecture, say: Say = toStderr): Promise<Program> {
  const compiler = own()
  if (!compiler)
    throw new RuntimeError(`the runtime layer is compiled on Linux (x64, arm64), and this is ${process.platform}-${process.arch}`)
  const source = await bundleProgram('../src/main-bun.ts')
  const key = createHash('sha256')
    .update(source)
    .update(JSON.stringify([BUN, FLAGS]))
    .digest('hex')
    .slice(0, 12)
  const folder = await kept(`weir-${architecture}-${key}`, async folder => {
    const [run, base] = [await broughtFrom(BUN[compiler], say), await broughtFrom(BUN[architecture], say)]
    say(`compiling the runtime program for ${architecture}`)
    await forget(`weir-${architecture}-`)
    await writeFile(join(folder, 'weir.cjs'), source)
    const from = `--compile-executable-path=${join(base, 'bin/bun')}`
    const args = ['build', ...FLAGS, `--target=${BUN[architecture].target}`, from, '--outfile=weir', 'weir.cjs']
    await execute(join(run, 'bin/bun'), args, folder, 'compiling the runtime program')
    await rm(join(folder, 'weir.cjs'))
  })
  const path = join(folder, 'weir')
  return { path, bytes: (await stat(path)).size }
}

/** The files of the runtime layer: the program, and the licences of all that is in it. Throws RuntimeError. */
export async function bundleRuntime(architecture: Architecture, say: Say = toStderr): Promise<{ files: LayerFile[] }> {
  const { path } = await compileRuntime(architecture, say)
  return {
    files: [
      { path: 'weir/rt/weir', bytes: await readFile(path), mode: 0o755 },
      { path: 'weir/rt/LICENSES', bytes: await runtimeLicences(say), mode: 0o644 },
    ],
  }
}

function toStderr(line: string): void {
  process.stderr.write(`weir: ${line}\n`)
}
