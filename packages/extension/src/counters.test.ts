import { describe, expect, it } from 'vitest'
import { encodeBatch } from '@weir/schema/encode'
import { decodeBatch } from '@weir/schema'
import { createCounters } from './counters.ts'

describe('the counters', () => {
  it('stay within what a batch can hold, whatever the function forges', () => {
    const counters = createCounters()
    for (let times = 0; times < 3; times++) counters.drop('logs-dropped', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    counters.drop('logs-dropped', 1, 1)
    const identity = { arn: '', version: '', memoryMb: 128, region: '', runtime: '', initializationType: '' }
    const batch = {
      sandbox: 'a'.repeat(32),
      sequence: 1,
      function: identity,
      extension: '',
      emitted: 0,
      previous: '',
      records: [],
    }
    const encoded = encodeBatch({ ...batch, dropped: counters.totals(), signature: new Uint8Array() })
    expect(decodeBatch(encoded).dropped).toEqual(counters.totals())
  })

  it('add up in all and since the last report, and begin again in a restored copy with what nobody has reported', () => {
    const counters = createCounters()
    counters.drop('buffer-full', 2, 20)
    expect(counters.takeDropped()).toEqual([{ reason: 'buffer-full', records: 2, bytes: 20 }])
    counters.drop('buffer-full', 1, 5)
    expect(counters.totals()).toEqual([{ reason: 'buffer-full', records: 3, bytes: 25 }])
    counters.restart()
    expect(counters.totals()).toEqual([{ reason: 'buffer-full', records: 1, bytes: 5 }])
    expect(counters.dirty).toBe(true)
  })

  it('keep 64 kinds of fault apart, and put further ones together', () => {
    const counters = createCounters()
    for (let kind = 0; kind < 70; kind++) counters.fault(`kind-${kind}`)
    const faults = counters.takeFaults()
    expect(faults).toHaveLength(65)
    expect(faults.at(-1)).toEqual({ kind: 'other', count: 6 })
  })
})
