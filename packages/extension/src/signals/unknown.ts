import type { Signal } from './signal.ts'

/** A telemetry type that this version does not know: passed on as it came, redacted. */
export const unknown: Signal = {
  name: 'unknown',
  takes: ['*'],
  capture({ type, time, record }, to) {
    to.json(type, record, 'log', { time, invocation: to.sandbox.attribute(time) })
  },
}
