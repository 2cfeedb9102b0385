import { describe, expect, it } from 'vitest'
import type { Assembled } from './assemble.ts'
import { memoryLedger } from './ledger/memory.ts'
import { summarize } from './ledger/fold.ts'
import { memoryState } from './state/memory.ts'
import { tick } from './tick.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

function weirWith(sinks: readonly string[], drain: (sink: string, terms: { deadline: number }) => void) {
  const clock = { at: 1_000_000 }
  const ledger = memoryLedger()
  const state = memoryState()
  const weir = {
    look: async () => {},
    parts: { state, ledger, log, now: () => clock.at, routes: new Map(sinks.map(sink => [sink, 'all'])) },
    ledger,
    onFailure: undefined,
    telemetry: { flush: async () => {}, close: async () => {} },
    forwarder: {
      async drain(sink: string, terms: { deadline: number; settle(rows: unknown[]): Promise<void> }) {
        drain(sink, terms)
        const rows = [{ kind: 'settled', input: 'in', sink, entry: 'e', delivered: 2, duplicate: 0, quarantined: 0 }]
        await terms.settle(rows)
        return rows
      },
    },
  } as unknown as Assembled
  return { weir, clock, ledger, state }
}

describe('tick', () => {
  it('drains every sink and settles the ledger', async () => {
    const drained: string[] = []
    const { weir, ledger, clock } = weirWith(['a', 'b'], sink => drained.push(sink))
    await ledger.record([
      {
        kind: 'sink',
        input: 'in',
        sink: 'a',
        routed: 2,
        notRouted: 0,
        delivered: 0,
        duplicate: 0,
        spooled: 2,
        held: 0,
        quarantined: 0,
      },
    ])
    expect(await tick(weir, clock.at + 60_000)).toMatchObject({ settled: 4 })
    expect(drained.toSorted()).toEqual(['a', 'b'])
    expect((await summarize(ledger)).sinks.find(({ sink }) => sink === 'a')).toMatchObject({ delivered: 2, spooled: 0 })
  })

  it('gives a slow sink its share of the time and no more, and begins with another each minute', async () => {
    const starts: string[] = []
    const shares: number[] = []
    const { weir, clock } = weirWith(['slow', 'quick'], (sink, { deadline }) => {
      starts.push(sink)
      shares.push(deadline - clock.at)
      if (sink === 'slow') clock.at = deadline
    })
    await tick(weir, clock.at + 60_000)
    expect(starts.toSorted()).toEqual(['quick', 'slow'])
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(30_000)
    clock.at += 120_000 - (clock.at % 60_000)
    const first = starts[0]
    starts.length = 0
    clock.at += Math.floor(clock.at / 60_000) % 2 === Math.floor(1_000_000 / 60_000) % 2 ? 60_000 : 0
    await tick(weir, clock.at + 60_000)
    expect(starts[0]).not.toBe(first)
  })

  it('gives its lease back', async () => {
    const { weir, clock, state } = weirWith(['a'], () => {})
    await tick(weir, clock.at + 60_000)
    expect(await state.lease('drain|a', 'the next', clock.at + 1, 1_000)).toBe(true)
  })

  it('leaves a sink alone that another tick is draining, and goes on when one fails', async () => {
    const drained: string[] = []
    const { weir, clock, state } = weirWith(['a', 'b', 'c'], sink => {
      drained.push(sink)
      if (sink === 'b') throw new Error('spool is gone')
    })
    await state.lease('drain|a', 'another', clock.at, 60_000)
    await tick(weir, clock.at + 60_000)
    expect(drained.toSorted()).toEqual(['b', 'c'])
  })
})
