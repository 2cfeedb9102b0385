import { summarize, toInput } from '@weir/ingest'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging } from './harness.ts'

describe('the handler', () => {
  it('gives back what it has no time for, from the first record that was not begun', async () => {
    const clock = { at: Date.now() }
    // Each batch weighs 3 MB once open and some kilobytes on the stream, so a pass takes five; after it the time is up.
    const bench = await openBench({ now: () => clock.at, events: () => (clock.at += 11_000) })
    const line = 'x'.repeat(3 << 20)
    const records = Array.from({ length: 7 }, (_, i) => ({
      stream: 'telemetry',
      data: logBatch([line], { sequence: i + 1 }),
      sequence: i + 1,
    }))
    const [first = ''] = await bench.handle(records)
    expect(first.endsWith('995')).toBe(true) // the sixth
    expect((await summarize(bench.weir.ledger)).totals.inputs).toBe(5)
  })

  it('reports the lowest sequence number, whatever the order of the records', async () => {
    const quarantine = {
      put: () => Promise.reject(new Error('full')),
      list: async () => [],
      get: () => Promise.reject(new Error('gone')),
      remove: async () => {},
    }
    const bench = await openBench({ stores: { quarantine } })
    const base = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989n
    const broken = Buffer.from('{broken')
    const sequences = [1_000_000, 5]
    const [lowest] = await bench.handle(sequences.map(sequence => ({ stream: 'trail', data: broken, sequence })))
    expect(lowest).toBe(String(base + 5n))
  })

  it('takes account and sources from the stream, never from the record', () => {
    const record = {
      eventID: 'shardId-000000000000:1',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:111122223333:stream/trail',
      kinesis: {
        data: stopLogging({ recipientAccountId: '444455556666' }).toString('base64'),
        approximateArrivalTimestamp: 1_793_520_000.25,
      },
    } as Parameters<typeof toInput>[0]
    const { origin } = toInput(record, { streams: { trail: { sources: ['cloudtrail'] } } })
    expect(origin).toMatchObject({
      stream: 'trail',
      account: '111122223333',
      region: 'eu-west-1',
      arrival: 1_793_520_000_250,
      sources: ['cloudtrail'],
    })
    expect(toInput(record, { streams: {} }).origin.sources).toEqual([])
  })
})
