import type { Readable } from 'node:stream'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What the exit code says; scripts may rely on it. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** Something of Weir's failed. */
  failed: 1,
  /** The command line or the config is wrong: the message says where. */
  usage: 2,
  /** Done, and there are findings (`weir run --fail-on-findings`), or a check failed (`weir check`, `weir rules check`). */
  found: 3,
  /** Done, but part of the input could not be read: it is in quarantine and the ledger counts it. */
  partial: 4,
  /** A signal ended it before its work was done: 128 + SIGINT, as shells count, whichever signal it was. */
  interrupted: 130,
} as const

/** What a command may use of the world; tests pass their own. */
export interface World {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly stdin: Readable & { readonly isTTY?: boolean }
  /** Results only: what a script reads. */
  readonly out: Output
  /** Everything else, for people. */
  readonly terminal: Terminal
  /** Aborts on SIGINT, SIGTERM or SIGHUP: finish, print the ledger, return. */
  readonly signal: AbortSignal
}

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly short?: string
  /** What stands for the value in the help, for example `PATH`. */
  readonly value?: string
  readonly description: string
}

/** One command of `weir`, as data: the help comes from it. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Usage lines without the program's name. */
  readonly usage: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  /** Paragraphs and examples below the options. */
  readonly help?: string
  /** Commands below this one, each with options of its own: `weir rules check`. The first is run when none is named. */
  readonly actions?: readonly Command[]
  run(args: Arguments, world: World): Promise<number>
}

export interface Arguments {
  readonly positionals: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
}

/** The command's options as `node:util` parseArgs wants them. */
export function parseOptions(options: Command['options']): ParseArgsOptionsConfig {
  return Object.fromEntries(
    Object.entries({ ...options, help: HELP }).map(([name, { type, multiple, short }]) => [
      name,
      { type, ...(multiple ? { multiple } : {}), ...(short ? { short } : {}) },
    ]),
  )
}

export const HELP: Option = { type: 'boolean', short: 'h', description: 'Show this help.' }
