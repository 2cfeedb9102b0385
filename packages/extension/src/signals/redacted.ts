import type { Signal } from './signal.ts'

/**
 * `weir.redacted`: how many values of each kind were masked since the sandbox began, in how many records, of how many characters. At a flush
 * before which something was masked, and at SHUTDOWN in any case: that nothing was masked is an answer, too.
 */
export const redacted: Signal = {
  name: 'weir.redacted',
  flush(to) {
    const masked = to.redaction.masked(to.sandbox.id, false)
    if (masked) to.own('weir.redacted', masked)
  },
  end(_, to) {
    to.own('weir.redacted', to.redaction.masked(to.sandbox.id, true))
  },
}
