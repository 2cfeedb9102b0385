import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Rsigma } from '../../counterparts/rsigma-engine.ts'
import { median, printTable } from '../stats.ts'
import { series } from './events/text.ts'

const BASE = `
title: Failed sign-in
id: 5f0c7c1e-52a5-4c58-9b0a-0d3e6b7c1a01
name: failed
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: ConsoleLogin, errorMessage: Failed authentication }, condition: selection }
---
title: Sign-in
id: 5f0c7c1e-52a5-4c58-9b0a-0d3e6b7c1a02
name: passed
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: ConsoleLogin, errorMessage: null }, condition: selection }
---
`
const correlation = (type: string, rules: string, condition: string): string => `${BASE}title: Correlation
id: 5f0c7c1e-52a5-4c58-9b0a-0d3e6b7c1a03
correlation:
  type: ${type}
  rules: [${rules}]
  group-by: [userName]
  timespan: 10m
${condition}
`

/** One correlation with its rules, as YAML. */
export const CORRELATIONS: Readonly<Record<string, string>> = {
  event_count: correlation('event_count', 'failed', '  condition: { gte: 40 }'),
  value_count: correlation('value_count', 'failed', '  condition: { field: sourceIPAddress, gte: 40 }'),
  temporal_ordered: correlation('temporal_ordered', 'failed, passed', ''),
}

export interface SignIn {
  readonly logsource: { readonly product: string; readonly service: string }
  /** Epoch seconds. */
  readonly time: number
  readonly record: Readonly<Record<string, unknown>>
}

/** Sign-ins of `keys` users in turn, nine of ten failed, all within nine minutes, so that no window is over before the last. */
export const signIns = (count: number, keys: number): readonly SignIn[] =>
  series(count, 41, (random, at) => {
    const eventTime = 1_793_520_000 + Math.floor((at / count) * 540)
    return {
      logsource: { product: 'aws', service: 'cloudtrail' },
      record: {
        eventTime,
        eventName: 'ConsoleLogin',
        eventSource: 'signin.amazonaws.com',
        userName: `operator-${at % keys}`,
        sourceIPAddress: `198.51.${Math.floor(random() * 255)}.${Math.floor(random() * 255)}`,
        ...(random() < 0.9 ? { errorMessage: 'Failed authentication' } : {}),
      },
    }
  }).map(({ record }) => ({
    logsource: { product: 'aws', service: 'cloudtrail' },
    time: Number(record['eventTime']),
    record,
  }))

/** Few users with many events each, and many users with one. */
const LOADS = [
  { name: '1,000 keys', events: 50_000, keys: 1_000 },
  { name: '100,000 keys', events: 100_000, keys: 100_000 },
] as const
const ROUNDS = 3

const run = promisify(execFile)

interface Measured {
  readonly ms: number
  readonly bytes: number
}

interface Written {
  /** Items a batch of 500 events. */
  readonly writes: number
  readonly itemCharacters: number
}

async function ours(type: string, events: number, keys: number): Promise<Measured & Written> {
  const child = fileURLToPath(new URL('correlations.child.ts', import.meta.url))
  const all: (Measured & Written)[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const { stdout } = await run(process.execPath, ['--expose-gc', child, type, String(events), String(keys)])
    all.push(JSON.parse(stdout) as Measured & Written)
  }
  const { writes = 0, itemCharacters = 0 } = all[0] ?? {}
  return { ms: median(all.map(({ ms }) => ms)), bytes: median(all.map(({ bytes }) => bytes)), writes, itemCharacters }
}

/** rsigma's correlation engine over the same events: each round in a process of its own, because memory is what the process grows by. */
async function theirs(open: () => Rsigma, type: string, file: string): Promise<Measured> {
  const all: Measured[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const rsigma = open()
    try {
      await rsigma.load([], [CORRELATIONS[type] ?? ''])
      await rsigma.events(file)
      const { ms, resident, residentBefore } = await rsigma.correlate()
      all.push({ ms, bytes: resident - residentBefore })
    } finally {
      await rsigma.close()
    }
  }
  return { ms: median(all.map(({ ms }) => ms)), bytes: median(all.map(({ bytes }) => bytes)) }
}

/** Detection and correlation together, events per second of processor time, and what the state of a million groups takes in memory. */
export async function benchCorrelations(open: (() => Rsigma) | undefined, folder: string): Promise<void> {
  const rows: string[][] = []
  for (const { name, events, keys } of LOADS) {
    const file = join(folder, 'sign-ins.jsonl')
    const lines = signIns(events, keys).map(({ logsource, record }) => JSON.stringify({ logsource, event: record }))
    await writeFile(file, lines.join('\n'))
    for (const type of Object.keys(CORRELATIONS)) {
      const weir = await ours(type, events, keys)
      const rsigma = open ? await theirs(open, type, file) : undefined
      const rate = ({ ms }: Measured): string => Math.round((events / ms) * 1000).toLocaleString('en-US')
      const memory = ({ bytes }: Measured): string => (((bytes / keys) * 1e6) / 1e6).toFixed(0)
      rows.push([
        type,
        name,
        (events / keys).toFixed(0),
        rate(weir),
        rsigma ? rate(rsigma) : '–',
        rsigma ? `${(rsigma.ms / weir.ms).toFixed(2)} ×` : '–',
        memory(weir),
        rsigma ? memory(rsigma) : '–',
        weir.writes.toFixed(0),
        weir.itemCharacters.toFixed(0),
      ])
    }
  }
  printTable(
    `Correlations on the memory store, batches of 500 events, medians of ${ROUNDS} processes: detection and correlation, events per second of processor time; MB of state for a million groups; what a store that keeps text writes, over the first 20,000 events`,
    [
      'correlation',
      'load',
      'events a key',
      'Weir',
      'rsigma',
      'Weir / rsigma',
      'Weir MB',
      'rsigma MB',
      'items a batch',
      'characters an item',
    ],
    rows,
  )
}
