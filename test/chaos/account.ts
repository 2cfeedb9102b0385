import type { KinesisServer } from '@weir/emulator'
import { check, type LedgerSummary, memoryLedger, summarize } from '@weir/ingest'
import { openBench } from '../flow/harness.ts'

/** What ingest made of all that reached the stream. */
export interface Account {
  /** Each line that the function printed and that became an event, with the processes under whose names it did: one, or there are two uids. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  /** The extension's processes by their numbers, as far as anything of them has arrived. */
  readonly lives: ReadonlyMap<number, string>
  /** Events that came more than once, under one uid. */
  readonly repeated: number
  readonly quarantined: number
  readonly ledger: LedgerSummary
  /** Equations of the ledger that do not hold. */
  readonly wrong: readonly string[]
}

const BATCH = 50

/** Puts a stream through ingest, as the event source mapping would, and reads its ledger. `key` opens the journals. */
export async function account(kinesis: KinesisServer, key: string): Promise<Account> {
  const ledger = memoryLedger()
  const uids = new Set<string>()
  const lines = new Map<string, string[]>()
  const lives = new Map<number, string>()
  let repeated = 0
  const bench = await openBench({
    rules: [],
    config: { journal: { key: 'env:JOURNAL_KEY' } },
    env: { JOURNAL_KEY: key },
    stores: { ledger },
    events: (_, events) => {
      for (const { uid, record, identity } of events) {
        const { signal, memoryMb, record: text } = record as { signal?: unknown; memoryMb?: unknown; record?: unknown }
        if (typeof memoryMb === 'number') lives.set(memoryMb, identity?.sandbox ?? '')
        if (uids.has(uid)) repeated++
        else if (signal === 'function' && typeof text === 'string')
          lines.set(text, [...(lines.get(text) ?? []), identity?.sandbox ?? ''])
        uids.add(uid)
      }
    },
  })
  const records = kinesis.records('telemetry')
  for (let from = 0; from < records.length; from += BATCH) {
    const failed = await bench.handle(records.slice(from, from + BATCH).map(({ data }) => ({ stream: 'telemetry', data })))
    if (failed.length > 0) throw new Error(`ingest gave back ${failed.length} records`)
  }
  const summary = await summarize(ledger)
  return {
    lines,
    lives,
    repeated,
    quarantined: summary.streams.reduce((sum, each) => sum + each.quarantined, 0),
    ledger: summary,
    wrong: check(summary),
  }
}
