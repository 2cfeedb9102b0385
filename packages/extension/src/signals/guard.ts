import { journalFolder } from '../journal/file.ts'
import type { Recording, Signal } from './signal.ts'

let report: ((to: Recording) => void) | undefined
/** Flushes until the folder is looked for again. */
let wait = 0

/**
 * `weir.guard`, one for each thing that the guard has seen in the function's own process, at a flush after it. What reads the guard's files is
 * loaded when there are any. The guard makes its file before the function's code is read, so that where nobody has switched it on, looking once
 * tells nearly all.
 */
export const guard: Signal = {
  name: 'weir.guard',
  flush(to) {
    if (report) return report(to)
    if (wait-- > 0) return
    wait = 16
    if (to.host.files.stat(`${journalFolder(to.host)}/guard`)?.kind !== 'folder') return
    void import('../guard/report.ts').then(({ reportGuard }) => {
      report = reportGuard
    })
  },
}
