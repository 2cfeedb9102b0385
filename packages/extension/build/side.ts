import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

/** A part of the layer in a file of its own, read only where it is used. */
export interface SideFile {
  /** Its source, relative to this file. Where the recorder loads it, that is `await import(…)` of this. */
  readonly source: string
  /** Its place in the layer: `.cjs` beside the recorder, for it; `.mjs` for others to load. */
  readonly file: string
  /** Its budget, bytes. A test holds it. */
  readonly maxBytes: number
}

/** The file that Node is started with: all that registers, listens and asks for the first event. */
export const MAIN = '../src/main.ts'

/**
 * What is not needed before the first event has been asked for does not belong into what Node reads and compiles before it is ready: the recorder
 * is read right after it, the others where they are used. What more than one needs is in each, unless `MAIN` exports it.
 */
export const SIDE: readonly SideFile[] = [
  { source: '../src/flight.ts', file: 'weir/flight.cjs', maxBytes: 66_000 },
  { source: '../src/otlp/otlp.ts', file: 'weir/otlp.cjs', maxBytes: 20_000 },
  { source: '../src/journal/file.ts', file: 'weir/journal.cjs', maxBytes: 10_000 },
  { source: '../src/inventory/inventory.ts', file: 'weir/inventory.cjs', maxBytes: 16_000 },
  { source: '../src/guard/report.ts', file: 'weir/guard.cjs', maxBytes: 8_000 },
  { source: '../src/guard/guard.ts', file: 'weir/guard.mjs', maxBytes: 16_000 },
].filter(({ source }) => existsSync(here(source)))

/** Leaves a dynamic import of a side file where it is, to be loaded from beside the bundle. */
export const sideFiles = (table: readonly SideFile[] = SIDE): Plugin => ({
  name: 'side-files',
  setup(build) {
    const places = new Map(table.map(({ source, file }) => [here(source), `./${relative('weir', file)}`]))
    build.onResolve({ filter: /^\./ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === places) return undefined
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: places })
      const place = places.get(found.path)
      return place === undefined ? found : { path: place, external: true }
    })
  },
})

/** Gives a file beside `main` what that one exports (`export { … } from '…'`), instead of a copy. A module of which it needs more fails the build. */
export const sharedByMain = (main: string = MAIN, file = './main.cjs'): Plugin => ({
  name: 'shared-by-main',
  setup(build) {
    const source = readFileSync(here(main), 'utf8')
    const shared = new Map(
      [...source.matchAll(/^export (\{[^}]+\}) from '([^']+)'/gm)].map(([, names, from = '']) => [
        fileURLToPath(new URL(from, `file://${here(main)}`)),
        `export const ${names} = require('${file}')`,
      ]),
    )
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = shared.get(path)
      return contents === undefined ? undefined : { contents }
    })
    build.onResolve({ filter: /^\.\/[\w-]+\.cjs$/ }, ({ path }) => (path === file ? { path, external: true } : undefined))
  },
})

function here(path: string): string {
  return isAbsolute(path) ? path : fileURLToPath(new URL(path, import.meta.url))
}
