import type { Signal } from './signal.ts'

/**
 * `weir.secret`, one per secret, invocation and flush: that the function printed a secret. Its kind, where it stood, a keyed fingerprint by which
 * two sightings can be told to be one secret, and how often; never a part of the value.
 */
export const secret: Signal = {
  name: 'weir.secret',
  flush(to) {
    for (const { time, invocation, ...sighting } of to.redaction.takeSightings())
      to.own('weir.secret', sighting, { time, invocation })
  },
}
