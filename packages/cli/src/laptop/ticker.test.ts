import { describe, expect, it } from 'vitest'
import { startTicker } from './ticker.ts'

describe('the laptop’s tick', () => {
  it('runs one after the other, outlives one that fails, and ends only when the last is over', async () => {
    const log: string[] = []
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    let runs = 0
    const ticker = startTicker(
      1,
      async () => {
        runs++
        if (runs === 1) throw new Error('first')
        log.push('begin')
        begun.resolve()
        await gate.promise
        log.push('end')
      },
      error => log.push((error as Error).message),
    )
    await begun.promise
    const stopped = ticker.stop().then(() => log.push('stopped'))
    setTimeout(() => gate.resolve(), 10) // several would be due by now
    await stopped
    expect(log).toEqual(['first', 'begin', 'end', 'stopped'])
  })
})
