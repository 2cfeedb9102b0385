import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { check } from './check.ts'
import { foldLedger } from './fold.ts'
import type { LedgerRow, ReceivedRow, SettledRow, SinkRow } from './ledger.ts'
import { ledgerLines } from './lines.ts'
import { joinRows, mergeRows, rowKey } from './row.ts'

const ARN = 'arn:aws:lambda:eu-west-1:111111111111:function:checkout'

const received = (sequence: number, more: Partial<ReceivedRow> = {}): ReceivedRow => ({
  kind: 'received',
  input: `shard:${sequence}`,
  stream: 'telemetry',
  function: ARN,
  sandbox: 'box-1',
  sequence,
  records: 10,
  decoded: 9,
  quarantined: 1,
  findings: 0,
  ...more,
})
const emitted = (sequence: number, count: number, dropped = {}): LedgerRow => ({
  kind: 'emitted',
  sandbox: 'box-1',
  sequence,
  function: ARN,
  emitted: count,
  dropped,
})
const sink = (input: string, more: Partial<SinkRow> = {}): SinkRow => ({
  kind: 'sink',
  input,
  sink: 'splunk',
  routed: 9,
  notRouted: 1,
  delivered: 9,
  duplicate: 0,
  spooled: 0,
  held: 0,
  quarantined: 0,
  ...more,
})
const settled = (input: string, entry: string, more: Partial<SettledRow> = {}): SettledRow => ({
  kind: 'settled',
  input,
  sink: 'splunk',
  entry,
  delivered: 0,
  duplicate: 0,
  quarantined: 0,
  ...more,
})

const count = fc.nat(4)
const anyRow: fc.Arbitrary<LedgerRow> = fc.oneof(
  fc.record({
    kind: fc.constant('emitted' as const),
    sandbox: fc.constantFrom('a', 'b'),
    sequence: count,
    function: fc.constantFrom('f', 'g'),
    emitted: count,
    dropped: fc.dictionary(fc.constantFrom('buffer-full', 'too-large', '__proto__'), count),
  }),
  fc.record({
    kind: fc.constant('received' as const),
    input: fc.constantFrom('1', '2', '3'),
    stream: fc.constant('s'),
    function: fc.constantFrom('f', 'g', ''),
    sandbox: fc.constantFrom('a', 'b', ''),
    sequence: count,
    records: count,
    decoded: count,
    quarantined: count,
    findings: count,
  }),
  fc.record({
    kind: fc.constant('sink' as const),
    input: fc.constantFrom('1', '2', '3'),
    sink: fc.constantFrom('x', 'y'),
    routed: count,
    notRouted: count,
    delivered: count,
    duplicate: count,
    spooled: count,
    held: count,
    quarantined: count,
  }),
  fc.record({
    kind: fc.constant('settled' as const),
    input: fc.constantFrom('1', '2', '3'),
    sink: fc.constantFrom('x', 'y'),
    entry: fc.constantFrom('e', 'f'),
    delivered: count,
    duplicate: count,
    quarantined: count,
  }),
)

describe('joinRows', () => {
  it('is idempotent, commutative and associative for rows of one key', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 3, maxLength: 20 }), rows => {
        for (const group of Map.groupBy(rows, rowKey).values()) {
          const [a, b = a, c = b] = group
          if (!a || !b || !c) continue
          expect(joinRows(a, a)).toEqual(a)
          expect(joinRows(a, b)).toEqual(joinRows(b, a))
          expect(joinRows(joinRows(a, b), c)).toEqual(joinRows(a, joinRows(b, c)))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('foldLedger', () => {
  it('gives the same sums in any order, with any rows repeated', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyRow, { maxLength: 25 })
          .chain(rows => fc.tuple(fc.constant(rows), fc.shuffledSubarray([...rows, ...rows], { minLength: rows.length }))),
        ([rows, again]) => {
          expect(foldLedger([...again, ...rows])).toEqual(foldLedger(rows))
          expect(foldLedger([...mergeRows(rows).values()])).toEqual(foldLedger(rows))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('adds up streams, sandboxes, functions and sinks', () => {
    const summary = foldLedger([
      received(1, { findings: 2 }),
      received(2),
      received(0, { input: 'trail:1', stream: 'cloudtrail', function: '', sandbox: '', records: 3, decoded: 3, quarantined: 0 }),
      emitted(1, 10),
      emitted(2, 20, { 'buffer-full': 4 }),
      sink('shard:1'),
      sink('shard:2', { delivered: 4, spooled: 3, held: 2 }),
      settled('shard:2', 'splunk/1', { delivered: 2, quarantined: 1 }),
    ])
    expect(summary.streams).toMatchObject([
      { stream: 'cloudtrail', inputs: 1, records: 3, decoded: 3 },
      { stream: 'telemetry', inputs: 2, records: 20, decoded: 18, quarantined: 2, findings: 2 },
    ])
    expect(summary.sandboxes).toMatchObject([{ sandbox: 'box-1', batches: 2, emitted: 20, records: 20, inFlight: 0, missing: 0 }])
    expect(summary.functions).toMatchObject([{ function: ARN, sandboxes: 1, dropped: { 'buffer-full': 4 } }])
    expect(summary.sinks).toEqual([
      {
        sink: 'splunk',
        routed: 18,
        notRouted: 2,
        delivered: 15,
        duplicate: 0,
        spooled: 0,
        held: 2,
        quarantined: 1,
        unaccounted: 0,
      },
    ])
    expect(summary.totals).toMatchObject({ inputs: 3, records: 23, emitted: 20, dropped: 4, inFlight: 0 })
    expect(check(summary)).toEqual([])
  })

  it('does not move when every batch is delivered twice, through two workers', () => {
    const batches = Array.from({ length: 40 }, (_, i) => i + 1)
    const firstWorker = batches.flatMap(n => [
      received(n),
      emitted(n, n * 10),
      sink(`shard:${n}`, n % 3 === 0 ? { delivered: 0, spooled: 9 } : {}),
    ])
    // The second sees the same batches; its sink is up, so what the first spooled it delivers.
    const secondWorker = batches.flatMap(n => [received(n), emitted(n, n * 10), sink(`shard:${n}`)])
    const drained = batches.filter(n => n % 3 === 0).map(n => settled(`shard:${n}`, `splunk/${n}`, { delivered: 9 }))
    const once = foldLedger(secondWorker)
    fc.assert(
      fc.property(fc.shuffledSubarray([...firstWorker, ...secondWorker, ...drained, ...drained], { minLength: 0 }), extra => {
        const twice = foldLedger([...extra, ...secondWorker])
        expect(twice).toEqual(once)
        expect(check(twice)).toEqual([])
      }),
    )
    expect(foldLedger([...firstWorker, ...drained]).sinks).toEqual(once.sinks)
  })

  it('counts a batch once that a producer’s retry put on the stream twice', () => {
    const summary = foldLedger([received(1), received(1, { input: 'shard:again' }), emitted(1, 10)])
    expect(summary.streams).toMatchObject([{ inputs: 2, records: 20 }])
    expect(summary.sandboxes).toMatchObject([{ batches: 1, records: 10, inFlight: 0 }])
  })

  it('shows gaps in a sandbox’s sequence and what they hold', () => {
    const summary = foldLedger([received(2), received(5), received(6), emitted(6, 60)])
    expect(summary.sandboxes).toMatchObject([
      {
        gaps: [
          { from: 1, to: 1 },
          { from: 3, to: 4 },
        ],
        missing: 3,
        inFlight: 30,
      },
    ])
  })

  it('says of a sandbox whether it has ended, whatever came last', () => {
    const ended = { ...emitted(2, 20), ended: true as const }
    expect(foldLedger([emitted(1, 10), ended, emitted(3, 30)]).sandboxes).toMatchObject([{ ended: true }])
    expect(foldLedger([emitted(1, 10), ended]).functions).toMatchObject([{ sandboxes: 1, open: 0 }])
    expect(foldLedger([emitted(1, 10)]).functions).toMatchObject([{ sandboxes: 1, open: 1 }])
  })

  it('is not stopped by sequence numbers that nobody counts to', () => {
    const summary = foldLedger([received(1), received(Number.MAX_SAFE_INTEGER, { input: 'far' })])
    expect(summary.sandboxes[0]?.gaps).toEqual([{ from: 2, to: Number.MAX_SAFE_INTEGER - 1 }])
  })

  it('settles at most what waits, however often an entry was drained', () => {
    const row = sink('i', { delivered: 1, spooled: 5, held: 3 })
    const { sinks } = foldLedger([
      row,
      settled('i', 'e1', { delivered: 5 }),
      settled('i', 'e2', { delivered: 5, quarantined: 2 }),
    ])
    expect(sinks).toMatchObject([{ routed: 9, delivered: 9, spooled: 0, held: 0, quarantined: 0, unaccounted: 0 }])
  })
})

describe('check', () => {
  it('has a line for each equation that does not hold', () => {
    const summary = foldLedger([
      received(1, { decoded: 5 }),
      emitted(1, 2),
      sink('shard:1', { delivered: 7 }),
      sink('shard:2', { delivered: 11 }),
    ])
    expect(check(summary)).toEqual([
      'stream telemetry: 10 records received, but 5 decoded and 1 quarantined: 4 unaccounted for',
      'sandbox box-1: 10 records received, but it says it has emitted 2',
      'sink splunk: 18 events routed, but 18 delivered, 0 duplicate, 0 spooled, 0 held and 0 quarantined: 4 unaccounted for',
    ])
  })
})

describe('ledgerLines', () => {
  it('lines up', () => {
    const summary = foldLedger([
      received(1),
      emitted(1, 10, { 'buffer-full': 3, 'too-large': 0 }),
      sink('shard:1', { sink: 'a-sink-with-a-long-name' }),
    ])
    expect(ledgerLines(summary)).toEqual([
      'stream     inputs  records  decoded  quarantined  findings',
      'telemetry       1       10        9            1         0',
      '',
      'function  sandboxes  open  emitted  received  in flight  missing batches        dropped',
      'checkout          1     1       10        10          0                0  3 buffer-full',
      '',
      'sink                     routed  delivered  duplicate  spooled  held  quarantined  not routed',
      'a-sink-with-a-long-name       9          9          0        0     0            0           1',
    ])
  })

  it('shows no control characters that a name may claim', () => {
    const lines = ledgerLines(foldLedger([received(1, { function: 'a\u001b[2Jb\u202ec\nd' }), emitted(1, 1, { 'x\u0007': 1 })]))
    expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('is empty for an empty ledger', () => {
    expect(ledgerLines(foldLedger([]))).toEqual([])
  })
})
