import { loadPack } from '@weir/detections'
import { check, memoryLedger, memoryState, process as run, summarize } from '@weir/ingest'
import type { StateStore } from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging, titles } from './harness.ts'

describe('the pipeline', () => {
  it('makes findings by rules only: without its rule, a finding is gone', async () => {
    const { rules } = await loadPack()
    const all = await openBench({ rules })
    await all.handle([{ stream: 'trail', data: stopLogging() }])
    expect(all.findings.length).toBeGreaterThan(0)
    const guilty = new Set(all.findings.map(finding => (finding['finding_info'] as { analytic: { uid: string } }).analytic.uid))

    const without = await openBench({ rules: rules.filter(({ meta }) => !guilty.has(meta.id)) })
    await without.handle([{ stream: 'trail', data: stopLogging() }])
    expect(titles(without.findings)).toEqual([])
  })

  it('disables a rule by its id in the config', async () => {
    const all = await openBench()
    await all.handle([{ stream: 'trail', data: stopLogging() }])
    const ids = all.findings.map(finding => (finding['finding_info'] as { analytic: { uid: string } }).analytic.uid)
    const without = await openBench({ config: { rules: { disable: ids } } })
    await without.handle([{ stream: 'trail', data: stopLogging() }])
    expect(without.findings).toEqual([])
  })

  it('gives a redelivered event the same finding uid', async () => {
    const bench = await openBench()
    for (let i = 0; i < 2; i++) await bench.handle([{ stream: 'trail', data: stopLogging(), sequence: 1 }])
    expect(new Set(bench.findings.map(finding => finding.metadata.uid)).size).toBe(bench.findings.length / 2)
  })

  it('keeps the ledger in balance when every batch is delivered twice, through two workers', async () => {
    const stores = { state: memoryState(), ledger: memoryLedger() }
    const config = { sinks: [{ name: 'none', type: 'splunk', route: 'all', url: 'http://127.0.0.1:9', token: 'env:TOKEN' }] }
    const workers = [
      await openBench({ config, stores, env: { TOKEN: 'x' } }),
      await openBench({ config, stores, env: { TOKEN: 'x' } }),
    ]
    const batches = Array.from({ length: 20 }, (_, i) => ({
      stream: 'telemetry',
      data: logBatch([`line ${i}`, `line ${i} again`], { sequence: i + 1, emitted: 2 * (i + 1) }),
      sequence: i + 1,
    }))
    await workers[0]?.handle(batches)
    const once = await summarize(stores.ledger)
    await Promise.all(workers.map(worker => worker.handle(batches)))
    const twice = await summarize(stores.ledger)
    expect(twice).toEqual(once)
    expect(once.totals).toMatchObject({ records: 40, decoded: 40, quarantined: 0, emitted: 40, inFlight: 0 })
    expect(once.sinks).toMatchObject([{ routed: 40, delivered: 0, spooled: 40, unaccounted: 0 }])
  })

  it('tells inputs of two streams apart, whose sequence numbers may be the same', async () => {
    const bench = await openBench()
    await bench.handle([
      { stream: 'telemetry', data: logBatch(['x']), sequence: 1 },
      { stream: 'trail', data: stopLogging(), sequence: 1 },
    ])
    const { streams, totals } = await summarize(bench.weir.ledger)
    expect(streams.map(({ stream }) => stream).toSorted()).toEqual(['telemetry', 'trail'])
    expect(totals).toMatchObject({ inputs: 2, records: 2, decoded: 2 })
  })

  it('shows in the ledger when forward loses an event', async () => {
    const config = { sinks: [{ name: 'soc', type: 'splunk', route: 'all', url: 'http://127.0.0.1:9', token: 'env:T' }] }
    const { weir } = await openBench({ config, env: { T: 'x' } })
    const counts = new Map([['in', { delivered: 1, duplicate: 0, spooled: 0, held: 0, quarantined: 0 }]])
    const forwarder = { forward: async () => [{ sink: 'soc', counts, unsafe: new Set<string>() }] }
    const origin = { stream: 'telemetry', id: 'in', arrival: 0, accounts: ['*'], sources: ['weir'] }
    await run([{ origin, bytes: logBatch(['one', 'two']) }], Date.now() + 1_000, { ...weir.parts, forwarder })
    expect(check(await summarize(weir.ledger)).join()).toMatch(/soc/)
  })

  it('sets an input aside that cannot be processed, and goes on with the next', async () => {
    const { weir } = await openBench()
    let calls = 0
    const tap = {
      events() {
        if (calls++ === 0) throw new TypeError('a bug')
      },
    }
    const origin = (id: string) => ({ stream: 'trail', id, arrival: 0, accounts: ['*'], sources: ['cloudtrail'] })
    const inputs = ['a', 'b'].map(id => ({ origin: origin(id), bytes: stopLogging() }))
    expect((await run(inputs, Date.now() + 1_000, { ...weir.parts, tap })).unsafe.size).toBe(0)
    expect((await summarize(weir.ledger)).totals).toMatchObject({ records: 2, decoded: 1, quarantined: 1 })
  })

  it('delivers nothing of an input whose bad part cannot be kept', async () => {
    const { weir } = await openBench()
    const routedTo: number[] = []
    const forwarder = {
      forward: async (bySink: ReadonlyMap<string, readonly unknown[]>) => {
        for (const events of bySink.values()) routedTo.push(events.length)
        return []
      },
    }
    const quarantine = { put: () => Promise.reject(new Error('full')) }
    const origin = { stream: 'trail', id: 'a', arrival: 0, accounts: ['*'], sources: ['cloudtrail'] }
    const bytes = Buffer.concat([stopLogging(), Buffer.from('\n{broken\n')])
    const routes = new Map([['soc', 'all' as const]])
    const { unsafe } = await run([{ origin, bytes }], Date.now() + 1_000, { ...weir.parts, forwarder, quarantine, routes })
    expect([...unsafe]).toEqual(['a'])
    expect(routedTo).toEqual([0])
  })

  it('begins nothing behind an input that must come again', async () => {
    const state = memoryState()
    let folds = 0
    const once: StateStore = {
      fold: request => (folds++ === 1 ? Promise.reject(new Error('throttled')) : state.fold(request)),
      due: (...given) => state.due(...given),
      lease: (...given) => state.lease(...given),
      close: () => state.close(),
    }
    const bench = await openBench({ stores: { state: once } })
    const batches = [1, 2, 3].map(n => ({ stream: 'telemetry', data: logBatch([`line ${n}`], { sequence: n }), sequence: n }))
    const [failed = ''] = await bench.handle(batches)
    expect(failed.endsWith('991')).toBe(true) // the second of the three
    expect((await summarize(bench.weir.ledger)).totals).toMatchObject({ inputs: 1 })
  })

  it('delivers once when the ledger cannot be written', async () => {
    const ledger = { ...memoryLedger(), record: () => Promise.reject(new Error('throttled')) }
    const log: string[] = []
    const bench = await openBench({ stores: { ledger }, log: { write: line => void log.push(line) } })
    expect(await bench.handle([{ stream: 'trail', data: stopLogging() }])).toEqual([])
    expect(log.join()).toMatch(/ledger could not be written/)
  })

  it('goes on when a detector fails, and returns the input when the state cannot be reached', async () => {
    const state = memoryState()
    const broken: StateStore = {
      fold: () => Promise.reject(new Error('table is gone')),
      due: (...given) => state.due(...given),
      lease: (...given) => state.lease(...given),
      close: () => state.close(),
    }
    const bench = await openBench({ stores: { state: broken } })
    expect(await bench.handle([{ stream: 'telemetry', data: logBatch(['x']), sequence: 7 }])).toHaveLength(1)
  })
})
