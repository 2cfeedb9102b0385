import type { Waiting } from './counters.ts'
import type { Files } from './host/host.ts'
import { textOf } from './proc.ts'

/** Of the buffer's room. */
const FULL = 0.5
/** Of the sandbox's memory: what is left when an out-of-memory kill is near. */
const SCARCE = 0.1
/** Reading /proc costs some 30 µs: at most so often, and not in an invocation that is over before that. */
const CHECK_MS = 1_000
const MEMINFO = '/proc/meminfo'

/**
 * Whether it is time to ship before any flush is due, so that a kill for want of memory finds little: the buffer is half full, or the memory of
 * the sandbox is nearly used up (MemAvailable of /proc/meminfo, see proc_meminfo(5)). Asked at each telemetry event; `since`: when the invocation
 * began.
 */
export function createPressure(files: Files, waiting: Waiting): (now: number, since: number) => boolean {
  let checked = 0
  return (now, since) => {
    if (waiting.share > FULL) return true
    if (now - since < CHECK_MS || Math.abs(now - checked) < CHECK_MS) return false
    checked = now
    const text = textOf(files, MEMINFO, 256)
    const kilobytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
    return kilobytes('MemAvailable') < SCARCE * kilobytes('MemTotal')
  }
}
