import { describe, expect, it } from 'vitest'
import { stopper } from './signals.ts'

describe('a signal', () => {
  it('asks to finish; its echo is no second one, and a later one ends at once', () => {
    const stop = new AbortController()
    const codes: number[] = []
    let time = 5_000
    const listener = stopper(
      stop,
      () => time,
      code => codes.push(code),
    )
    listener('SIGINT')
    expect(stop.signal.aborted).toBe(true)
    time += 900
    listener('SIGINT')
    expect(codes).toEqual([])
    time += 200
    listener('SIGINT')
    expect(codes).toEqual([130])
  })
})
