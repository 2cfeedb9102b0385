import { describe, expect, it } from 'vitest'
import { correlation, EPOCH, MINUTE, setOf, Stream, windowsOf } from '../../test/correlating.ts'
import { plainState } from '../../test/state.ts'
import type { StateStore } from '../state.ts'
import { createEngine } from '../engine.ts'
import { createCorrelator } from './correlator.ts'

const FEW = '{ type: event_count, rules: [a], group-by: [user], timespan: 10m, condition: { lt: 2 } }'
const few = correlation(FEW, 'Few', 'name: few\n')
const above = correlation('{ type: temporal, rules: [few, b], group-by: [user], timespan: 1h }', 'Above')
const a = (at: number, user = 'ann') => ({ at, what: 'a', user })
const b = (at: number, user = 'ann') => ({ at, what: 'b', user })
const broken = async (): Promise<void> => {
  throw new Error('the sink is away')
}

describe('closing windows', () => {
  it('tells each group’s window once', async () => {
    const stream = new Stream(setOf(few))
    await stream.send([a(0), a(1, 'bob'), a(2, 'bob'), a(3, 'cid')])
    const told: string[] = []
    await stream.tick(30, async matches => void told.push(...windowsOf(matches)))
    expect(told.sort()).toEqual(['ann 0-10', 'cid 3-13'])
    expect(await stream.tick(31)).toEqual([])
    expect(await stream.tick(100)).toEqual([])
  })

  it('tells again what was not delivered, after five minutes, until it is', async () => {
    const stream = new Stream(setOf(few))
    await stream.send([a(0)])
    await expect(stream.tick(30, broken)).rejects.toThrow('the sink is away')
    expect(await stream.tick(34)).toEqual([])
    await expect(stream.tick(35, broken)).rejects.toThrow('the sink is away')
    expect(windowsOf(await stream.tick(40))).toEqual(['ann 0-10'])
    expect(await stream.tick(60)).toEqual([])
  })

  it('judges what came in between, once that is delivered', async () => {
    const stream = new Stream(setOf(few))
    await stream.send([a(0)])
    await expect(stream.tick(30, broken)).rejects.toThrow()
    await stream.send([a(31)])
    const later = [...(await stream.tick(52)), ...(await stream.tick(53)), ...(await stream.tick(70))]
    expect(windowsOf(later)).toEqual(['ann 0-10', 'ann 31-41'])
  })

  it('tells again what a correlation above found, though that one has counted it', async () => {
    const stream = new Stream(setOf(few, above))
    await stream.send([a(0), b(1)])
    await expect(stream.tick(30, broken)).rejects.toThrow()
    const again = await stream.tick(36)
    expect(again.map(({ rule }) => rule.meta.title)).toEqual(['Above'])
    expect(await stream.tick(60)).toEqual([])
  })

  it.each([1, 2, 3])('loses nothing when the process dies at its fold %s', async dying => {
    const state = plainState()
    let folds = 0
    const dies: StateStore = {
      ...state,
      fold: request => {
        if (++folds === dying) throw new Error('killed')
        return state.fold(request)
      },
    }
    const set = setOf(few, above)
    await new Stream(set, {}, state).send([a(0), b(1)])
    const told: unknown[] = []
    const dying_ = new Stream(set, {}, dies).tick(30, async matches => void told.push(...matches))
    await expect(dying_).rejects.toThrow('killed')
    const matches = [...(await new Stream(set, {}, state).tick(31)), ...(await new Stream(set, {}, state).tick(40))]
    // Killed in the last fold, it had told already, and tells once more: the finding has the same uid.
    expect(told).toHaveLength(dying === 3 ? 1 : 0)
    expect(windowsOf(matches)).toEqual(['ann 0-60'])
  })

  it.each(['close', 'window', 'settle'])('tells the others when a group’s fold %s fails, and of that one later', async which => {
    const state = plainState()
    const fails: StateStore = {
      ...state,
      fold: async request => {
        const ofAnn = request.key.endsWith('|ann') && request.batch.startsWith(which)
        if (ofAnn) throw new Error('not written')
        return state.fold(request)
      },
    }
    const set = setOf(few, above)
    await new Stream(set, {}, state).send([a(0), b(1), a(0, 'bob'), b(1, 'bob')])
    const failed: unknown[] = []
    const close = (through: StateStore, at: number) =>
      createCorrelator(set.correlations).close(
        { now: EPOCH + at * MINUTE, state: through, failed: (rule, error) => void failed.push([rule?.name, String(error)]) },
        10,
      )
    const first = (await close(fails, 30)).map(({ group }) => group)
    expect(first.toSorted()).toEqual(which === 'settle' ? ['ann', 'bob'] : ['bob'])
    expect(failed).toEqual([['few', 'Error: not written']])
    expect((await close(state, 40)).map(({ group }) => group)).toEqual(['ann'])
    expect(failed).toHaveLength(1)
  })

  it('takes on no more groups than it is told, the most urgent first', async () => {
    const stream = new Stream(setOf(few))
    await stream.send([a(2), a(1, 'bob'), a(3, 'cid')])
    const due = await stream.state.due(EPOCH + 30 * MINUTE, 2)
    expect(due.map(({ key }) => key.split('|').at(-1))).toEqual(['bob', 'ann'])
  })

  it('tells of many windows of one group in several ticks', async () => {
    const stream = new Stream(setOf(few))
    for (let i = 0; i < 40; i++) await stream.send([a(i * 10)], { now: 400, batch: `late-${i}` })
    const first = await stream.tick(500)
    const rest = await stream.tick(501)
    expect([first.length, rest.length]).toEqual([32, 8])
  })

  it('tells of events that came for a window which was judged, once for each batch', async () => {
    const set = setOf(few)
    const [rule] = set.correlations
    const engine = createEngine(set.rules)
    const correlator = createCorrelator(set.correlations)
    const state = plainState()
    const late: unknown[] = []
    const send = (uid: string, at: number, now: number) => {
      const event = {
        uid,
        time: EPOCH + at * MINUTE,
        logsource: { product: 'test' },
        record: { what: 'a', user: 'ann' },
        ocsf: {},
      }
      const context = { batch: uid, now: EPOCH + now * MINUTE, state }
      return correlator.observe([{ event, matches: engine.match(event) }], {
        ...context,
        late: (of, events) => late.push([of, events]),
      })
    }
    await send('in time', 0, 0)
    expect(await correlator.close({ now: EPOCH + 30 * MINUTE, state }, 10)).toHaveLength(1)
    expect(await send('too late', 5, 31)).toEqual([])
    await send('of the next window', 31, 31)
    expect(late.map(each => (each as unknown[])[1])).toEqual([1])
    expect((late[0] as [typeof rule])[0]?.meta).toEqual(rule?.meta)
  })

  it('leaves what is not a correlation’s alone', async () => {
    const state = plainState()
    const fold = {
      batch: 'x',
      now: EPOCH,
      expiresAt: EPOCH + 1e9,
      initial: 0,
      reduce: () => ({ state: 1, answer: 1, wakeAt: EPOCH + 1 }),
    }
    await state.fold({ ...fold, key: 'detector|of|another|kind' })
    expect(await new Stream(setOf(few), {}, state).tick(30)).toEqual([])
    expect(await state.due(EPOCH + MINUTE, 10)).toHaveLength(1)
  })
})
