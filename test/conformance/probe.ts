import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Entry, Setup } from './platform.ts'

const program = (name: string) => fileURLToPath(new URL(`probe/${name}.mjs`, import.meta.url))
const START = process.execPath

/**
 * Writes the probe's programs into `extensions` (as many as are wanted) and a `bootstrap` beside it, and says which variables they need. They run on
 * this Node wherever they are started; the diary is `diary.jsonl` in the folder.
 */
export function furnish(folder: string, setup: Setup): { extensions: string[]; bootstrap: string; env: Record<string, string> } {
  const script = (path: string, lines: string) => {
    writeFileSync(path, `#!/bin/sh\n${lines}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const into = join(folder, 'extensions')
  mkdirSync(into, { recursive: true })
  const names = Array.from({ length: setup.extensions ?? 1 }, (_, n) => (n === 0 ? 'probe' : `probe-${n}`))
  return {
    extensions: names.map(name => script(join(into, name), `PROBE_NAME=${name} exec '${START}' '${program('extension')}'`)),
    bootstrap: script(join(folder, 'bootstrap'), `exec '${START}' '${program('runtime')}'`),
    env: {
      PROBE_DIARY: join(folder, 'diary.jsonl'),
      PROBE_SCRIPTS: JSON.stringify(setup.scripts),
      PROBE_RUNTIMES: JSON.stringify(setup.runtimes ?? ['']),
    },
  }
}

export function readDiary(folder: string): Entry[] {
  const file = join(folder, 'diary.jsonl')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map((line): Entry => JSON.parse(line))
}
