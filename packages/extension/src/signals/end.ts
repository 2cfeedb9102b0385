import type { Signal } from './signal.ts'

/**
 * `weir.end`, once: that the sandbox ended in an orderly way, and how. Its absence downstream means that it did not. When the platform says
 * timeout or failure, the invocation that was running is named here, because its own `platform.report` may never come.
 */
export const end: Signal = {
  name: 'weir.end',
  end({ reason, unsent }, to) {
    const now = to.host.now()
    const running = reason === 'spindown' ? undefined : to.sandbox.running
    const body = { reason, unsent, ...(running && { requestId: running.requestId, runningMs: Math.max(0, now - running.from) }) }
    to.own('weir.end', body, { time: now, invocation: running?.requestId ?? '' })
  },
}
