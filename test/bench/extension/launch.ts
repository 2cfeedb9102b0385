import { type ChildProcess, spawn } from 'node:child_process'

export interface Launched {
  readonly child: ChildProcess
  readonly pid: number
  /** When it became the program, milliseconds of `performance.now`, and the processor time that it had used until then. */
  readonly execAt: Promise<{ readonly at: number; readonly cpu: number }>
}

/**
 * Bash tells the time and what it has used so far, and becomes the program: what it takes Node to start a process (some 10 ms, of which Lambda
 * has nothing) is not counted.
 */
const STAMP = 'read -r used _ </proc/self/schedstat; printf "%s %s" "$EPOCHREALTIME" "$used" >&3; exec 3>&- "$0" "$@"'

/** Standard output is a pipe, for whoever reads it. */
export function launch(command: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Launched {
  const toWall = wallClockOffset()
  const child = spawn('bash', ['-c', STAMP, command, ...args], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], ...env, LC_ALL: 'C' },
  })
  if (child.pid === undefined) throw new Error('bash is needed: it is what starts the extension')
  const told = child.stdio[3]
  const execAt = new Promise<{ at: number; cpu: number }>((resolve, reject) => {
    let text = ''
    told?.on('data', (part: Buffer) => (text += part.toString()))
    told?.on('end', () => {
      const [seconds, ns] = text.split(' ').map(Number)
      if (seconds === undefined || ns === undefined) reject(new Error(`${command} was not started`))
      else resolve({ at: seconds * 1_000 - toWall, cpu: ns / 1e6 })
    })
  })
  return { child, pid: child.pid, execAt }
}

/** What makes of `performance.now` the wall clock, to some microseconds: Node tells that one in whole milliseconds, so that a change is awaited. */
function wallClockOffset(): number {
  const from = Date.now()
  let now = from
  while (now === from) now = Date.now()
  return now - performance.now()
}
