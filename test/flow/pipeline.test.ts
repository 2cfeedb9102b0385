import { loadPack } from '@weir/detections'
import { memoryLedger, memoryState, summarize } from '@weir/ingest'
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
      lease: (...given) => state.lease(...given),
      close: () => state.close(),
    }
    const bench = await openBench({ stores: { state: broken } })
    expect(await bench.handle([{ stream: 'telemetry', data: logBatch(['x']), sequence: 7 }])).toHaveLength(1)
  })
})
