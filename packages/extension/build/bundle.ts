import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { lazyBuiltins } from './builtins.ts'
import { DICTIONARY_FILE, dictionary, dictionaryBeside } from './dictionary.ts'
import { MAIN, sharedByMain, SIDE, sideFiles } from './side.ts'

/** A file of the layer: its path inside it (which Lambda mounts at /opt), its bytes, its Unix mode. */
export interface LayerFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
}

/** The budget for the file that Node is started with, bytes: what it reads and compiles before the extension is ready. A test holds it. */
export const MAX_BUNDLE_BYTES = 18_000

/** What each sandbox reads in the end, the looks at the sandbox of the first flush included; and its budget, bytes. A test holds it. */
export const ORDINARY = { files: ['weir/main.cjs', 'weir/flight.cjs', 'weir/inventory.cjs'], maxBytes: 96_000 } as const

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Builds the layer and writes it below `outDir`: the launcher where Lambda looks for extensions, and all else elsewhere, because Lambda starts
 * every file of `extensions/`. The same source gives the same bytes.
 */
export async function bundleExtension(outDir: string): Promise<{ files: LayerFile[] }> {
  const files: LayerFile[] = [
    { path: 'extensions/weir', bytes: await readFile(here('../src/launcher.sh')), mode: 0o755 },
    {
      path: 'weir/main.cjs',
      bytes: await bundleProgram(MAIN, { plugins: [sideFiles()] }),
      mode: 0o644,
    },
    { path: DICTIONARY_FILE, bytes: await dictionary(), mode: 0o644 },
    { path: 'weir/LICENSE', bytes: await readFile(here('../../../LICENSE')), mode: 0o644 },
  ]
  for (const { source, file } of SIDE) {
    const bytes = file.endsWith('.mjs')
      ? await bundleProgram(source, { format: 'esm' })
      : await bundleProgram(source, { plugins: [sideFiles(), sharedByMain(), dictionaryBeside] })
    files.push({ path: file, bytes, mode: 0o644 })
  }
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

/**
 * One file from `entry`, a path relative to this file or an absolute one. The recorder is CommonJS, because it must start on the oldest Node that a
 * function of a customer may have.
 */
export async function bundleProgram(
  entry: string,
  { format = 'cjs', plugins = [] }: { readonly format?: 'cjs' | 'esm'; readonly plugins?: readonly Plugin[] } = {},
): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [isAbsolute(entry) ? entry : here(entry)],
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format,
    target: 'node18',
    // So that a file beside this one is loaded by require, which costs less than the loader of ES modules.
    supported: { 'dynamic-import': format === 'esm' },
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [...plugins, lazyBuiltins],
    // Once for the whole file, instead of once a module.
    banner: format === 'cjs' ? { js: '"use strict";' } : {},
    tsconfigRaw: '{}',
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}
