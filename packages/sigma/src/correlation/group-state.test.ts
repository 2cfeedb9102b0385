import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correlation, EPOCH, MINUTE, setOf, Stream, windowsOf } from '../../test/correlating.ts'
import { plainState } from '../../test/state.ts'
import { digest } from './digest.ts'
import { CAPPED, type Entry, insert, LATE, type Limits, readEntries, writeEntries } from './group-state.ts'

const LIMITS: Limits = { entries: 4_096, characters: 100_000 }
const at = Date.UTC(2026, 0, 1)
const name = fc.nat().map(n => digest(String(n)))
const entry: fc.Arbitrary<Entry> = fc.record({
  id: name,
  time: fc.integer({ min: at - 1e9, max: at + 1e9 }),
  rules: fc.nat(2 ** 30 - 1),
  values: fc.oneof(fc.array(name, { maxLength: 3 }), fc.array(fc.double({ noNaN: true }).map(String), { maxLength: 3 })),
  carried: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }),
  unit: name,
  uid: fc.oneof(fc.uuid(), fc.string({ maxLength: 20 })),
  flags: fc.constantFrom(0, LATE, CAPPED, LATE | CAPPED),
})
const one = (i: number, more: Partial<Entry> = {}): Entry => {
  const id = digest(String(i))
  return { id, time: at + i, rules: 0, values: [], carried: [], unit: id, uid: `event-${i}`, flags: 0, ...more }
}
const many = (length: number, more: (i: number) => Partial<Entry> = () => ({})): readonly Entry[] =>
  Array.from({ length }, (_, i) => one(i, more(i)))

describe('a group’s entries', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ id }) => id, maxLength: 20 }), entries => {
        const sorted: Entry[] = []
        insert(sorted, entries)
        const written = writeEntries(sorted, { at }, LIMITS, false)
        const state = JSON.parse(JSON.stringify({ by: [], at, ...written }))
        expect(readEntries(state)).toEqual(sorted)
      }),
      { numRuns: 300 },
    )
  })

  it('that do not fit are dropped, the oldest first, and between which times is kept', () => {
    const { rows, lost } = writeEntries(many(100), { at }, { ...LIMITS, entries: 60 }, false)
    expect(readEntries({ by: [], at, rows }).map(({ time }) => time - at)).toEqual(Array.from({ length: 60 }, (_, i) => i + 40))
    expect(lost).toEqual([at, at + 39])
    expect(writeEntries(many(10), { at, lost: [at - 5, at] }, LIMITS, false).lost).toEqual([at - 5, at])
  })

  it('of a window that waits for its end are dropped from its end', () => {
    const { rows } = writeEntries(many(100), { at }, { ...LIMITS, entries: 60 }, true)
    expect(readEntries({ by: [], at, rows }).at(-1)?.time).toBe(at + 59)
  })

  it('of a rare rule outlive those of a frequent one', () => {
    const { rows } = writeEntries(
      many(100, i => ({ rules: i < 3 ? 2 : 1 })),
      { at },
      { ...LIMITS, entries: 20 },
      false,
    )
    const left = readEntries({ by: [], at, rows })
    expect(left).toHaveLength(20)
    expect(left.filter(({ rules }) => rules === 2)).toHaveLength(3)
  })

  it('take no more characters than they may, with whatever they hold', () => {
    const values = many(8).map(({ id }) => id)
    const wide = many(4_096, i => ({ values, rules: i % 5, uid: `${i}`.repeat(10), carried: [[`user ${i}`]] }))
    for (const keepOldest of [false, true]) {
      const written = writeEntries(wide, { at }, LIMITS, keepOldest)
      expect(JSON.stringify(written).length).toBeLessThan(LIMITS.characters * 1.05)
      expect(written.rows.length).toBeGreaterThan(500)
      expect(written.lost).toBeDefined()
    }
  })

  it('forget uids first: they are only shown', () => {
    const uid = (i: number): string => `0e95725d-7320-415d-80f7-${String(i).padStart(12, '0')}`
    const written = writeEntries(
      many(4_000, i => ({ uid: uid(i) })),
      { at },
      LIMITS,
      false,
    )
    const left = readEntries({ by: [], at, rows: written.rows })
    expect(left).toHaveLength(4_000)
    expect(left.at(-1)?.uid).toBe(uid(3_999))
    expect(left[0]?.uid).toBe('')
    expect(JSON.stringify(written).length).toBeLessThan(LIMITS.characters * 1.05)
  })
})

describe('a flood', () => {
  const body = '{ type: event_count, rules: [a], group-by: [user], timespan: 1h, condition: { gte: 20 } }'
  const flood = (length: number) => Array.from({ length }, (_, i) => ({ at: i / 100, what: 'a', user: 'ann', n: i }))

  it('is counted, but not written down whole once it has its finding', async () => {
    let last = ''
    const state = plainState((_, json) => (last = json))
    const stream = new Stream(setOf(correlation(body)), { flood: 30 }, state)
    expect((await stream.send(flood(200)))[0]).toMatchObject({ evidence: { event_count: 20 }, caveats: [] })
    expect(JSON.parse(last).rows).toHaveLength(30)
    const next = await stream.send([{ at: 60, what: 'a', user: 'ann' }])
    expect(next[0]).toMatchObject({ window: { start: EPOCH + 60 * MINUTE }, evidence: { event_count: 31 }, caveats: [] })
  })

  it('keeps what a late event may still need between two findings', async () => {
    const pair = body.replace('gte: 20', 'gte: 2').replace('1h', '10m')
    const stream = new Stream(setOf(correlation(pair)), { flood: 1, suppression: MINUTE })
    const at = (minutes: number) => ({ at: minutes, what: 'a', user: 'ann' })
    expect(windowsOf(await stream.send([at(0), at(0.5), at(9), at(9.2)]))).toEqual(['ann 0-1', 'ann 9-10'])
    expect(windowsOf(await stream.send([at(5)], { now: 9.5 }))).toEqual(['ann 5-6'])
  })

  it('keeps a group’s state bounded, and says so', async () => {
    let largest = 0
    const state = plainState((_, json) => (largest = Math.max(largest, json.length)))
    const values = body.replace('event_count', 'value_count').replace('gte', 'field: n, gte')
    const stream = new Stream(setOf(correlation(values)), { entries: 50 }, state)
    const [match] = await stream.send(flood(200))
    expect(match).toMatchObject({ evidence: { value_count: 20 }, caveats: [] })
    const [next] = await stream.send([{ at: 60, what: 'a', user: 'ann', n: 'new' }])
    expect(next).toMatchObject({ evidence: { value_count: 51 }, caveats: ['capped'] })
    expect(largest).toBeLessThan(50 * 60)
  })

  it('of a window that waits for its end is counted as far as it fits', async () => {
    const stream = new Stream(setOf(correlation(body.replace('gte: 20', 'gte: 20, lte: 2000'))), { entries: 50 })
    await stream.send(flood(200))
    const [match] = await stream.tick(100)
    expect(match).toMatchObject({ evidence: { event_count: 50 }, caveats: ['capped'] })
  })

  it('of groups keeps each apart, for as long as it matters', async () => {
    const state = plainState()
    const stream = new Stream(setOf(correlation(body)), {}, state)
    await stream.send(Array.from({ length: 100 }, (_, i) => ({ at: 0, what: 'a', user: `user-${i}` })))
    await stream.send(flood(19))
    expect(await stream.send([{ at: 1, what: 'a', user: 'ann' }])).toHaveLength(1)
  })
})
