import { describe, expect, it } from 'vitest'
import { correlation, EPOCH, setOf, Stream, windowsOf } from '../../test/correlating.ts'
import { plainState } from '../../test/state.ts'
import { FOUND_BYTES } from './found.ts'
import { MOMENTS_BYTES } from './sliding.ts'

/** A correlation whose findings hand the events' `ip` to one above it. */
const chain = (low: string, ...more: readonly string[]) =>
  setOf(
    correlation(low, 'Low', 'name: low\n'),
    correlation(
      '{ type: value_count, rules: [low], group-by: [user], timespan: 1h, condition: { field: ip, gte: 2 }, generate: true }',
      'High',
    ),
    ...more,
  )
const FEW = '{ type: event_count, rules: [a], group-by: [user], timespan: 15s, condition: { lt: 2000 } }'
const EACH = '{ type: event_count, rules: [a], group-by: [user], timespan: 1m, condition: { gte: 1 } }'

/** Windows of 15 seconds, each with 64 addresses of 900 characters. */
const wide = (windows: number, character: string) =>
  Array.from({ length: windows * 64 }, (_, i) => ({
    at: Math.floor(i / 64) / 4 + (i % 64) / 1_000,
    what: 'a',
    user: 'ann',
    ip: character.repeat(900) + (i % 64),
  }))

/** Bytes of the largest state and answer that a store is given. */
function measured() {
  const largest = { state: 0, answer: 0 }
  const bytes = (text: string): number => new TextEncoder().encode(text).length
  const state = plainState((_, next, answer) => {
    largest.state = Math.max(largest.state, bytes(next))
    largest.answer = Math.max(largest.answer, bytes(answer))
  })
  return { largest, state }
}

describe('a group of long texts', () => {
  it.each(['x', '本', '"', '\u0001'])('does not outgrow a store, nor keep other groups open: %j', async character => {
    const other = correlation('{ type: event_count, rules: [b], group-by: [user], timespan: 1m, condition: { lt: 3 } }', 'Other')
    const { largest, state } = measured()
    const stream = new Stream(chain(FEW, other), {}, state)
    await stream.send(wide(32, character), { now: 9 })
    await stream.send([{ at: 8.5, what: 'b', user: 'bob' }], { now: 9 })
    const told: string[] = []
    for (let at = 25; at < 60; at++) {
      for (const { rule, caveats } of await stream.tick(at)) told.push(`${rule.meta.title} ${caveats.join()}`)
    }
    expect(told).toContain('Other ')
    // What is handed on does not fit whole, and the finding says so.
    expect(told.filter(each => each.startsWith('Low'))).toContain('Low capped')
    expect(told.find(each => each.startsWith('High'))).toContain('capped')
    expect(await state.due(EPOCH + 1e10, 10)).toEqual([])
    expect(largest.state).toBeGreaterThan(FOUND_BYTES / 2)
  })

  it('tells of as many windows at a time as there is room for, and of each once', async () => {
    const { largest, state } = measured()
    const stream = new Stream(chain(FEW), {}, state)
    await stream.send(
      wide(2, 'x')
        .filter((_, i) => i % 64 < 30)
        .concat(wide(12, 'x').filter((_, i) => i >= 128 && i % 64 < 2)),
    )
    const first = (await stream.tick(50)).filter(({ rule }) => rule.meta.title === 'Low')
    const rest = (await stream.tick(50)).filter(({ rule }) => rule.meta.title === 'Low')
    expect(first.length).toBeGreaterThan(1)
    expect(rest.length).toBeGreaterThan(0)
    expect(new Set(windowsOf([...first, ...rest])).size).toBe(12)
    expect(first.length + rest.length).toBe(12)
    expect(largest.answer).toBeLessThan(FOUND_BYTES + 1_000)
  })

  it.each(['at once', 'at the end of its window'])(
    'is answered as it was when its batch comes again: what fires %s',
    async when => {
      const { state } = measured()
      const stream = new Stream(chain(when === 'at once' ? EACH : FEW.replace('15s', '1m')), {}, state)
      const events = Array.from({ length: 66 }, (_, i) => {
        return { at: i / 6, what: 'a', user: 'ann', uid: `event-${i}`, ip: '本'.repeat(1_000) + i }
      })
      const first = await stream.send(events, { now: 10, batch: 'first' })
      expect(await stream.send(events, { now: 10, batch: 'first' })).toEqual(first)
      const late = [{ at: 50, what: 'a', user: 'ann', uid: 'late', ip: '1' }]
      const next = await stream.send(late, { now: 50, batch: 'next' })
      expect(next.length).toBeGreaterThan(0)
      expect(await stream.send(late, { now: 50, batch: 'next' })).toEqual(next)
    },
  )

  it('that fires hundreds of times in one batch is told of as far as an answer goes, and says so', async () => {
    const { largest, state } = measured()
    const stream = new Stream(chain(EACH), { suppression: 1_000 }, state)
    const uid = (i: number) => `${'u'.repeat(100)}${i}`
    const events = Array.from({ length: 2_000 }, (_, i) => {
      return { at: i / 60, what: 'a', user: 'ann', uid: uid(i), ip: '本'.repeat(1_000) + i }
    })
    const found = await stream.send(events, { now: 33, batch: 'b' })
    const low = found.filter(({ rule }) => rule.meta.title === 'Low')
    expect(low.length).toBeGreaterThan(200)
    expect(low.length).toBeLessThan(2_000)
    expect(low.map(({ caveats }) => caveats).filter(caveats => caveats.includes('capped'))).toHaveLength(1)
    expect(low.at(-1)?.caveats).toContain('capped')
    // Uids are left out before findings are.
    expect(low[0]?.events).toEqual([uid(0)])
    expect(low.at(-1)?.events).toEqual([])
    expect(largest.answer).toBeGreaterThan((FOUND_BYTES + MOMENTS_BYTES) * 0.7)
    expect(largest.answer).toBeLessThan(FOUND_BYTES + MOMENTS_BYTES + 1_000)
    expect(await stream.send(events, { now: 33, batch: 'b' })).toEqual(found)
  })

  it('hands on what fits, and the finding above says so', async () => {
    const events = Array.from({ length: 66 }, (_, i) => ({ at: i / 100, what: 'a', user: 'ann', ip: '本'.repeat(1_000) + i }))
    const found = await new Stream(chain(EACH.replace('gte: 1', 'gte: 60'))).send(events)
    expect(found.map(({ rule, caveats }) => [rule.meta.title, caveats])).toEqual([
      ['Low', []],
      ['High', ['capped']],
    ])
  })

  it.each(['gte: 2', 'lt: 2000'])('has room for less where its name takes it: %s', async condition => {
    const fields = Array.from({ length: 16 }, (_, i) => `f${i}`)
    const { largest, state } = measured()
    const body = `{ type: value_count, rules: [a], group-by: [${fields.join()}], timespan: 10m, condition: { field: ip, ${condition} } }`
    const stream = new Stream(setOf(correlation(body)), { bytes: 30_000 }, state)
    const named = Object.fromEntries(fields.map(field => [field, '日'.repeat(1_024)]))
    await stream.send(Array.from({ length: 1_000 }, (_, i) => ({ at: i / 200, what: 'a', ip: `${i}`, ...named })))
    expect(largest.state).toBeGreaterThan(20_000)
    expect(largest.state).toBeLessThan(30_000)
  })

  it('with uids of any length is told of', async () => {
    const { state } = measured()
    const FEWER = FEW.replace('15s', '1m')
    const long = { at: 0, what: 'a', user: 'ann', uid: 'u'.repeat(300_000), ip: '1' }
    expect(await new Stream(chain(EACH), {}, state).send([long])).toHaveLength(1)
    const waiting = new Stream(chain(FEWER), {}, state)
    await waiting.send([long], { now: 30 })
    expect(await waiting.tick(60)).toHaveLength(1)
  })
})
