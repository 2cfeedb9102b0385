import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Plugin } from 'esbuild'

/** A `read` of an object of the schema's `Field`s, as the formatter lays it out: a method up to the brace below its name, or one line. */
const READ = /^( +)read(?:\([\w, ]*\) \{\n[^]*?\n\1\},|: [^\n]*,)\n/gm
const WRITE = /^ +write\(/gm

/**
 * Leaves out of the bundle how the compact forms are read: each stands beside how it is written, which is where it belongs, but the extension only
 * writes. Where the two are no longer as many, the build fails instead of leaving out something else.
 */
export const writersOnly: Plugin = {
  name: 'writers-only',
  setup(build) {
    // No module of ours does anything by being loaded: one of which nothing is left in use can go.
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      sideEffects: false,
    }))
    build.onLoad({ filter: /[\\/]schema[\\/]src[\\/]batch[\\/](?:fields|line)\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const [reads, writes] = [READ, WRITE].map(form => text.match(form)?.length ?? 0)
      // The interface that both belong to declares each once, in a form of its own.
      const declared = /^  write\(out: .*\): boolean$/m.test(text) ? 1 : 0
      if (reads !== (writes ?? 0) - declared) throw new Error(`${path}: ${reads} ways to read beside ${writes} to write`)
      return { contents: text.replaceAll(READ, ''), loader: 'ts' }
    })
  },
}
