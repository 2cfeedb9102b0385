import type { Clock } from './clock.ts'

/** A clock for tests: time moves only when told to, or, with `leap`, jumps to the end of each sleep at once. */
export interface ManualClock extends Clock {
  /** Moves time, waking sleepers in order; settles what they go on to do in the same turns of the event loop. */
  advance(ms: number): Promise<void>
}

export function manualClock(start = 0, { leap = false }: { leap?: boolean } = {}): ManualClock {
  let now = start
  let sleepers: { at: number; wake: () => void }[] = []
  const settle = () => new Promise<void>(resolve => setImmediate(resolve))
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal?.aborted) return resolve()
        if (leap) {
          now += ms
          return void setImmediate(resolve)
        }
        const sleeper = { at: now + ms, wake: resolve }
        sleepers.push(sleeper)
        signal?.addEventListener(
          'abort',
          () => {
            sleepers = sleepers.filter(other => other !== sleeper)
            resolve()
          },
          { once: true },
        )
      }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const next = sleepers.sort((a, b) => a.at - b.at)[0]
        if (!next || next.at > end) break
        sleepers = sleepers.filter(other => other !== next)
        now = Math.max(now, next.at)
        next.wake()
      }
      now = end
    },
  }
}
