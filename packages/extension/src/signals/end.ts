import type { Signal } from './signal.ts'

/**
 * `weir.end`, once: that the sandbox ended in an orderly way, and how. Its absence downstream means that it did not. When the platform says
 * timeout or failure, the newest invocation is named here, because its own `platform.runtimeDone` and `platform.report` may never come.
 * `waiting` says what the last flush had to ship. It goes out before the logs among that, so that what does not arrive is known to be lost.
 */
export const end: Signal = {
  name: 'weir.end',
  end({ reason, waiting }, to) {
    const now = to.host.now()
    const cut = reason === 'spindown' ? undefined : to.sandbox.newest
    const body = { reason, waiting, ...(cut && { requestId: cut.requestId, runningMs: Math.max(0, now - cut.from) }) }
    to.own('weir.end', body, { time: now, invocation: cut?.requestId ?? '' })
  },
}
