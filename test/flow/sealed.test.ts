import { randomBytes } from 'node:crypto'
import { check, memoryLedger, memoryQuarantine, memoryState, process as processInputs, summarize } from '@weir/ingest'
import type { TelemetryRecord } from '@weir/schema'
import { makeKeys } from '@weir/schema/open'
import { createSealer, FRAME, keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
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
})
