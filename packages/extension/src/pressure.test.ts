import { describe, expect, it } from 'vitest'
import type { Waiting } from './counters.ts'
import { fakeHost } from './testing/host.ts'
import { createPressure } from './pressure.ts'

function setup(meminfo: string | undefined) {
  const waiting: Waiting = { kept: 0, log: 0, share: 0 }
  let reads = 0
  const { files } = fakeHost()
  const read = () => {
    reads++
    return meminfo === undefined ? undefined : Buffer.from(meminfo)
  }
  return { isPressed: createPressure({ ...files, read }, waiting), waiting, reads: () => reads }
}
const meminfo = (available: number) =>
  `MemTotal:         200000 kB\nMemFree:           1000 kB\nMemAvailable:   ${available} kB\nBuffers: 1 kB\n`

describe('pressure', () => {
  it('is a buffer that is more than half full', () => {
    const { isPressed, waiting } = setup(meminfo(100_000))
    waiting.share = 0.5
    expect(isPressed(0, 0)).toBe(false)
    waiting.share = 0.51
    expect(isPressed(0, 0)).toBe(true)
  })

  it('is memory that is nearly used up', () => {
    expect(setup(meminfo(20_001)).isPressed(5_000, 0)).toBe(false)
    expect(setup(meminfo(19_999)).isPressed(5_000, 0)).toBe(true)
  })

  it('is not looked for in short invocations, and once a second in long ones', () => {
    const { isPressed, reads } = setup(meminfo(1))
    expect(isPressed(10_999, 10_000)).toBe(false)
    expect(reads()).toBe(0)
    const asked = Array.from({ length: 40 }, (_, index) => isPressed(11_000 + index * 100, 10_000))
    expect(reads()).toBe(4)
    expect(asked.filter(Boolean)).toHaveLength(4)
  })

  it.each([undefined, '', 'MemTotal: many', 'MemTotal: 5 kB'])('is not seen in %j', text => {
    expect(setup(text).isPressed(5_000, 0)).toBe(false)
  })
})
