/** Repeats some work, one run after the other. */
export interface Ticker {
  /** Ends the repetition and resolves when the run under way is over; a run that failed was reported. */
  stop(): Promise<void>
}

/** A run that is still under way when the next is due is left alone. */
export function startTicker(everyMs: number, work: () => Promise<unknown>, failed: (error: unknown) => void): Ticker {
  let running: Promise<unknown> | undefined
  const timer = setInterval(() => {
    running ??= work()
      .catch(failed)
      .finally(() => {
        running = undefined
      })
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
