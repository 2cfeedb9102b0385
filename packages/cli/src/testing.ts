import { Readable } from 'node:stream'
import type { World } from './command.ts'
import { main } from './main.ts'
import type { Paint } from './terminal.ts'

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `weir` in this process, for tests. `colours`: which of its outputs is a terminal with colours, as `<red>text</red>`. */
export async function weir(
  argv: readonly string[],
  given: {
    cwd?: string
    env?: NodeJS.ProcessEnv
    stdin?: string | Buffer | Readable
    signal?: AbortSignal
    colours?: 'out' | 'err'
  } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const paint =
    (to: 'out' | 'err'): Paint =>
    (style, text) =>
      given.colours === to ? `<${String(style)}>${text}</${String(style)}>` : text
  const world: Partial<World> = {
    cwd: given.cwd ?? process.cwd(),
    env: given.env ?? {},
    stdin:
      given.stdin instanceof Readable ? given.stdin : Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    out: {
      paint: paint('out'),
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
      paint: paint('err'),
    },
    signal: given.signal ?? new AbortController().signal,
  }
  const code = await main(argv, world)
  return { code, out, err }
}
