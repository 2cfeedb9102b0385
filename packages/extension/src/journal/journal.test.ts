import { encodeBatch } from '@weir/schema/encode'
import type { TelemetryRecord } from '@weir/schema'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Recording } from '../signals/signal.ts'
import { testRecorder } from '../testing/recorder.ts'
import type { Cut, Name } from './journal.ts'
import { batchOf, Disk, opened, record, testJournal } from './testing.ts'

const to: Recording = testRecorder().recorder

type Op =
  | { readonly op: 'ahead'; readonly bodies: readonly number[] }
  | { readonly op: 'cut'; readonly parts: number }
  | { readonly op: 'ack'; readonly which: number }
  | { readonly op: 'recover' }

const ops = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        op: fc.constant('ahead' as const),
        bodies: fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(300) }, fc.nat(90_000)), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('cut' as const), parts: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('ack' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('recover' as const) }) },
  ),
  { maxLength: 40 },
)
const life = fc.record({ ops, killAfter: fc.nat(30), share: fc.double({ min: 0, max: 1, noNaN: true }) })

/** A stream, and what must come out of it. */
class World {
  readonly disk = new Disk()
  /** Bodies that a journal has taken, or that were cut. */
  readonly owed = new Set<string>()
  /** Body → every uid it came under. */
  readonly arrived = new Map<string, Set<string>>()
  #next = 0

  arrive(uid: string, body: string): void {
    this.arrived.set(body, (this.arrived.get(body) ?? new Set()).add(uid))
  }

  /** All that is owed has arrived, under one uid, and nothing is left. */
  check(): void {
    for (const body of this.owed) expect([...(this.arrived.get(body) ?? [])], body.slice(0, 8)).toHaveLength(1)
    for (const uids of this.arrived.values()) expect(uids.size).toBe(1)
    expect([...this.disk.files.values()].filter(each => each.length > 0)).toEqual([])
  }

  /** One process, from its start until it is killed or left alone. */
  live(steps: readonly Op[], kill?: { killAfter: number; share: number }, last = false): boolean {
    const process = this.disk.process()
    if (kill) process.killAfter(kill.killAfter, kill.share)
    const { journal, sandbox } = testJournal(process.files)
    let uncut: TelemetryRecord[] = []
    let waiting: (Name & { readonly data: Uint8Array; readonly shipped: () => void })[] = []
    const settle = () => journal.waiting(waiting)
    const step = (each: Op) => {
      if (each.op === 'ahead') {
        const records = each.bodies.map(size => record(`${this.#next++}:${'x'.repeat(size)}`))
        journal.ahead(batchOf(sandbox.id, 0, records))
        uncut.push(...records)
        if (!process.dead) for (const one of records) this.owed.add(Buffer.from(one.body).toString())
      } else if (each.op === 'cut') {
        if (uncut.length === 0) return
        const size = Math.ceil(uncut.length / each.parts)
        const fresh: Cut[] = []
        for (let at = 0; at < uncut.length; at += size) {
          const batch = batchOf(sandbox.id, sandbox.nextSequence(), uncut.slice(at, at + size))
          const data = encodeBatch(batch)
          fresh.push({ sequence: batch.sequence, data })
          const shipped = () =>
            batch.records.forEach((one, index) =>
              this.arrive(`${sandbox.id}/${batch.sequence}/${index}`, Buffer.from(one.body).toString()),
            )
          waiting.push({ sandbox: sandbox.id, sequence: batch.sequence, data, shipped })
        }
        uncut = []
        journal.cut(fresh, fresh.at(-1)?.sequence ?? 0)
        settle()
      } else if (each.op === 'ack') {
        const chosen = waiting.filter((_, index) => (each.which >> (index % 8)) & 1)
        // The stream may have it although nobody hears of it any more.
        if (!process.dead) for (const one of chosen) one.shipped()
        waiting = waiting.filter(one => !chosen.includes(one))
        settle()
      } else if (each.op === 'recover') {
        const carrier = journal.recover(to, 5_000)
        if (!carrier) return
        const found = process.dead ? [] : opened(carrier)
        const { sandbox: id, sequence } = carrier
        waiting.push({
          sandbox: id,
          sequence,
          data: Buffer.alloc(0),
          shipped: () => found.forEach(({ uid, body }) => this.arrive(uid, body)),
        })
        settle()
      }
    }
    for (const each of steps) step(each)
    if (!last) return process.dead
    for (let round = 0; round < 1_000; round++) {
      step({ op: 'recover' })
      if (waiting.length === 0) return false
      step({ op: 'ack', which: 0xff })
    }
    throw new Error('recovery does not end')
  }
}

describe('a journal', () => {
  it('brings back whatever was written ahead and never acknowledged, under one uid, wherever its processes die', () => {
    fc.assert(
      fc.property(fc.array(life, { minLength: 1, maxLength: 4 }), lives => {
        const world = new World()
        for (const each of lives) world.live(each.ops, each)
        world.live([], undefined, true)
        world.check()
      }),
      { numRuns: 400 },
    )
  })

  it('does so at every moment of a life in which a file is left for another', () => {
    const steps: Op[] = [
      { op: 'ahead', bodies: [10, 20] },
      { op: 'cut', parts: 2 },
      { op: 'ahead', bodies: [90_000, 90_000] },
      { op: 'ack', which: 1 },
      { op: 'ahead', bodies: [90_000] },
      { op: 'cut', parts: 3 },
      { op: 'ahead', bodies: [30] },
      { op: 'ack', which: 0xff },
      { op: 'cut', parts: 1 },
      { op: 'ack', which: 0xff },
      { op: 'ahead', bodies: [40] },
    ]
    let moments = 0
    for (let killAfter = 0; killAfter < 30; killAfter++) {
      for (const share of [0, 0.2, 0.4, 0.6, 0.8, 0.999]) {
        const world = new World()
        moments += world.live(steps, { killAfter, share }) ? 1 : 0
        world.live([], undefined, true)
        world.check()
      }
    }
    // Header, frames, marks, the second file and the first one's end: each was a moment to die at.
    expect(moments).toBeGreaterThan(80)
  }, 60_000)
})
