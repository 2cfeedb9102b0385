import { createCorrelator, createEngine, type Due, linkRules, parseRules, type RuleMeta, type StateStore } from '@weir/sigma'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { describe, expect, it } from 'vitest'
import type { Assembled } from './assemble.ts'
import { validateConfig } from './config.ts'
import { detect } from './detect.ts'
import { check } from './ledger/check.ts'
import { summarize } from './ledger/fold.ts'
import { memoryLedger } from './ledger/memory.ts'
import type { Parts } from './pipeline.ts'
import { lazyEvent } from './sources/shared/event.ts'
import type { SpooledEvent } from './spool/spool.ts'
import { memoryState } from './state/memory.ts'
import { tick } from './tick.ts'

const set = linkRules([
  parseRules(
    `title: Stopped
id: 00000000-0000-4000-8000-000000000001
name: stopped
logsource: { product: test }
detection: { selection: { what: stopped }, condition: selection }
---
title: Started
id: 00000000-0000-4000-8000-000000000002
name: started
logsource: { product: test }
detection: { selection: { what: started }, condition: selection }
---
title: Stopped and not started
id: 00000000-0000-4000-8000-000000000003
level: critical
correlation: { type: temporal, rules: [stopped, started], group-by: [name], timespan: 15m, condition: stopped and not started }
`,
    'set.yml',
  ),
])
const NOON = Date.UTC(2026, 10, 2, 12)
const MINUTE = 60_000
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** A process with a sink; `fate` says what becomes of the findings it is sent. */
function weirWith(state = memoryState(), ledger = memoryLedger()) {
  const clock = { at: NOON }
  const sent: OcsfEvent[] = []
  const fate = { of: 'delivered' as 'delivered' | 'lost' | 'crash' }
  const parts = {
    detections: {
      engine: createEngine(set.rules),
      correlations: {
        correlator: createCorrelator(set.correlations),
        feeding: new Set(set.rules.map(({ meta }) => meta.id)),
      },
      isHeard: ({ id }: RuleMeta) => !set.silent.has(id),
      detectors: [],
      options: validateConfig({}).detections,
      pack: 'test',
    },
    routes: new Map([['siem', 'findings']]),
    state,
    ledger,
    log,
    now: () => clock.at,
    forwarder: {
      async forward(routed: ReadonlyMap<string, readonly SpooledEvent[]>) {
        const items = routed.get('siem') ?? []
        sent.push(...items.map(item => item.event))
        if (fate.of === 'crash') throw new Error('the process died')
        const safe = fate.of === 'delivered'
        const row = { delivered: safe ? 1 : 0, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }
        return [
          {
            sink: 'siem',
            counts: new Map(items.map(({ input }) => [input, row])),
            unsafe: new Set(safe ? [] : items.map(({ input }) => input)),
          },
        ]
      },
    },
  } as unknown as Parts
  const weir = {
    look: async () => {},
    parts,
    ledger,
    onFailure: undefined,
    telemetry: { flush: async () => {}, close: async () => {} },
    forwarder: { drain: async () => [] },
  } as unknown as Assembled
  const see = async (what: string, name: string): Promise<void> => {
    const event = lazyEvent(
      {
        uid: `${what}-${name}-${clock.at}`,
        time: clock.at,
        source: 'test',
        classUid: 0,
        logsource: { product: 'test' },
        record: { what, name },
        identity: { claimed: false },
      },
      () => ({}) as OcsfEvent,
    )
    await detect([event], event.uid, clock.at, state, parts.detections)
  }
  return { weir, clock, sent, fate, see, state, ledger, tick: () => tick(weir, clock.at + MINUTE) }
}

describe('a tick that closes windows', () => {
  it('makes a finding of what did not happen, once, and the ledger adds up', async () => {
    const { see, clock, sent, tick, ledger } = weirWith()
    await see('stopped', 'main')
    await see('stopped', 'other')
    clock.at += 5 * MINUTE
    await see('started', 'other')
    expect(await tick()).toMatchObject({ closed: 0 })
    clock.at += 30 * MINUTE
    expect(await tick()).toMatchObject({ closed: 1 })
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({
      message: 'Stopped and not started: main',
      severity: 'Critical',
      time: NOON,
      cloud: { provider: 'Unknown' },
      finding_info: { related_events: [{ uid: `stopped-main-${NOON}` }] },
    })
    clock.at += 30 * MINUTE
    expect(await tick()).toMatchObject({ closed: 0 })
    const summary = await summarize(ledger)
    expect(check(summary)).toEqual([])
    expect(summary.streams).toMatchObject([{ stream: 'correlations', inputs: 1, records: 0, findings: 1 }])
    expect(summary.sinks).toMatchObject([{ sink: 'siem', routed: 1, delivered: 1, unaccounted: 0 }])
  })

  it.each(['lost', 'crash'] as const)('makes the finding again, the same one, when the first was %s', async how => {
    const { see, clock, sent, fate, tick, ledger } = weirWith()
    await see('stopped', 'main')
    clock.at += 30 * MINUTE
    fate.of = how
    expect(await tick()).toMatchObject({ closed: 0 })
    fate.of = 'delivered'
    clock.at += 10 * MINUTE
    expect(await tick()).toMatchObject({ closed: 1 })
    clock.at += 10 * MINUTE
    expect(await tick()).toMatchObject({ closed: 0 })
    expect(sent).toHaveLength(2)
    expect(sent[1]?.metadata.uid).toBe(sent[0]?.metadata.uid)
    expect((await summarize(ledger)).sinks).toMatchObject([{ routed: 1, delivered: 1 }])
  })

  it('leaves windows alone that another tick is closing, and gives its lease back', async () => {
    const { see, clock, state, tick } = weirWith()
    await see('stopped', 'main')
    clock.at += 30 * MINUTE
    await state.lease('windows', 'another', clock.at, MINUTE)
    expect(await tick()).toMatchObject({ closed: 0 })
    clock.at += 2 * MINUTE
    expect(await tick()).toMatchObject({ closed: 1 })
    expect(await state.lease('windows', 'the next', clock.at + 1, 1_000)).toBe(true)
  })

  it('tells once what an index still names that lags behind its table', async () => {
    const table = memoryState()
    const listed = new Map<string, Due>()
    const state: StateStore = {
      ...table,
      async due(now, limit) {
        for (const each of await table.due(now, limit)) listed.set(each.key, each)
        return [...listed.values()].slice(0, limit)
      },
    }
    const { see, clock, sent, tick } = weirWith(state)
    await see('stopped', 'main')
    await see('stopped', 'other')
    clock.at += 30 * MINUTE
    expect(await tick()).toMatchObject({ closed: 2 })
    expect(sent).toHaveLength(2)
  })

  it('closes the others when the state of more groups than it takes at once cannot be written', async () => {
    const table = memoryState()
    const broken = { is: true }
    const state: StateStore = {
      ...table,
      fold: async request => {
        if (broken.is && request.batch.startsWith('close') && request.key.includes('bad')) throw new Error('too large')
        return table.fold(request)
      },
    }
    const { see, clock, sent, tick, weir } = weirWith(state)
    const logged: unknown[] = []
    Object.assign(weir.parts, { log: { ...log, error: (...said: unknown[]) => void logged.push(said) } })
    for (let i = 0; i < 150; i++) await see('stopped', `bad-${i}`)
    clock.at += 1_000
    await see('stopped', 'good')
    clock.at += 30 * MINUTE
    expect(await tick()).toMatchObject({ closed: 1 })
    expect(sent.map(({ message }) => message)).toEqual(['Stopped and not started: good'])
    expect(logged).toEqual([
      [{ title: 'Stopped and not started', groups: 150, error: 'Error: too large' }, expect.stringContaining('the next tick')],
    ])
    broken.is = false
    clock.at += MINUTE
    expect(await tick()).toMatchObject({ closed: 150 })
  })

  it('closes many, within its share of the time, and the rest the next time', async () => {
    const { see, clock, sent, tick, weir } = weirWith()
    for (let i = 0; i < 250; i++) await see('stopped', `trail-${i}`)
    clock.at += 30 * MINUTE
    const forward = weir.parts.forwarder.forward
    Object.assign(weir.parts.forwarder, {
      forward: (...given: Parameters<typeof forward>) => {
        clock.at += 20_000 // a slow sink
        return forward(...given)
      },
    })
    const first = (await tick()).closed
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(250)
    for (let i = 0; i < 3; i++) await tick()
    expect(new Set(sent.map(({ metadata }) => metadata.uid)).size).toBe(250)
    expect(sent).toHaveLength(250)
  })
})
