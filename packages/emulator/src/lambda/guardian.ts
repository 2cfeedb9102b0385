import { spawn } from 'node:child_process'
import { killGroup, type Watcher } from './child.ts'

/** Reads `+ pid` and `- pid`, and kills the groups that are left when its input ends, however this process ended. */
const SCRIPT = `
live=
while read -r change pid; do
  kept=
  for p in $live; do [ "$p" = "$pid" ] || kept="$kept $p"; done
  live=$kept
  [ "$change" = + ] && live="$live $pid"
done
for p in $live; do kill -s KILL -- "-$p"; done 2>/dev/null
`

/**
 * Keeps the emulator's children from outliving it. Sandboxes live in groups of their own and may be stopped (frozen), so neither Ctrl-C
 * nor a closed pipe ends them: an exit handler kills them, and a small shell does so when this process is killed without one.
 */
export function startGuardian(): Watcher & { close(): void } {
  const live = new Set<number>()
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  const atExit = () => {
    for (const pid of live) killGroup(pid, 'SIGKILL')
  }
  process.on('exit', atExit)
  return {
    add(pid) {
      live.add(pid)
      shell.stdin.write(`+ ${pid}\n`)
    },
    remove(pid) {
      live.delete(pid)
      shell.stdin.write(`- ${pid}\n`)
    },
    close() {
      atExit()
      process.off('exit', atExit)
      shell.stdin.end()
    },
  }
}
