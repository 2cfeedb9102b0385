import type { Signal } from './signal.ts'

/** `weir.fault`, one per kind: our own failures since the flush before, for example `kinesis:AccessDeniedException`. */
export const fault: Signal = {
  name: 'weir.fault',
  flush(to) {
    for (const each of to.counters.takeFaults()) to.own('weir.fault', each)
  },
}
