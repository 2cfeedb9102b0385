import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  /** Set when the program could not be started at all. */
  error?: Error
}

/** How a process ended, in the words of Lambda's error messages. */
export const describeExit = ({ code, signal, error }: Exit): string => {
  if (error) return `fork/exec: ${'code' in error ? String(error.code) : error.message}`
  if (code === 0) return 'exit code 0'
  return signal ? `signal: ${SIGNAL_NAMES[signal] ?? signal}` : `exit status ${code}`
}

const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGSEGV: 'segmentation fault',
}

export interface ChildOptions {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** Called with the raw bytes of each stream; 3 is the framed log descriptor and only opened when `framed`. */
  onData: (fd: 1 | 2 | 3, chunk: Buffer) => void
  framed?: boolean
}

/** A process in a group of its own, so that a signal reaches whatever it starts. */
export interface Child {
  readonly pid: number | undefined
  readonly exited: Promise<Exit>
  readonly running: boolean
  /** Signals the whole group; does nothing once the process has ended. */
  signal(signal: NodeJS.Signals): void
}

/** Told of each group that lives and of each that is gone. */
export interface Watcher {
  add(pid: number): void
  remove(pid: number): void
}

export function startChild(options: ChildOptions, watcher: Watcher): Child {
  const { command, args, env, cwd, onData, framed = false } = options
  const process_ = spawn(command, args, {
    env,
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', framed ? 'pipe' : 'ignore'],
  })
  const { pid } = process_
  for (const fd of [1, 2, 3] as const) readable(process_, fd)?.on('data', (chunk: Buffer) => onData(fd, chunk))
  let running = pid !== undefined
  if (pid !== undefined) watcher.add(pid)

  const exited = new Promise<Exit>(resolve => {
    process_.once('error', error => {
      if (pid === undefined) resolve({ code: null, signal: null, error })
    })
    process_.once('exit', (code, signal) => {
      running = false
      if (pid !== undefined) {
        killGroup(pid, 'SIGKILL')
        watcher.remove(pid)
      }
      resolve({ code, signal })
    })
  })
  return {
    pid,
    exited,
    get running() {
      return running
    },
    signal(signal) {
      if (running && pid !== undefined) killGroup(pid, signal)
    },
  }
}

const readable = (child: ChildProcess, fd: 1 | 2 | 3): Readable | undefined => {
  const stream = child.stdio[fd]
  return stream && 'read' in stream ? stream : undefined
}

/** Signals a process group; one that is gone already is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: the group has ended.
  }
}
