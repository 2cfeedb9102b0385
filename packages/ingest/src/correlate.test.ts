import { createCorrelator, createEngine, linkRules, parseRules, type CorrelationMatch, type StateStore } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { validateConfig } from './config.ts'
import { correlatorOptions, type EventCorrelator } from './correlate.ts'
import { type Detections, detect } from './detect.ts'
import type { Event } from './event.ts'
import { createReplay, REPLAY_LATENESS_MS } from './replay.ts'
import { lazyEvent } from './sources/shared/event.ts'
import { memoryState } from './state/memory.ts'
import { watched } from './state/watched.ts'

const RULES = `title: Failed
id: 00000000-0000-4000-8000-000000000001
name: failed
level: low
logsource: { product: test }
detection: { selection: { what: failed }, condition: selection }
---
title: Worked
id: 00000000-0000-4000-8000-000000000002
name: worked
level: low
logsource: { product: test }
detection: { selection: { what: worked }, condition: selection }
---
title: Three failed
id: 00000000-0000-4000-8000-000000000003
level: high
correlation: { type: event_count, rules: [failed], group-by: [user], timespan: 5m, condition: { gte: 3 } }
---
title: Failed and never worked
id: 00000000-0000-4000-8000-000000000004
level: high
correlation: { type: temporal, rules: [failed, worked], group-by: [user], timespan: 5m, condition: failed and not worked }
---
title: Worked (told)
id: 00000000-0000-4000-8000-000000000005
level: low
logsource: { product: test }
detection: { selection: { what: worked }, condition: selection }
`
const set = linkRules([parseRules(RULES, 'set.yml')])
const NOON = Date.UTC(2026, 10, 2, 12)
const MINUTE = 60_000

const event = (uid: string, what: string, time: number, user = 'alice'): Event =>
  lazyEvent(
    {
      uid,
      time,
      source: 'test',
      classUid: 0,
      logsource: { product: 'test' },
      record: { what, user },
      identity: { account: '111122223333', claimed: false },
    },
    () => ({ class_uid: 0, metadata: { uid } }) as never,
  )

function detections(correlator: EventCorrelator = createCorrelator(set.correlations)): Detections {
  return {
    engine: createEngine(set.rules),
    correlations: {
      correlator,
      feeding: new Set(set.correlations.flatMap(({ inputs }) => inputs.map(({ id }) => id))),
    },
    isHeard: ({ id }) => !set.silent.has(id),
    detectors: [],
    options: validateConfig({}).detections,
    pack: 'test',
  }
}

const titles = (findings: readonly { readonly [key: string]: unknown }[]) =>
  findings.map(finding => (finding['finding_info'] as { title: string }).title)

describe('detect with correlations', () => {
  it('makes findings of what holds over several inputs, and none of rules that only feed them', async () => {
    const state = memoryState()
    const own = detections()
    const one = await detect([event('a', 'failed', NOON), event('b', 'failed', NOON + 1_000)], 'one', NOON + 5_000, state, own)
    expect(one.findings).toEqual([])
    const two = await detect([event('c', 'failed', NOON + 2_000), event('d', 'other', NOON)], 'two', NOON + 5_000, state, own)
    expect(titles(two.findings)).toEqual(['Three failed'])
    expect([...two.involved].toSorted()).toEqual(['a', 'b', 'c'])
    expect(two.findings[0]).toMatchObject({
      time: NOON + 2_000,
      message: 'Three failed: alice',
      severity: 'High',
      finding_info: {
        first_seen_time: NOON,
        last_seen_time: NOON + 2_000,
        related_events: [{ uid: 'a' }, { uid: 'b' }, { uid: 'c', type: 'test' }],
        analytic: { type_id: 1, category: 'Sigma correlation', version: 'test' },
      },
      evidences: [{ data: { event_count: 3, groupBy: { user: 'alice' }, group: 'alice' } }],
      unmapped: { events: 3 },
    })
    // The stream delivers it again.
    const again = await detect([event('c', 'failed', NOON + 2_000), event('d', 'other', NOON)], 'two', NOON + 9_000, state, own)
    expect(again.findings).toEqual(two.findings)
    expect(
      (await detect([event('e', 'worked', NOON)], 'three', NOON, state, own)).findings.map(f => f.metadata.uid),
    ).toHaveLength(1)
  })

  it('says what makes a finding less than exact', async () => {
    const late = [event('a', 'failed', NOON), event('b', 'failed', NOON), event('c', 'failed', NOON)]
    const { findings } = await detect(late, 'one', NOON + 60 * MINUTE, memoryState(), detections())
    expect(findings[0]).toMatchObject({
      message: 'Three failed: alice (inexact: an event came later than windows wait for, or from the future)',
      evidences: [{ data: { caveats: ['late'] } }],
    })
  })

  it('keeps the other findings when correlations fail, and hides no state that is away', async () => {
    const broken: EventCorrelator = { observe: () => Promise.reject(new Error('a bug')), close: async () => [] }
    const events = [event('a', 'worked', NOON)]
    const { findings, failed } = await detect(events, 'one', NOON, memoryState(), detections(broken))
    expect([titles(findings), failed.map(({ title }) => title)]).toEqual([['Worked (told)'], ['Sigma correlations']])
    const away: StateStore = { ...memoryState(), fold: () => Promise.reject(new Error('throttled')) }
    const state = watched(away)
    await detect(events, 'one', NOON, state, detections())
    expect(state.failure).toMatchObject({ message: 'throttled' })
  })

  it('gives a batch with a long name a short one, the same each time', async () => {
    const names: string[] = []
    const noting: EventCorrelator = {
      async observe(_, { batch }) {
        names.push(batch)
        return []
      },
      close: async () => [],
    }
    for (const batch of ['x'.repeat(200), 'x'.repeat(201), 'x'.repeat(201), 'x'.repeat(202)])
      await detect([event('a', 'worked', NOON)], batch, NOON, memoryState(), detections(noting))
    expect(names[0]).toBe('x'.repeat(200))
    expect(names[1]).toHaveLength(43)
    expect([names[2] === names[1], names[3] === names[1]]).toEqual([true, false])
  })
})

describe('correlatorOptions', () => {
  it('are milliseconds of what the config says, and leave suppression to each correlation unless it says so', () => {
    const of = (detections: object) => correlatorOptions(validateConfig({ detections }).detections)
    expect(of({})).toEqual({ lateness: 600_000 })
    expect(of({ latenessMinutes: 2, suppressionMinutes: 90 })).toEqual({ lateness: 120_000, suppression: 5_400_000 })
  })
})

describe('createReplay', () => {
  /** What is found in these events, in whatever order they are read. */
  async function found(events: readonly Event[], held?: number, newest?: number): Promise<string[]> {
    const all: CorrelationMatch[] = []
    const replay = createReplay(createCorrelator(set.correlations, { lateness: REPLAY_LATENESS_MS }), {
      now: () => NOON + 1e10,
      ...(held ? { held } : {}),
    })
    const own = detections(replay.correlator)
    for (const [i, each] of events.entries()) {
      const { correlated } = await detect([each], `file#${i}`, NOON + 1e10, memoryState(), own)
      all.push(...correlated)
    }
    await replay.finish(async matches => void all.push(...matches), newest)
    return all.map(({ rule, group, window, caveats }) =>
      `${rule.meta.title} ${group} ${(window.start - NOON) / MINUTE} ${caveats.join()}`.trim(),
    )
  }
  const history = [
    event('a', 'failed', NOON),
    event('b', 'failed', NOON + MINUTE),
    event('c', 'failed', NOON + 2 * MINUTE),
    event('d', 'worked', NOON + 3 * MINUTE),
    event('e', 'failed', NOON + 900 * MINUTE, 'bob'),
  ]
  const expected = ['Failed and never worked bob 900', 'Three failed alice 0']

  it('counts events of the past in the order in which they happened, and closes the last window', async () => {
    expect((await found(history)).toSorted()).toEqual(expected)
    expect((await found(history.toReversed())).toSorted()).toEqual(expected)
  })

  it('leaves a window open that the newest event does not reach: what it waits for may be in input that is not here', async () => {
    expect((await found(history, undefined, NOON + 904 * MINUTE)).toSorted()).toEqual(['Three failed alice 0'])
    expect((await found(history, undefined, NOON + 905 * MINUTE)).toSorted()).toEqual(expected)
  })

  it('leaves out an event that says no time, and counts it', async () => {
    const undated = [Number.NaN, Number.POSITIVE_INFINITY].map((time, i) => event(`undated-${i}`, 'failed', time))
    const [e, ...others] = history.toReversed()
    expect((await found([...others, ...undated, ...(e ? [e] : [])])).toSorted()).toEqual(expected)
    expect((await found([...history, ...undated], undefined, Number.NaN)).toSorted()).toEqual(['Three failed alice 0'])
    const replay = createReplay(createCorrelator(set.correlations), { now: () => NOON })
    const matched = [...undated, ...history].map(each => ({ event: each, matches: [] }))
    await replay.correlator.observe(matched, { batch: 'b', now: NOON, state: memoryState() })
    expect(replay.undated).toBe(2)
  })

  it('says of events that come when it could hold no more that they are late', async () => {
    const later = [900, 901, 902].map(minute => event(`later-${minute}`, 'failed', NOON + minute * MINUTE, `user-${minute}`))
    const [a, b, c] = history
    const lines = await found([...later, ...[a, b, c].filter(each => each !== undefined)], 2)
    expect(lines.filter(line => line.startsWith('Three'))).toEqual(['Three failed alice 0 late'])
  })
})
