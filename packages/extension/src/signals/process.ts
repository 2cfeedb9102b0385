import { aside } from '../aside.ts'
import type { Signal } from './signal.ts'

/** `weir.process`: programs that do not belong to the sandbox, and its counters: see `lookAtProcesses`. */
export const processes: Signal = {
  name: 'weir.process',
  flush(to) {
    aside('weir.process', to, side => side.lookAtProcesses(to))
  },
}
