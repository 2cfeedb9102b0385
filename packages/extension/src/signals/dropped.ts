import type { Signal } from './signal.ts'

/** `weir.dropped`, one per reason: what was lost since the flush before. The batch's header has the totals. */
export const dropped: Signal = {
  name: 'weir.dropped',
  flush(to) {
    for (const each of to.counters.takeDropped()) to.own('weir.dropped', each)
  },
}
