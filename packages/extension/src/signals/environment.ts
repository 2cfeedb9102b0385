import type { Signal } from './signal.ts'

/** `weir.environment`, once: which variables of the function hold secrets in plain text. Names, kinds and fingerprints; never a value. */
export const environment: Signal = {
  name: 'weir.environment',
  start(_, to) {
    const { variables, secrets } = to.redaction.environment
    to.own('weir.environment', { variables, secrets })
  },
}
