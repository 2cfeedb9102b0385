import { VERSION } from '../version.ts'
import type { Signal } from './signal.ts'

/** `weir.start`, once: that Weir watches this sandbox, in which mode, and what is wrong with its configuration. */
export const start: Signal = {
  name: 'weir.start',
  start({ mode, schema }, to) {
    const { config, host } = to
    to.own('weir.start', { version: VERSION, mode, schema, flush: config.flush, runtime: host.runtime, faults: config.faults })
  },
}
