import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { lazyBuiltins } from './builtins.ts'
import { packedDictionary } from './dictionary.ts'

/** A file of the layer: its path inside it (which Lambda mounts at /opt), its bytes, its Unix mode. */
export interface LayerFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
}

/** The budget for the bundle, bytes: what Node must read and compile at each cold start. A test holds it. */
export const MAX_BUNDLE_BYTES = 100_000

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Builds the layer and writes it below `outDir`: the launcher where Lambda looks for extensions, and all else elsewhere, because Lambda starts
 * every file of `extensions/`. The same source gives the same bytes.
 */
export async function bundleExtension(outDir: string): Promise<{ files: LayerFile[] }> {
  const files: LayerFile[] = [
    { path: 'extensions/weir', bytes: await readFile(here('../src/launcher.sh')), mode: 0o755 },
    { path: 'weir/main.cjs', bytes: await bundleProgram(), mode: 0o644 },
    { path: 'weir/LICENSE', bytes: await readFile(here('../../../LICENSE')), mode: 0o644 },
  ]
  for (const { path, bytes, mode } of files) {
    const file = join(outDir, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    await chmod(file, mode)
  }
  return { files }
}

/** Lays the same tree into `dir`, for a laptop without /opt; the answer is the path of the file to start. Its `WEIR_ROOT` is `dir`. */
export async function prepareLayer(dir: string): Promise<string> {
  await bundleExtension(dir)
  return join(dir, 'extensions/weir')
}

/** The recorder as one CommonJS file: it must start on the oldest Node that a function of a customer may have. `entry` is relative to this file. */
export async function bundleProgram(entry = '../src/main.ts'): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [lazyBuiltins, packedDictionary],
    // Once for the whole file, instead of once a module.
    banner: { js: '"use strict";' },
    tsconfigRaw: '{}',
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}
