import { describe, expect, it } from 'vitest'
import { BASE, correlation, EPOCH, findings, MINUTE, setOf, Stream, windowsOf } from '../../test/correlating.ts'
import { plainState } from '../../test/state.ts'
import { parseRules } from '../parse/yaml.ts'
import { linkRules } from '../ruleset.ts'

const COUNT = '{ type: event_count, rules: [a], group-by: [user], timespan: 10m, condition: { gte: 2 } }'
const FEW = COUNT.replace('gte: 2', 'lt: 2')
const a = (at: number, more: object = {}) => ({ at, what: 'a', user: 'ann', ...more })
const b = (at: number, more: object = {}) => ({ at, what: 'b', user: 'ann', ...more })

// In the order of the table in README.md.
describe('where the specification is silent', () => {
  it('windows end with each event and know no boundaries', async () => {
    expect(windowsOf(await findings(COUNT, [a(9), a(11)]))).toEqual(['ann 10-20'])
    expect(await findings(COUNT, [a(5), a(15)])).toEqual([])
  })

  it('what more events can only confirm fires at once, also when the event that was missing comes later', async () => {
    const stream = new Stream(setOf(correlation(COUNT)))
    expect(await stream.send([a(12)])).toEqual([])
    expect(windowsOf(await stream.send([a(4)], { now: 13 }))).toEqual(['ann 10-20'])
  })

  it('all else waits for the end of a window that its first event opens', async () => {
    const stream = new Stream(setOf(correlation(FEW)), { lateness: MINUTE })
    expect(await stream.send([a(3)])).toEqual([])
    expect(await stream.tick(13.9)).toEqual([])
    expect(windowsOf(await stream.tick(14))).toEqual(['ann 3-13'])
    await stream.send([a(20), a(20.5)])
    expect(await stream.tick(60)).toEqual([])
  })

  it('is judged by a later event too', async () => {
    const stream = new Stream(setOf(correlation(FEW)), { lateness: MINUTE })
    await stream.send([a(3)])
    expect(windowsOf(await stream.send([a(14)]))).toEqual(['ann 3-13'])
  })

  it('a group makes one finding in each cell of the grid of suppression', async () => {
    const burst = [8, 9, 9.5, 11, 12].map(at => a(at))
    expect(windowsOf(await findings(COUNT, burst))).toEqual(['ann 0-10', 'ann 10-20'])
    expect(windowsOf(await findings(COUNT, burst, { suppression: 60 * MINUTE }))).toEqual(['ann 0-60'])
  })

  it('a late event is counted where it still can be, and the finding says so', async () => {
    const stream = new Stream(setOf(correlation(COUNT)))
    await stream.send([a(0)])
    const [match] = await stream.send([a(1)], { now: 12 })
    expect(match?.caveats).toEqual(['late'])
  })

  it('a window that was judged stays judged', async () => {
    const stream = new Stream(setOf(correlation(FEW)), { lateness: MINUTE })
    await stream.send([a(0)])
    expect(await stream.tick(20)).toHaveLength(1)
    expect(await stream.send([a(5)], { now: 21 })).toEqual([])
    expect(await stream.tick(60)).toEqual([])
  })

  it('while late events come in, their window stays open for the bound', async () => {
    const stream = new Stream(setOf(correlation(FEW)), { lateness: MINUTE })
    expect(await stream.send([a(0)], { now: 100 })).toEqual([])
    expect(await stream.tick(100.5)).toEqual([])
    await stream.send([a(0.1)], { now: 100.9 })
    expect(await stream.tick(200)).toEqual([])
    await stream.send([a(50)], { now: 200 })
    expect((await stream.tick(201))[0]?.caveats).toEqual(['late'])
  })

  it('but not for ever, however long late events come in', async () => {
    const stream = new Stream(setOf(correlation(FEW.replace('lt: 2', 'gte: 2, lte: 2000'))), { lateness: MINUTE })
    const found = []
    for (let now = 100; now < 110; now += 0.5) found.push(...(await stream.send([a(now / 100)], { now })))
    expect(windowsOf(found)).toEqual(['ann 1-11'])
    expect(found[0]?.evidence).toMatchObject({ event_count: 12 })
  })

  it('an event from the future is counted as of when it came, and the finding says so', async () => {
    const stream = new Stream(setOf(correlation(COUNT)))
    await stream.send([a(1_000_000)], { now: 0 })
    const matches = await stream.send([a(1)])
    expect(windowsOf(matches)).toEqual(['ann 0-10'])
    expect(matches[0]?.caveats).toEqual(['late'])
    expect(await stream.send([a(30)])).toEqual([])
    expect(windowsOf(await stream.send([a(31)]))).toEqual(['ann 30-40'])
  })

  it('an event without a time is not counted', async () => {
    expect(await findings(COUNT, [a(1), { ...a(2), at: 2 }])).toHaveLength(1)
    const stream = new Stream(setOf(correlation(COUNT)))
    expect(await stream.send([a(Number.NaN), a(1)], { now: 1 })).toEqual([])
  })

  it('an event with a uid that was there is not counted again', async () => {
    const stream = new Stream(setOf(correlation(COUNT)))
    await stream.send([a(0, { uid: 'one' }), a(0, { uid: 'one' })])
    expect(await stream.send([a(1, { uid: 'one' })])).toEqual([])
    expect(await stream.send([a(1, { uid: 'two' })])).toHaveLength(1)
  })

  it('a batch that comes again is answered as it was', async () => {
    const stream = new Stream(setOf(correlation(COUNT)))
    const batch = { batch: 'same', now: 1 }
    const events = [a(0, { uid: 'one' }), a(1, { uid: 'two' })]
    const first = await stream.send(events, batch)
    await stream.send([a(2)])
    expect(first).toHaveLength(1)
    expect(await stream.send(events, batch)).toEqual(first)
  })

  it('an event that several rules match counts once, and stands for each in temporal types', async () => {
    const both = `title: Any\nname: any\nlogsource: { product: test }\ndetection: { sel: { user: ann }, condition: sel }`
    const set = (body: string) => setOf(both, correlation(body))
    expect(await new Stream(set(COUNT.replace('[a]', '[a, any]'))).send([a(0)])).toEqual([])
    const ordered = '{ type: temporal_ordered, rules: [a, any], group-by: [user], timespan: 10m }'
    expect(await new Stream(set(ordered)).send([a(0)])).toHaveLength(1)
  })

  it('events of one time are in order either way', async () => {
    const ordered = '{ type: temporal_ordered, rules: [a, b], group-by: [user], timespan: 10m }'
    expect(await findings(ordered, [b(1), a(1)])).toHaveLength(1)
  })

  it('an event without a group-by field, or with null there, is not counted; an empty text is a value', async () => {
    expect(await findings(COUNT, [a(0, { user: undefined }), a(1, { user: undefined })])).toEqual([])
    expect(await findings(COUNT, [a(0, { user: null }), a(1, { user: [] })])).toEqual([])
    expect((await findings(COUNT, [a(0, { user: '' }), a(1, { user: '' })])).map(({ groupBy }) => groupBy)).toEqual([
      { user: '' },
    ])
  })

  it('of an array an event belongs to the group of each member, of the first 16 if there are more', async () => {
    const matches = await findings(COUNT, [a(0, { user: ['ann', 'bob'] }), a(1, { user: 'bob' })])
    expect(windowsOf(matches)).toEqual(['bob 0-10'])
    const many = Array.from({ length: 20 }, (_, i) => `user-${i}`)
    const cut = await findings(COUNT, [a(0, { user: many }), a(1, { user: many })])
    expect(cut).toHaveLength(16)
    expect(cut[0]?.caveats).toEqual(['capped'])
  })

  it('groups are compared as rules compare texts: without case, a number as its text, an object as JSON', async () => {
    expect(windowsOf(await findings(COUNT, [a(0, { user: 'Ann' }), a(1, { user: 'ANN' })]))).toEqual(['ann 0-10'])
    expect(windowsOf(await findings(COUNT, [a(0, { user: 5 }), a(1, { user: '5' })]))).toEqual(['5 0-10'])
    expect(await findings(COUNT, [a(0, { user: { id: 5 } }), a(1, { user: { id: 5 } })])).toHaveLength(1)
    const deep = COUNT.replace('[user]', '[user.id, x.y]')
    const matches = await findings(deep, [a(0, { user: { id: 'A' }, 'x.y': 1 }), a(1, { user: [{ id: 'a' }], x: { y: '1' } })])
    expect(matches.map(({ group, groupBy }) => [group, groupBy])).toEqual([['["a","1"]', { 'user.id': 'A', 'x.y': '1' }]])
  })

  it('long groups are told apart by their digest', async () => {
    const long = 'x'.repeat(5_000)
    expect(await findings(COUNT, [a(0, { user: `${long}1` }), a(1, { user: `${long}2` })])).toEqual([])
    const [match] = await findings(COUNT, [a(0, { user: `${long}1` }), a(1, { user: `${long}1` })])
    expect(match?.group).toHaveLength(256)
  })

  it('without group-by all events are one group', async () => {
    const matches = await findings(COUNT.replace('group-by: [user], ', ''), [a(0), a(1, { user: 'bob' })])
    expect(windowsOf(matches)).toEqual(['0-10'])
  })

  it('rules that a correlation names make no findings of their own, unless one that names them says generate: true', () => {
    const ids = setOf().rules.map(({ name = '', meta }) => [name, meta.id] as const)
    const names = (...documents: string[]) => ids.flatMap(([name, id]) => (setOf(...documents).silent.has(id) ? [name] : []))
    const two = COUNT.replace('[a]', '[a, b]')
    expect(names(correlation(two))).toEqual(['a', 'b'])
    expect(names(correlation(two), correlation(COUNT, 'Loud', 'generate: true\n'))).toEqual(['b'])
    expect(
      names(
        correlation(COUNT.replace('}', ', generate: true }').replace('gte: 2, generate: true }', 'gte: 2 }, generate: true')),
      ),
    ).toEqual([])
  })

  describe('a correlation over another', () => {
    const inner = correlation(COUNT, 'Many', 'name: many\n')
    const outer = (body: string, more = ''): string => correlation(body, 'Outer', more)
    const play = async (body: string, events: readonly ReturnType<typeof a>[], more = '') => {
      const matches = await new Stream(setOf(inner, outer(body, more))).send(events)
      return matches.map(({ rule, window }) => `${rule.meta.title} ${(window.start - EPOCH) / MINUTE}`)
    }

    it('counts each of its findings once, however long it goes on, and silences it', async () => {
      const again = '{ type: event_count, rules: [many], group-by: [user], timespan: 1h, condition: { gte: 2 } }'
      expect(await play(again, [a(0), a(1), a(2), a(3)])).toEqual([])
      expect(await play(again, [a(0), a(1), a(21), a(22)])).toEqual(['Outer 0'])
      expect(await play(again, [a(0), a(1), a(21), a(22)], 'generate: true\n')).toEqual(['Many 0', 'Many 20', 'Outer 0'])
    })

    it('knows for the order of events each moment at which the other holds', async () => {
      const then = '{ type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 10m }'
      expect(await play(then, [a(0), b(1), a(2)])).toEqual([])
      expect(await play(then, [a(0), a(2), b(2.5), a(3)])).toEqual(['Outer 0'])
    })

    it('groups by its own fields, read from the events of the findings', async () => {
      const perHost = correlation(COUNT.replace('[user]', '[host]'), 'Many', 'name: many\n')
      const then = '{ type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 10m }'
      const stream = new Stream(setOf(perHost, outer(then)))
      await stream.send([
        a(0, { host: 'h', user: 'ann' }),
        a(1, { host: 'h', user: 'Bob' }),
        a(1, { host: 'h', user: undefined }),
      ])
      expect(windowsOf(await stream.send([b(2, { user: 'cid' }), b(2, { user: 'bob' })]))).toEqual(['bob 0-10'])
      expect(windowsOf(await stream.send([b(3, { user: 'ann' })]))).toEqual(['ann 0-10'])
    })

    it('hears of a window that waited for its end when a tick closes it', async () => {
      const few = correlation(FEW, 'Few', 'name: few\n')
      const twice = '{ type: event_count, rules: [few], group-by: [user], timespan: 1h, condition: { gte: 2 } }'
      const stream = new Stream(setOf(few, outer(twice)))
      await stream.send([a(0)])
      await stream.send([a(15)])
      expect(await stream.tick(20)).toEqual([])
      const [match] = await stream.tick(36)
      expect(match?.evidence).toEqual({ event_count: 2, from: EPOCH + 10 * MINUTE, to: EPOCH + 25 * MINUTE })
      expect(match?.caveats).toEqual([])
    })
  })

  it('an alias is another field in each rule', async () => {
    const body = '{ type: temporal, rules: [a, b], group-by: [inside], timespan: 10m, aliases: { inside: { a: to, b: from } } }'
    const matches = await findings(body, [a(0, { to: '10.0.0.1' }), b(1, { from: '10.0.0.1', to: '10.0.0.2' })])
    expect(matches.map(({ groupBy }) => groupBy)).toEqual([{ inside: '10.0.0.1' }])
    expect(await findings(body, [a(0, { to: '10.0.0.1' }), b(1, { from: '10.0.0.2' })])).toEqual([])
  })

  it('fields have the names of the event’s log source, where a mapping gives them', async () => {
    const fields = { user: ['userIdentity.arn', 'who'] }
    const parsed = parseRules(`${BASE}\n---\n${correlation(COUNT)}`, 'test.yml')
    const mapping = { rules: { product: 'test' }, events: { product: 'cloud' }, fields: { ...fields, what: 'what' } }
    const stream = new Stream(linkRules([parsed], [mapping]))
    const logsource = { product: 'cloud' }
    await stream.send([{ at: 0, what: 'a', userIdentity: { arn: 'Ann' } }], { logsource })
    await stream.send([{ at: 1, what: 'a', user: 'bob' }], { logsource })
    expect(windowsOf(await stream.send([{ at: 2, what: 'a', who: 'ann' }], { logsource }))).toEqual(['ann 0-10'])
  })

  it('a rule that is changed begins anew, and what was kept for it is forgotten', async () => {
    const state = plainState()
    const before = new Stream(setOf(correlation(FEW)), {}, state)
    await before.send([a(0)])
    const after = new Stream(setOf(correlation(FEW.replace('10m', '20m'))), {}, state)
    expect(await after.tick(30)).toEqual([])
    expect(await state.due(EPOCH + 1_000 * MINUTE, 10)).toEqual([])
  })
})
