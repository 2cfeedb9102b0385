import { EXIT } from './command.ts'

/**
 * Of one Ctrl-C, a process may get two signals: the terminal, or a supervisor, tells its whole group, and the parent that runs it (npm, the
 * bootstrap) passes its own on. What comes this soon after the first, in milliseconds, is the same one.
 */
const ECHO_MS = 1_000

/** A listener for SIGINT, SIGTERM and SIGHUP: the first one asks to finish, a second and later one ends at once. */
export function stopper(
  stop: AbortController,
  now: () => number,
  exit: (code: number) => void,
): (signal: NodeJS.Signals) => void {
  let asked = 0
  return signal => {
    if (!stop.signal.aborted) {
      asked = now()
      stop.abort(signal)
    } else if (now() - asked >= ECHO_MS) exit(EXIT.interrupted)
  }
}
