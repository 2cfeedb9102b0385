import childProcess from 'node:child_process'
import type { Sight } from './sight.ts'
import { around } from './wrap.ts'

const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox'])
/** Programs of a shell's line that are named. */
const MAX_RUNS = 6
const MAX_LINE = 2_000
const PROGRAM = /^[\w.+@-]{1,40}$/

/**
 * Child processes: the program's name and how many arguments it had, and of a shell's line the programs in it. Arguments stay here: they hold
 * what people pass to programs. Every way to start one asynchronously ends in `ChildProcess.prototype.spawn`.
 */
export function watchProcesses(sight: Sight): void {
  const started = (method: string, file: unknown, args: unknown, shell?: unknown) => {
    const details = commandOf(file, args, shell)
    sight.oncePerCaller('process', `${details.command} ${details.runs?.join(' ')}`, { ...details, method })
  }
  around(childProcess.ChildProcess.prototype, 'spawn', ([options]) => {
    const { file, args } = fields(options)
    // Here the program itself is the first of its arguments.
    started('spawn', file, Array.isArray(args) ? args.slice(1) : [])
  })
  around(childProcess, 'execSync', ([line]) => started('execSync', line, [], true))
  for (const method of ['spawnSync', 'execFileSync']) {
    around(childProcess, method, ([file, args, options]) => {
      const { shell } = fields(Array.isArray(args) ? options : args)
      started(method, file, Array.isArray(args) ? args : [], shell)
    })
  }
  around(process, 'execve', ([file, args]) => started('execve', file, Array.isArray(args) ? args.slice(1) : []))
}

/** What is told of a command: the program, how many arguments it got, and the programs in its line where it is a shell. */
interface Command {
  readonly command: string
  readonly args: number
  readonly runs: readonly string[] | undefined
}

/** `shell`: `file` is, with its arguments, a line for a shell. */
export function commandOf(file: unknown, args: unknown, shell?: unknown): Command {
  const words = Array.isArray(args) ? args.map(textOf) : []
  const viaShell = shell !== undefined && shell !== false
  const command = viaShell ? (typeof shell === 'string' ? nameOf(shell) : 'sh') : nameOf(textOf(file))
  const at = words.indexOf('-c')
  const line = viaShell ? [textOf(file), ...words].join(' ') : SHELLS.has(command) && at >= 0 ? words[at + 1] : undefined
  return { command, args: viaShell ? 1 : words.length, runs: line === undefined ? undefined : programsIn(line) }
}

/** The programs of a shell's line, roughly: the first word of each command in it. */
export function programsIn(line: string): string[] {
  const commands = line.slice(0, MAX_LINE).split(/[|;&\n()`]+/)
  const names = commands.map(command =>
    nameOf(
      command
        .trim()
        .split(/\s+/)
        .find(word => !/^\w*=|^[!{$]*$/.test(word)) ?? '',
    ),
  )
  return [...new Set(names.filter(name => PROGRAM.test(name)))].slice(0, MAX_RUNS)
}

/** What is no text is not made one: that would run code of its own. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).slice(0, 64)

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
