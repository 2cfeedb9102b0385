import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBatch } from '@weir/schema'
import { createBreaker } from './breaker.ts'
import { type Entry, type Kinesis, PutError, type PutFailure } from './kinesis.ts'
import { batchOf, Disk, opened, record, testJournal } from './journal/testing.ts'
import { createShipper } from './ship.ts'
import { body, testRecorder } from './testing/recorder.ts'

type Step = PutFailure | readonly boolean[] | 'ok'

/** A stream in memory that follows a script, then accepts. Time moves by itself while the shipper pauses. */
function setup(script: Step[]) {
  const test = testRecorder({ WEIR_BUFFER_BYTES: '16777216' })
  const host = { ...test.host, after: (ms: number, task: () => void) => (test.host.advance(ms), queueMicrotask(task), () => {}) }
  const calls: (readonly Entry[])[] = []
  const taken = new Map<number, { bytes: string; records: number }>()
  const kinesis: Kinesis = {
    put(entries) {
      calls.push(entries)
      const step = script.shift() ?? 'ok'
      if (typeof step === 'string' && step !== 'ok') return Promise.reject(new PutError(step, step))
      const results = entries.map((_, index) => (step === 'ok' || step[index % step.length] ? undefined : 'InternalFailure'))
      entries.forEach(({ data }, index) => {
        if (results[index] !== undefined) return
        const batch = decodeBatch(data)
        const bytes = Buffer.from(data).toString('base64')
        const before = taken.get(batch.sequence)
        if (before && before.bytes !== bytes) throw new Error('one sequence with two contents')
        taken.set(batch.sequence, { bytes, records: batch.records.length })
      })
      return Promise.resolve(results)
    },
    open() {},
    forget() {},
  }
  const shipper = createShipper(host, kinesis, test.recorder, createBreaker(host))
  const flush = (last = false) => shipper.flush(test.host.now() + 1500, last)
  return { ...test, shipper, calls, taken, flush }
}

const lines = (count: number, size: number) =>
  body(...Array.from({ length: count }, (_, index) => ({ type: 'function', record: `${index} ${'word '.repeat(size / 5)}` })))

describe('the shipper', () => {
  it('gives up the batch that the stream will never take, and no other', async () => {
    const { recorder, flush, taken, calls } = setup(['refused', 'invalid', 'ok', 'invalid', 'ok'])
    recorder.take(lines(4, 500_000))
    await flush()
    for (let minute = 0; minute < 10 && calls.length < 6; minute++) await flush(minute === 9)
    const dropped = recorder.counters.totals().filter(({ reason }) => reason === 'stream-rejected')
    expect(dropped).toMatchObject([{ records: expect.any(Number) }])
    const shipped = [...taken.values()].reduce((sum, each) => sum + each.records, 0)
    expect(shipped).toBeGreaterThan(0)
    expect(dropped[0]?.records).toBeLessThan(shipped + (dropped[0]?.records ?? 0))
  })

  it('tries what the stream calls invalid one by one, at SHUTDOWN as well', async () => {
    const { recorder, flush, calls, taken } = setup(['unreachable', 'unreachable', 'invalid'])
    recorder.take(lines(12, 260_000))
    await flush()
    const before = calls.at(-1)?.length ?? 0
    expect(before).toBeGreaterThan(1)
    await flush(true)
    expect(calls[2]).toHaveLength(1)
    expect(recorder.counters.totals().filter(({ reason }) => reason === 'stream-rejected')).toHaveLength(1)
    expect(taken.size).toBeGreaterThanOrEqual(before)
  })

  it('makes records of at most 1 MiB and calls of at most 5 MiB and 500 records', async () => {
    const { recorder, flush, calls } = setup([])
    let seed = 1
    // Noise, so that compression does not hide the limits: 14 bits in each three bytes.
    const letter = () => 0x4e00 + (((seed = (seed * 48_271) % 2_147_483_647) >> 7) & 0x3fff)
    for (let each = 0; each < 60; each++)
      recorder.take(body({ type: 'function', record: String.fromCharCode(...Array.from({ length: 60_000 }, letter)) }))
    await flush()
    expect(calls.length).toBeGreaterThan(1)
    for (const call of calls) {
      expect(call.length).toBeLessThanOrEqual(500)
      expect(call.reduce((sum, each) => sum + each.data.length + each.partitionKey.length, 0)).toBeLessThanOrEqual(5_242_880)
      for (const each of call) expect(each.data.length + each.partitionKey.length).toBeLessThanOrEqual(1_048_576)
    }
  })

  it('loses nothing and changes nothing, whatever fails on the way', async () => {
    const failure = fc.constantFrom<Step>('busy', 'unreachable', 'keys', 'timeout', 'nonsense', 'refused', 'ok')
    const step = fc.oneof(failure, fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
        async (script, flushes) => {
          const { recorder, host, shipper, taken, flush } = setup([...script])
          let added = 0
          for (const count of flushes) {
            recorder.take(lines(count, 50))
            added += count
            await flush()
            host.advance(100)
          }
          for (let each = 0; each < 20 && (shipper.unsent > 0 || recorder.pending); each++) await flush(true)
          const own = recorder.cut().length
          const sequences = [...taken.keys()].sort((a, b) => a - b)
          expect(own + shipper.unsent).toBe(0)
          expect(sequences).toEqual(sequences.map((_, index) => index + 1))
          const records = [...taken.values()].reduce((sum, each) => sum + each.records, 0)
          expect(records).toBeGreaterThanOrEqual(added)
          expect(recorder.counters.totals()).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('makes one try at once on a fresh socket, and none after a timeout', async () => {
    const unreachable = setup(['unreachable', 'unreachable', 'ok'])
    unreachable.recorder.take(lines(1, 10))
    await unreachable.flush()
    expect(unreachable.calls).toHaveLength(2)
    expect(unreachable.shipper.paused).toBe(true)
    const hanging = setup(['timeout', 'ok'])
    hanging.recorder.take(lines(1, 10))
    await hanging.flush()
    await hanging.flush()
    expect(hanging.calls).toHaveLength(1)
    hanging.host.advance(10_000)
    await hanging.flush()
    expect(hanging.shipper.unsent).toBe(0)
  })

  it('ends at its time, and leaves the rest for later', async () => {
    const { recorder, flush, calls, shipper } = setup(['busy', 'busy', 'busy', 'busy', 'busy', 'busy'])
    recorder.take(lines(3, 10))
    await flush()
    expect(calls.length).toBeLessThanOrEqual(4)
    expect(shipper.unsent).toBe(3)
  })

  it('drops and counts what the stream will never take', async () => {
    const { recorder, flush } = setup(['invalid'])
    recorder.take(lines(2, 10))
    await flush()
    expect(recorder.counters.totals()).toEqual([{ reason: 'stream-rejected', records: 2, bytes: expect.any(Number) }])
    // The line, `weir.dropped` and `weir.fault`: the two that were given up are not emitted.
    recorder.take(lines(1, 10))
    expect(recorder.cut().at(-1)).toMatchObject({ sequence: 2, emitted: 3 })
  })

  it('takes along what earlier processes left: a batch with each flush, all of it at SHUTDOWN, and only then lets go of it', async () => {
    const disk = new Disk()
    const old = testJournal(disk.process().files)
    for (let each = 0; each < 6; each++) old.journal.ahead(batchOf(old.sandbox.id, 0, [record(`${each}${'x'.repeat(9_000)}`)]))
    const [path = ''] = disk.files.keys()
    const test = setup([])
    const { journal } = testJournal(disk.process().files)
    const config = { ...test.recorder.config, bufferBytes: 80_000 }
    const carried: string[][] = []
    const kinesis: Kinesis = {
      put(entries) {
        const records = entries.flatMap(({ data }) => decodeBatch(data).records).filter(each => each.signal === 'weir.sealed')
        carried.push(opened({ records }).map(each => each.body.slice(0, 1)))
        expect(disk.files.has(path)).toBe(true)
        return Promise.resolve(entries.map(() => undefined))
      },
      open() {},
      forget() {},
    }
    const shipper = createShipper(test.host, kinesis, Object.assign(test.recorder, { config }), createBreaker(test.host), journal)
    await shipper.flush(test.host.now() + 1500)
    expect(carried).toEqual([['0', '1']])
    await shipper.flush(test.host.now() + 1500)
    expect(carried).toEqual([
      ['0', '1'],
      ['2', '3'],
    ])
    await shipper.flush(test.host.now() + 1500, true)
    expect(carried).toEqual([
      ['0', '1'],
      ['2', '3'],
      ['4', '5'],
    ])
    expect(disk.files.has(path)).toBe(false)
  })
})
