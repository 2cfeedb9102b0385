import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correlation, EPOCH, MINUTE, setOf, Stream, windowsOf } from '../../test/correlating.ts'
import { plainState } from '../../test/state.ts'
import { bytesOf, jsonBytes } from './bytes.ts'
import { digest } from './digest.ts'
import { CAPPED, type Entry, insert, LATE, newGroup, placeAfter, type Span } from './group-state.ts'
import { packing } from './packing.ts'
import { besideOf, type Fitted, fit, type Limits, sizeOf } from './room.ts'

const LIMITS: Limits = { entries: 4_096, bytes: 100_000 }
const at = Date.UTC(2026, 0, 1)
const name = fc.nat().map(n => digest(String(n)))
const entry: fc.Arbitrary<Entry> = fc.record({
  id: name,
  time: fc.integer({ min: at - 1e9, max: at + 1e9 }),
  rules: fc.nat(2 ** 30 - 1),
  values: fc.oneof(fc.array(name, { maxLength: 3 }), fc.array(fc.double({ noNaN: true }).map(String), { maxLength: 3 })),
  carried: fc.array(fc.tuple(fc.string(), fc.string({ unit: 'binary' })), { maxLength: 2 }),
  unit: name,
  uid: fc.oneof(fc.uuid(), fc.string({ maxLength: 20, unit: 'binary' })),
  flags: fc.constantFrom(0, LATE, CAPPED, LATE | CAPPED),
})
const one = (i: number, more: Partial<Entry> = {}): Entry => {
  const id = digest(String(i))
  return { id, time: at + i, rules: 0, values: [], carried: [], unit: id, uid: `event-${i}`, flags: 0, ...more }
}
const many = (length: number, more: (i: number) => Partial<Entry> = () => ({})): readonly Entry[] =>
  Array.from({ length }, (_, i) => one(i, more(i)))

/** What is kept of entries, and how it reads as JSON. */
const kept = (
  entries: readonly Entry[],
  limits: Limits,
  keepOldest: boolean,
  lost?: Span,
): Fitted & { readonly json: string } => {
  const fitted = fit(entries, sizeOf(entries), 0, lost, limits, keepOldest)
  return { ...fitted, json: JSON.stringify(packing.pack({ ...newGroup([]), ...fitted })) }
}

describe('a group’s state', () => {
  const groups = fc.record({
    by: fc.array(fc.string(), { maxLength: 2 }),
    entries: fc
      .uniqueArray(entry, { selector: ({ id }) => id, maxLength: 20 })
      .map(entries => insert([], entries)?.entries ?? []),
    fired: fc.option(fc.array(fc.nat()), { nil: undefined }),
    lost: fc.option(fc.tuple(fc.nat(), fc.nat()), { nil: undefined }),
    judged: fc.option(fc.nat(), { nil: undefined }),
    grace: fc.option(fc.tuple(fc.nat(), fc.nat()), { nil: undefined }),
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(groups, group => {
        const state = { ...group, size: sizeOf(group.entries) }
        expect(packing.unpack(JSON.parse(JSON.stringify(packing.pack(state))))).toEqual(state)
      }),
      { numRuns: 300 },
    )
  })

  it('takes no more bytes than its size says', () => {
    fc.assert(
      fc.property(groups, ({ entries, by, fired }) => {
        const short = entries.filter(({ uid }) => jsonBytes(uid) <= 130)
        const { rows, texts = [] } = packing.pack({ by: [], entries: short, size: 0 })
        expect(bytesOf(rows) + bytesOf(texts)).toBeLessThanOrEqual(4 + sizeOf(short))
        expect(bytesOf(by) + bytesOf(fired?.sort((a, b) => a - b) ?? [])).toBeLessThanOrEqual(4 + besideOf({ by, fired }))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a group’s entries', () => {
  it('stand in the order of time, each once, whatever comes with what', () => {
    const batches = fc.array(fc.uniqueArray(entry, { selector: ({ id }) => id, maxLength: 30 }), { maxLength: 6 })
    fc.assert(
      fc.property(batches, all => {
        let entries: readonly Entry[] = []
        const first = new Map<string, Entry>()
        for (const batch of all) {
          const fresh = batch.filter(({ id }) => !first.has(id))
          for (const each of fresh) first.set(each.id, each)
          const inserted = insert(entries, batch)
          expect(inserted?.since).toBe(fresh.length > 0 ? Math.min(...fresh.map(({ time }) => time)) : undefined)
          entries = inserted?.entries ?? entries
        }
        expect(entries).toEqual([...first.values()].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1)))
        const middle = entries[Math.floor(entries.length / 2)]?.time ?? 0
        expect(placeAfter(entries, middle)).toBe(entries.filter(({ time }) => time <= middle).length)
      }),
    )
  })

  it('that do not fit are dropped, the oldest first, and between which times is kept', () => {
    const { entries, lost } = kept(many(100), { ...LIMITS, entries: 60 }, false)
    expect(entries.map(({ time }) => time - at)).toEqual(Array.from({ length: 60 }, (_, i) => i + 40))
    expect(lost).toEqual([at, at + 39])
    expect(kept(many(10), LIMITS, false, [at - 5, at]).lost).toEqual([at - 5, at])
  })

  it('of a window that waits for its end are dropped from its end', () => {
    expect(kept(many(100), { ...LIMITS, entries: 60 }, true).entries.at(-1)?.time).toBe(at + 59)
  })

  it('of a rare rule outlive those of a frequent one', () => {
    const { entries } = kept(
      many(100, i => ({ rules: i < 3 ? 2 : 1 })),
      { ...LIMITS, entries: 20 },
      false,
    )
    expect(entries).toHaveLength(20)
    expect(entries.filter(({ rules }) => rules === 2)).toHaveLength(3)
  })

  it('take no more characters than they may, with whatever they hold', () => {
    const values = many(8).map(({ id }) => id)
    const wide = many(4_096, i => ({ values, rules: i % 5, uid: `${i}`.repeat(10), carried: [[`user ${i}`]] }))
    for (const keepOldest of [false, true]) {
      const { entries, lost, json } = kept(wide, LIMITS, keepOldest)
      expect(json.length).toBeLessThan(LIMITS.bytes)
      expect(entries.length).toBeGreaterThan(500)
      expect(lost).toBeDefined()
    }
  })

  it('forget uids first: they are only shown', () => {
    const uid = (i: number): string => `0e95725d-7320-415d-80f7-${String(i).padStart(12, '0')}`
    const { entries, json } = kept(
      many(4_000, i => ({ uid: uid(i) })),
      LIMITS,
      false,
    )
    expect(entries).toHaveLength(4_000)
    expect(entries.at(-1)?.uid).toBe(uid(3_999))
    expect(entries[0]?.uid).toBe('')
    expect(json.length).toBeLessThan(LIMITS.bytes)
  })

  it('do not keep a uid that is very long', () => {
    expect(kept([one(1, { uid: 'x'.repeat(129) })], LIMITS, false).entries.map(({ uid }) => uid)).toEqual([''])
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
