import type { Sandbox } from './sandbox.ts'

/**
 * The invocation that something belongs to which the function itself has told us at once, or ''. Telemetry of the platform comes later than that,
 * and an INVOKE event can come a moment later too: what is younger than that event, or told while its invocation is not known to be over,
 * is of the newest.
 */
export function invocationAt(sandbox: Sandbox, time: number): string {
  const { newest } = sandbox
  if (newest && time >= newest.from) return newest.requestId
  const known = sandbox.attribute(time)
  if (known !== '' || !newest) return known
  return sandbox.seen(newest.requestId) === 'finished' ? '' : newest.requestId
}
