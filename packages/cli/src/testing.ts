import { Readable } from 'node:stream'
import type { World } from './command.ts'
import { main } from './main.ts'

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `weir` in this process, for tests. */
export async function weir(
  argv: readonly string[],
  given: { cwd?: string; env?: NodeJS.ProcessEnv; stdin?: string | Buffer } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const world: Partial<World> = {
    cwd: given.cwd ?? process.cwd(),
    env: given.env ?? {},
    stdin: Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    out: { write: text => (out += text) },
    terminal: {
      interactive: false,
      columns: 120,
      line: (text = '') => {
        err += `${text}\n`
      },
      progress: () => {},
      paint: (_, text) => text,
    },
    signal: new AbortController().signal,
  }
  const code = await main(argv, world)
  return { code, out, err }
}
