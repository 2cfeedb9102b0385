import type { Quietly } from '../signals/signal.ts'
import type { Host } from '../host/host.ts'

/** Between two slices, milliseconds, so that what the extension is for goes on meanwhile. */
const PAUSE_MS = 2
/** A timer that is late by this much was overtaken by a freeze, and the INVOKE that ended it is still to be read. */
const LATE_MS = 100

/**
 * Does long work in slices of one to two milliseconds, each of them `quietly`; a freeze in between is no harm. Each `yield` is a place to stop.
 * `spent` tells the work how many milliseconds of slices it has had.
 */
export function inSlices<T>(host: Host, quietly: Quietly, work: (spent: () => number) => Generator<void, T>): Promise<T> {
  let spent = 0
  let began = 0
  const steps = work(() => spent + host.now() - began)
  return new Promise((resolve, reject) => {
    const slice = () => {
      began = host.now()
      try {
        do {
          const step = steps.next()
          if (step.done) return resolve(step.value)
        } while (host.now() === began)
      } catch (error) {
        return reject(error)
      }
      // A clock that jumps, over a freeze or by itself, is not work.
      spent += Math.min(Math.max(host.now() - began, 0), 10)
      pause()
    }
    const pause = () => {
      const due = host.now() + PAUSE_MS
      host.after(PAUSE_MS, () => (host.now() - due > LATE_MS ? pause() : quietly(slice)))
    }
    pause()
  })
}
