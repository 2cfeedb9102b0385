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
  given: { cwd?: string; env?: NodeJS.ProcessEnv; stdin?: string | Buffer | Readable; signal?: AbortSignal } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const world: Partial<World> = {
    cwd: given.cwd ?? process.cwd(),
    env: given.env ?? {},
    stdin:
      given.stdin instanceof Readable ? given.stdin : Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    out: {
      write(data) {
        out += typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
      },
    },
    terminal: {
      interactive: false,
      columns: 120,
      line: (text = '') => {
        err += `${text}\n`
      },
      progress: () => {},
      paint: (_, text) => text,
    },
    signal: given.signal ?? new AbortController().signal,
  }
  const code = await main(argv, world)
  return { code, out, err }
}
