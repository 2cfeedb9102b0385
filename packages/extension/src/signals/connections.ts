import { aside } from '../aside.ts'
import type { Signal } from './signal.ts'

/** `weir.connections`, one for each other end that is first seen: see `lookAtConnections`. */
export const connections: Signal = {
  name: 'weir.connections',
  flush(to) {
    aside('weir.connections', to, side => side.lookAtConnections(to))
  },
}
