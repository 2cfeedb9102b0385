import type { Host } from '../host/host.ts'

/** Between two slices, milliseconds: the function may be running. */
const PAUSE_MS = 5

/**
 * Does long work in slices of one to two milliseconds, so that it never holds up what the extension is for; a freeze in between is no harm. Each
 * `yield` is a place to stop. `spent` tells the work how many milliseconds of slices it has had.
 */
export function inSlices<T>(host: Host, work: (spent: () => number) => Generator<void, T>): Promise<T> {
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
      host.after(PAUSE_MS, slice)
    }
    host.after(PAUSE_MS, slice)
  })
}
