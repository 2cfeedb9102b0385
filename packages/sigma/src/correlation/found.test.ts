import { describe, expect, it } from 'vitest'
import { correlation, findings, setOf, Stream } from '../../test/correlating.ts'
import { bytesOf } from './bytes.ts'
import { carriedBy, NOTHING } from './found.ts'
import type { Entry } from './group-state.ts'

const carrying = (...carried: readonly string[]): Entry => {
  return { id: 'entry', time: 0, rules: 0, values: [], carried: carried.map(each => [each]), unit: 'entry', uid: '', flags: 0 }
}
const many = (length: number, text: string) => Array.from({ length }, (_, i) => carrying(text + i, 'all'))

describe('what a window hands on', () => {
  it('is each value once, 64 at most, and says where there are more', () => {
    expect(carriedBy(many(63, 'v')).ways).toHaveLength(64)
    expect(carriedBy(many(63, 'v')).cut).toBe(false)
    expect(carriedBy(many(64, 'v')).ways).toHaveLength(64)
    expect(carriedBy(many(64, 'v')).cut).toBe(true)
  })

  it('has 30,000 bytes at most, and says where there are more', () => {
    const { ways, cut } = carriedBy(many(20, '本'.repeat(1_000)))
    expect(cut).toBe(true)
    expect(ways.length).toBeGreaterThan(9)
    expect(bytesOf(ways)).toBeLessThanOrEqual(30_001)
    expect(carriedBy([carrying('本'.repeat(10_000))])).toEqual({ ways: NOTHING, cut: true })
  })
})

describe('a finding', () => {
  it('shows 32 events', async () => {
    const events = Array.from({ length: 40 }, (_, i) => ({ at: i / 10, what: 'a', uid: `event-${i}` }))
    const [found] = await findings('{ type: event_count, rules: [a], timespan: 10m, condition: { gte: 5, lte: 100 } }', events)
    expect(found?.events).toEqual(events.slice(0, 32).map(({ uid }) => uid))
  })

  it('tells two rules of one title apart', async () => {
    const ids = ['00000000-0000-4000-8000-00000000000e', '00000000-0000-4000-8000-00000000000f'] as const
    const set = setOf(
      `title: Twin\nid: ${ids[0]}\nlogsource: { product: test }\ndetection: { sel: { what: e }, condition: sel }`,
      `title: Twin\nid: ${ids[1]}\nlogsource: { product: test }\ndetection: { sel: { what: f }, condition: sel }`,
      correlation(`{ type: temporal, rules: [${ids[0]}, ${ids[1]}, a], timespan: 10m }`),
    )
    const sent = ['e', 'f', 'a'].map((what, i) => ({ at: i, what }))
    const [found] = await new Stream(set).send(sent)
    expect(Object.keys(found?.evidence['rules'] ?? {})).toEqual([`Twin (${ids[0]})`, `Twin (${ids[1]})`, 'a'])
  })
})
