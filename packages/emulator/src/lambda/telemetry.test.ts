import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, QUICK, startBench, subscribeTo, type Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = startBench()
})
afterEach(() => bench.close())

const received = (record: string) => bench.diary(record, 'telemetry').map(entry => entry['event'])
const types = (record: string) => received(record).map(event => field(event, 'type'))

describe('telemetry', () => {
  it('replays the events of Init, and then delivers each in order, once', async () => {
    const f = bench.create({
      maxConcurrency: 1,
      extensions: [bench.extension('diary', { SUBSCRIBE: subscribeTo('platform', 'function') })],
    })
    await f.invoke({ do: 'log', lines: ['a', 'b'] })
    await f.idle()
    await f.invoke({ do: 'log', lines: ['c'] })
    await f.shutdown()
    const invocation = (lines: number) => [
      'platform.start',
      ...Array.from({ length: lines }, () => 'function'),
      'platform.runtimeDone',
      'platform.report',
    ]
    expect(types('diary')).toEqual([
      'platform.initStart',
      'platform.telemetrySubscription',
      'platform.initRuntimeDone',
      'platform.extension',
      'platform.initReport',
      ...invocation(2),
      ...invocation(1),
    ])
    const emitted = bench.events
      .filter(({ type }) => !type.startsWith('emulator.'))
      .map(({ time, type, record }) => ({ time, type, record }))
    expect(received('diary')).toEqual(emitted)
  })

  it.each([true, false])(
    'never shows the report of an invocation before the next one or SHUTDOWN (processes stopped: %s)',
    async freeze => {
      const watcher = bench.extension('diary', { SUBSCRIBE: subscribeTo('platform') })
      const f = bench.create({ freeze, maxConcurrency: 1, extensions: [watcher] })
      await f.invoke()
      await f.idle()
      // Longer than the subscription's timeoutMs: a report that may leave would.
      await new Promise(resolve => setTimeout(resolve, 60))
      await f.invoke({ do: 'wait', ms: 100 })
      await f.idle()
      const second = bench.events.filter(({ type }) => type === 'platform.start')[1]
      const report = bench.diary('diary', 'telemetry').find(entry => field(entry, 'event', 'type') === 'platform.report')
      // The two clocks are read apart, by less than this.
      expect(Number(report?.['at'])).toBeGreaterThan(Date.parse(second?.time ?? '') - 20)
    },
  )

  it('renders log records as text for schema 2022-07-01 and as JSON for later ones', async () => {
    const subscribe = (schemaVersion: string) => JSON.stringify({ schemaVersion, types: ['function'], buffering: QUICK })
    for (const version of ['2022-07-01', '2022-12-13', '2025-01-29']) {
      const f = bench.create({ logFormat: 'JSON', extensions: [bench.extension(version, { SUBSCRIBE: subscribe(version) })] })
      await f.invoke({ do: 'log', lines: ['hello'] })
      await f.shutdown()
    }
    const records = ['2022-07-01', '2022-12-13', '2025-01-29'].map(version => field(received(version)[0], 'record'))
    expect(typeof records[0]).toBe('string')
    expect(records.slice(1)).toMatchObject([{ message: 'hello' }, { message: 'hello' }])
  })

  it('gives the lines that extensions print to those who want them', async () => {
    const f = bench.create({ extensions: [bench.extension('diary', { SUBSCRIBE: subscribeTo('extension'), NODE_DEBUG: 'net' })] })
    await f.invoke()
    await f.shutdown()
    expect(types('diary')).toContain('extension')
    expect(new Set(types('diary'))).toEqual(new Set(['extension']))
  })

  it('answers 202 and delivers nothing where it is not supported', async () => {
    const f = bench.create({
      telemetry: 'unsupported',
      extensions: [bench.extension('diary', { SUBSCRIBE: subscribeTo('platform') })],
    })
    await f.invoke()
    await f.shutdown()
    expect(bench.diary('diary', 'subscribed')).toMatchObject([
      { status: 202, body: expect.stringContaining('Telemetry.NotSupported') },
    ])
    expect(received('diary')).toEqual([])
  })

  it('drops what a slow subscriber does not take, says how much, and holds up nobody', async () => {
    const slow = bench.extension('diary', { SUBSCRIBE: subscribeTo('platform', 'function'), LISTEN: '150', LINGER: '1200' })
    const f = bench.create({ extensions: [slow] })
    await f.invoke({ do: 'flood', bytes: 900, count: 3000 })
    await f.shutdown()
    const dropped = received('diary').filter(event => field(event, 'type') === 'platform.logsDropped')
    expect(dropped.length).toBeGreaterThan(0)
    const lost = dropped.reduce<number>((sum, event) => sum + Number(field(event, 'record', 'droppedRecords')), 0)
    expect(types('diary').filter(type => type === 'function').length + lost).toBeGreaterThanOrEqual(3000)
    expect(bench.events.filter(({ type }) => type === 'function')).toHaveLength(3000)
  })

  it('tells of a timeout before SHUTDOWN, and of its report only where that is asked for', async () => {
    for (const resetReport of ['before-shutdown', 'after-shutdown'] as const) {
      const subscribed = bench.extension(resetReport, { SUBSCRIBE: subscribeTo('platform') })
      const f = bench.create({ timeoutSeconds: 2, resetReport, extensions: [subscribed] })
      await f.invoke({ do: 'hang' })
      await f.idle()
      const done = received(resetReport).find(event => field(event, 'type') === 'platform.runtimeDone')
      expect(field(done, 'record')).toMatchObject({ status: 'timeout' })
      expect(types(resetReport).includes('platform.report')).toBe(resetReport === 'before-shutdown')
      expect(bench.events.at(-1)?.type).toBe(resetReport === 'before-shutdown' ? 'emulator.shutdown' : 'platform.report')
    }
  })
})
