import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Assembled, assemble, memoryLedger, memoryQuarantine, memorySpool, memoryState, parseConfig } from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { linkRules, runRules } from '@weir/sigma'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { answer, elasticReceiver, otlpReceiver, type Receiver, splunkReceiver } from '../receivers/index.ts'
import { samples, some } from './events.ts'

const folder = await mkdtemp(join(tmpdir(), 'weir-forward-'))
afterAll(() => rm(folder, { recursive: true }))
const open: Receiver[] = []
afterEach(() => Promise.all(open.splice(0).map(receiver => receiver.close())))
const opened = async <T extends Receiver>(receiver: Promise<T>): Promise<T> => {
  open.push(await receiver)
  return receiver
}

const env = { HEC: 'hec-token', ES: 'es-key', OTLP: 'otlp-token' }

/** What a `weir.yaml` with these sinks runs on, over real HTTP, with stores in memory. */
async function run(yaml: string): Promise<Assembled> {
  const stores = { spool: memorySpool(), quarantine: memoryQuarantine(), ledger: memoryLedger(), state: memoryState() }
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  return assemble(parseConfig(yaml, 'weir.yaml'), { pack: runRules(linkRules([]), ''), env, stores, log: log as never })
}

async function forward({ forwarder, config }: Assembled, events: readonly OcsfEvent[]) {
  const routed = new Map(config.sinks.map(({ name }) => [name, events.map(event => ({ input: 'input-1', event }))]))
  const results = await forwarder.forward(routed, { deadline: Date.now() + 15_000 })
  return Object.fromEntries(results.map(({ sink, counts }) => [sink, counts.get('input-1')]))
}

describe('the sinks of one config, over HTTP, together', () => {
  it('each get every event, and a sick one holds nobody up', async () => {
    const hec = await opened(splunkReceiver({ token: env.HEC }))
    const es = await opened(elasticReceiver({ authorization: `ApiKey ${env.ES}` }))
    const otel = await opened(otlpReceiver({ header: ['authorization', `Bearer ${env.OTLP}`] }))
    const database = join(folder, 'events.db')
    const all = Object.values(samples)
    const weir = await run(`
sinks:
  - { name: splunk, type: splunk, url: '${hec.url}', token: env:HEC }
  - { name: elastic, type: elastic, url: '${es.url}', apiKey: env:ES }
  - { name: otel, type: otlp, url: '${otel.url}', credentials: env:OTLP }
  - { name: denied, type: splunk, url: '${hec.url}', token: env:OTLP }
  - { name: local, type: sqlite, path: '${database}' }
`)
    const counts = await forward(weir, all)
    for (const name of ['splunk', 'elastic', 'otel', 'local']) {
      expect(counts[name], name).toEqual({ delivered: all.length, duplicate: 0, spooled: 0, held: 0, quarantined: 0 })
    }
    expect(counts['denied']).toEqual({ delivered: 0, duplicate: 0, spooled: 0, held: all.length, quarantined: 0 })
    expect([hec.events, es.documents, otel.records].map(({ length }) => length)).toEqual([all.length, all.length, all.length])
    const stored = new DatabaseSync(database)
    expect(stored.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: all.length })
    stored.close()
    for (const receiver of [hec, es, otel]) expect(receiver.problems).toEqual([])
    expect(await forward(weir, all)).toMatchObject({ elastic: { duplicate: all.length }, local: { duplicate: all.length } })
    await weir.close()
  })

  it('split what is too large, ask again what was busy, and put aside what will never be taken', async () => {
    const hec = await opened(splunkReceiver({ token: env.HEC, maxBytes: 3000 }))
    const item = ({ event }: Readonly<Record<string, unknown>>) =>
      (event as { id: string }).id === 'uid-3'
        ? { status: 400, error: { type: 'document_parsing_exception', reason: 'no' } }
        : undefined
    const es = await opened(elasticReceiver({ authorization: `ApiKey ${env.ES}`, item }))
    es.fault(answer(429, { error: { type: 'es_rejected_execution_exception' } }, { 'retry-after': '0' }))
    const weir = await run(`
sinks:
  - { name: splunk, type: splunk, url: '${hec.url}', token: env:HEC }
  - { name: elastic, type: elastic, url: '${es.url}', apiKey: env:ES }
`)
    const counts = await forward(weir, some(8))
    expect(counts).toEqual({
      splunk: { delivered: 8, duplicate: 0, spooled: 0, held: 0, quarantined: 0 },
      elastic: { delivered: 7, duplicate: 0, spooled: 0, held: 0, quarantined: 1 },
    })
    expect(new Set(hec.events.map(({ fields }) => fields?.['weir_uid'])).size).toBe(8)
    expect(await weir.quarantine.list(10)).toHaveLength(1)
    await weir.close()
  })
})
