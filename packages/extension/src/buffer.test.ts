import { estimateRecordBytes } from '@weir/schema/encode'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBuffer, type Priority } from './buffer.ts'
import { createCounters } from './counters.ts'

const record = (name: string, size: number) => ({
  signal: name,
  time: 0,
  invocation: '',
  contentType: 'text/plain' as const,
  body: new Uint8Array(size),
})
const names = (records: readonly { signal: string }[]) => records.map(each => each.signal)

describe('the buffer', () => {
  it('lets platform telemetry push out the newest logs, and gives all out in the order it came', () => {
    const counters = createCounters()
    const buffer = createBuffer(450, counters)
    for (const name of ['l1', 'l2', 'l3']) buffer.add(record(name, 100), 'log')
    buffer.add(record('k1', 100), 'kept')
    buffer.add(record('l4', 100), 'log')
    expect(names(buffer.take(10, 1e6))).toEqual(['l1', 'l2', 'k1'])
    expect(counters.totals()).toEqual([{ reason: 'buffer-full', records: 2, bytes: 200 }])
  })

  it('takes kept records first when not all fit', () => {
    const buffer = createBuffer(1e6, createCounters())
    for (const [name, priority] of [
      ['l1', 'log'],
      ['k1', 'kept'],
      ['l2', 'log'],
      ['k2', 'kept'],
    ] as const)
      buffer.add(record(name, 10), priority)
    expect(names(buffer.take(3, 1e6))).toEqual(['l1', 'k1', 'k2'])
    expect(names(buffer.take(3, 1e6))).toEqual(['l2'])
    expect(buffer.take(3, 1e6)).toEqual([])
  })

  it('takes our own signals before all others, and lets them push out even platform telemetry', () => {
    const counters = createCounters()
    const sizes = ['platform.start', 'weir.end', 'weir.secret'].map(name => estimateRecordBytes(record(name, 100)))
    const buffer = createBuffer(
      sizes.reduce((sum, each) => sum + each, 0),
      counters,
    )
    for (const name of ['platform.start', 'platform.report', 'function'])
      buffer.add(record(name, 100), name === 'function' ? 'log' : 'kept')
    buffer.add(record('weir.end', 100), 'kept')
    buffer.add(record('weir.secret', 100), 'kept')
    expect(counters.waiting).toMatchObject({ kept: 3, log: 0 })
    expect(names(buffer.take(2, 1e6))).toEqual(['weir.end', 'weir.secret'])
    expect(names(buffer.take(2, 1e6))).toEqual(['platform.start'])
    expect(counters.totals()).toEqual([{ reason: 'buffer-full', records: 2, bytes: 200 }])
    expect(counters.waiting).toEqual({ kept: 0, log: 0, share: 0 })
  })

  it('never holds more than its capacity, and loses nothing without counting it', () => {
    const step = fc.oneof(
      fc.record({ size: fc.nat(300), priority: fc.constantFrom<Priority>('kept', 'log'), name: fc.constantFrom('x', 'weir.x') }),
      fc.record({ take: fc.nat(5), bytes: fc.nat(1000) }),
      fc.record({ reserve: fc.nat(1200) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const counters = createCounters()
        const buffer = createBuffer(1000, counters)
        let added = 0
        let taken = 0
        for (const each of steps) {
          if ('size' in each) {
            buffer.add(record(each.name, each.size), each.priority)
            added++
          } else if ('take' in each) {
            const out = buffer.take(each.take, each.bytes)
            expect(out.reduce((sum, one) => sum + estimateRecordBytes(one), 0)).toBeLessThanOrEqual(Math.min(1000, each.bytes))
            taken += out.length
          } else buffer.reserve(each.reserve)
        }
        const dropped = counters.totals().reduce((sum, each) => sum + each.records, 0)
        expect(added).toBe(taken + dropped + buffer.records)
      }),
    )
  })
})
