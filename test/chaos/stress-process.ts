import { readFileSync } from 'node:fs'

/** The most memory that any process of the extension has had, MB: resident in all, and of that what is no file's. */
export interface Peak {
  readonly residentMb: number
  readonly anonymousMb: number
}

const POLL_MS = 10

/** Looks at the newest process whose id stands in `file`, one a line, until it is stopped (proc(5), status). */
export function watchProcess(file: string): { stop(): Peak } {
  let residentMb = 0
  let anonymousMb = 0
  const timer = setInterval(() => {
    try {
      const pid = readFileSync(file, 'utf8').trim().split('\n').at(-1)
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
      residentMb = Math.max(residentMb, megabytes('VmHWM'))
      anonymousMb = Math.max(anonymousMb, megabytes('RssAnon'))
    } catch {
      // Not there yet, or gone.
    }
  }, POLL_MS)
  return {
    stop() {
      clearInterval(timer)
      return { residentMb, anonymousMb }
    },
  }
}
