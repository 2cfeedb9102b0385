import { randomBytes } from 'node:crypto'
import {
  check,
  KeyUnavailable,
  memoryLedger,
  memoryQuarantine,
  memoryState,
  process as processInputs,
  summarize,
} from '@weir/ingest'
import type { Quarantined } from '@weir/ingest'
import type { TelemetryRecord } from '@weir/schema'
import { makeKeys } from '@weir/schema/open'
import { createSealer, FRAME, keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import type { FoldRequest } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, titles } from './harness.ts'

const pair = makeKeys()
const recipient = Buffer.from(pair.public, 'base64')
const SANDBOX = 'a'.repeat(32)
const KEYED = { config: { journal: { key: 'env:JOURNAL' } }, env: { JOURNAL: pair.private } }

/** A batch as the next extension process ships it: the frames of one journal, carried by a sandbox of its own. */
function carried(...inner: { readonly sequence: number; readonly data: Uint8Array }[]): Uint8Array {
  const sealer = createSealer(recipient, randomBytes)
  const header = writeHeader({ keyId: keyId(recipient), sandbox: SANDBOX, encapsulated: sealer.encapsulated })
  const records = inner.map(({ sequence, data }, number): TelemetryRecord => {
    const head = writeHead(FRAME.records, data.length + 16, number, sequence)
    const body = Buffer.concat([header, writeFrame(head, sealer.seal(number, Buffer.concat([header, head]), data))])
    return { signal: 'weir.sealed', time: 0, invocation: '', contentType: 'application/octet-stream', body }
  })
  return logBatch([], { sandbox: randomBytes(16).toString('hex'), emitted: records.length, records })
}
const batch = (sequence: number, lines: readonly string[], emitted: number) => ({
  sequence,
  data: logBatch(lines, { sandbox: SANDBOX, sequence, emitted }),
})

describe('what extensions have sealed', () => {
  it('closes the gap that a killed sandbox left, and what came twice is one', async () => {
    const uids: string[] = []
    const bench = await openBench({ ...KEYED, events: (_, events) => void uids.push(...events.map(each => each.uid)) })
    const [first, second, third] = [batch(1, ['one'], 1), batch(2, ['two', 'three'], 3), batch(3, ['four'], 4)]
    await bench.handle([{ stream: 'telemetry', data: first.data }])
    // The second was on its way when the process died, and nobody knows whether it arrived; the third was in memory.
    await bench.handle([
      { stream: 'telemetry', data: second.data },
      { stream: 'telemetry', data: carried(second, third) },
      { stream: 'telemetry', data: carried(third) },
    ])
    expect([uids.length, new Set(uids).size]).toEqual([7, 4])
    const summary = await summarize(bench.weir.ledger)
    expect(check(summary)).toEqual([])
    expect(summary.sandboxes).toMatchObject([{ sandbox: SANDBOX, batches: 3, emitted: 4, records: 4, missing: 0, inFlight: 0 }])
    expect(bench.findings).toEqual([])
  })

  it('contradicts what the same sandbox sent under the same sequence, and that is a finding', async () => {
    const bench = await openBench(KEYED)
    await bench.handle([
      { stream: 'telemetry', data: batch(1, ['one'], 1).data },
      { stream: 'telemetry', data: carried(batch(1, ['another'], 1), batch(2, ['two'], 2)) },
    ])
    expect(titles(bench.findings)).toHaveLength(1)
    expect(titles(bench.findings).join()).toMatch(/sequence|batches/i)
  })

  it('waits in quarantine until its key is set, and then goes through like any other', async () => {
    const stores = { state: memoryState(), ledger: memoryLedger(), quarantine: memoryQuarantine() }
    const without = await openBench({ stores })
    expect(await without.handle([{ stream: 'telemetry', data: carried(batch(1, ['one'], 1), batch(2, ['two'], 2)) }])).toEqual([])
    const [id = '', ...more] = await stores.quarantine.list(10)
    const held = await stores.quarantine.get(id)
    expect([more, held.reason, held.records]).toEqual([[], 'sealed', 2])
    expect((await summarize(stores.ledger)).totals).toMatchObject({ records: 2, quarantined: 2, unaccounted: 0 })

    const bench = await openBench({ ...KEYED, stores })
    const input = { origin: { ...held.origin, id: `quarantine/${id}` }, bytes: held.bytes }
    expect((await processInputs([input], Date.now() + 60_000, bench.weir.parts)).unsafe.size).toBe(0)
    const summary = await summarize(stores.ledger)
    expect(check(summary)).toEqual([])
    expect(summary.sandboxes).toMatchObject([{ sandbox: SANDBOX, records: 2, missing: 0 }])
    expect(bench.findings).toEqual([])
  })

  it('is delivered in pieces where much of it comes at once', async () => {
    let events = 0
    const bench = await openBench({ ...KEYED, events: count => void (events += count) })
    const large = (sequence: number) => batch(sequence, ['x'.repeat(3_500_000)], sequence)
    const records = Array.from({ length: 8 }, (_, index) => ({
      stream: 'telemetry',
      data: carried(large(2 * index + 1), large(2 * index + 2)),
    }))
    expect(await bench.handle(records)).toEqual([])
    expect(events).toBe(16)
    expect(check(await summarize(bench.weir.ledger))).toEqual([])
  })

  it('is delivered in pieces where it is many records, however few bytes', async () => {
    let events = 0
    const memory = memoryLedger()
    const written: number[] = []
    const ledger = {
      ...memory,
      record: (rows: Parameters<typeof memory.record>[0]) => (written.push(events), memory.record(rows)),
    }
    const bench = await openBench({ ...KEYED, stores: { ledger }, events: count => void (events += count) })
    const records = Array.from({ length: 3 }, (_, index) => ({
      stream: 'telemetry',
      data: carried(batch(index + 1, Array<string>(9_000).fill(''), 9_000 * (index + 1))),
    }))
    expect(records.every(({ data }) => data.length < 10_000)).toBe(true)
    expect(await bench.handle(records)).toEqual([])
    expect(written).toEqual([9_000, 18_000, 27_000])
  })

  it('comes again while its key cannot be had for a while, with all that stands behind it', async () => {
    const bench = await openBench(KEYED)
    const inputs = [batch(1, ['one'], 1).data, carried(batch(2, ['two'], 2)), batch(3, ['three'], 3).data].map(
      (bytes, index) => ({
        origin: { stream: 'telemetry', id: String(index), arrival: 0, accounts: ['*'], sources: ['weir'] },
        bytes,
      }),
    )
    const opener = {
      keys: [],
      open: () => {
        throw new KeyUnavailable('not now')
      },
    }
    const { parts, quarantine } = bench.weir
    expect([...(await processInputs(inputs, Date.now() + 60_000, { ...parts, opener })).unsafe]).toEqual(['1', '2'])
    expect((await processInputs(inputs.slice(1), Date.now() + 60_000, parts)).unsafe.size).toBe(0)
    expect(await quarantine.list(9)).toEqual([])
    expect((await summarize(bench.weir.ledger)).totals).toMatchObject({ records: 4, decoded: 4, unaccounted: 0 })
  })

  it('is put off to the next time where time runs out, input by input', async () => {
    const clock = { now: 1_000 }
    let inputs = 0
    const bench = await openBench({ ...KEYED, now: () => clock.now, events: () => void ((clock.now += 10), inputs++) })
    const given = ['1', '2', '3', '4'].map(id => ({
      origin: { stream: 'telemetry', id, arrival: 0, accounts: ['*'], sources: ['weir'] },
      bytes: carried(batch(Number(id), ['x'], Number(id))),
    }))
    const { unsafe } = await processInputs(given, 1_015, bench.weir.parts)
    expect([inputs, [...unsafe]]).toEqual([2, ['3', '4']])
    // One is taken whatever the time: it would never be.
    expect([...(await processInputs(given.slice(2), 1_015, bench.weir.parts)).unsafe]).toEqual(['4'])
  })

  it('costs few calls of a store, however many batches of a sandbox come in one, and still says which contradict', async () => {
    const [state, quarantine] = [memoryState(), memoryQuarantine()]
    const calls = { fold: 0, put: 0 }
    const stores = {
      state: { ...state, fold: <S, A>(request: FoldRequest<S, A>) => (calls.fold++, state.fold(request)) },
      quarantine: { ...quarantine, put: (item: Quarantined) => (calls.put++, quarantine.put(item)) },
    }
    let events = 0
    const bench = await openBench({ ...KEYED, stores, events: count => void (events += count) })
    const frames = Array.from({ length: 1_000 }, (_, index) => batch(index + 1, ['x'], index + 1))
    await bench.handle([{ stream: 'telemetry', data: carried(...frames) }])
    expect([events, bench.findings, calls.put]).toEqual([1_000, [], 0])
    expect(calls.fold).toBeLessThan(8)

    const bad = { signal: 'x', time: 0, invocation: '', contentType: 'application/json', body: Buffer.from('{') } as const
    const broken = Array.from({ length: 1_000 }, (_, index) => ({
      sequence: index + 1,
      data: logBatch([], {
        sandbox: SANDBOX,
        sequence: index + 1,
        emitted: index + 1,
        records: Array.from({ length: 8 }, () => bad),
      }),
    }))
    Object.assign(calls, { fold: 0, put: 0 })
    await bench.handle([{ stream: 'telemetry', data: carried(...broken) }])
    expect(calls.put).toBe(1)
    expect(calls.fold).toBeLessThan(8)
    expect(titles(bench.findings)).toHaveLength(1)
    expect(titles(bench.findings).join()).toMatch(/sequence|batches/i)
  })
})
