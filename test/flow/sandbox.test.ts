import { describe, expect, it } from 'vitest'
import { logBatch, openBench, titles } from './harness.ts'

type Body = Readonly<Record<string, unknown>>
type Seen = readonly (readonly [signal: string, body: Body])[]

const TRIGGER = { source: 'http-api', sourceIp: '203.0.113.9', userAgent: 'curl/8.7', method: 'GET', path: '/orders/17' }
const EXTENSIONS = {
  registered: [{ name: 'weir', state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] }],
  files: [{ name: 'weir', bytes: 4_397 }],
  internal: [],
  layers: ['extensions', 'weir'],
  unlisted: [],
}
const COUNTERS = {
  processes: 2,
  threads: 12,
  fds: 20,
  tmp: { bytes: 536_870_912, used: 4_096 },
  net: { received: 1_000, sent: 500 },
  started: 0,
  over: [],
}
const CODE = {
  digest: 'x'.repeat(32),
  files: 1,
  bytes: 31,
  modified: 0,
  partial: false,
  layers: { digest: 'l'.repeat(32), files: 0 },
}
const COMPONENT = { type: 'library', name: 'left', version: '1.2.3', purl: 'pkg:npm/left@1.2.3' }
const BOM = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: 'urn:uuid:0', version: 1, components: [COMPONENT] }
const QUIET: Seen = [
  ['weir.trigger', TRIGGER],
  ['weir.extensions', EXTENSIONS],
  ['weir.process', COUNTERS],
  ['weir.connections', { ip: '203.0.113.20', port: 443, state: 'established', opened: 1 }],
  ['weir.code', CODE],
  ['weir.inventory', { digest: CODE.digest, part: 1, parts: 1, components: 1, partial: false, bom: BOM }],
  ['weir.load', { step: 'sample', before: 'overlap', addedMs: 60, budgetMs: 50 }],
  ['weir.load', { step: 'summaries', before: 'counts', addedMs: 20, budgetMs: 50 }],
  ['weir.summary', { lines: 3, bytes: 40, levels: { INFO: 3 }, first: 1_793_520_000_000, last: 1_793_520_001_000 }],
  ['weir.redacted', { masked: [], records: 0, characters: 400 }],
]
const TAKEN: Seen = [
  ['weir.trigger', { ...TRIGGER, path: '/files/..%2f..%2fetc/passwd', userAgent: 'sqlmap/1.8' }],
  ['platform.extension', { name: 'helper', state: 'Ready', events: ['INVOKE'] }],
  ['weir.extensions', { ...EXTENSIONS, internal: ['helper'], unlisted: ['helper'] }],
  ['weir.process', { process: { pid: 9, name: 'kworker', path: '/tmp/.x/kworker', parent: 8 } }],
  ['weir.process', { process: { pid: 10, name: 'bash', path: '/usr/bin/bash', parent: 8 } }],
  ['weir.process', { ...COUNTERS, fds: 900, over: ['fds', 'net'] }],
  ['weir.connections', { ip: '169.254.169.254', port: 80, state: 'opening', opened: 2 }],
  ['weir.connections', { ip: '198.51.100.7', port: 14_444, state: 'established', opened: 3 }],
  ['weir.code', { ...CODE, digest: 'y'.repeat(32) }],
  ['weir.load', { step: 'summaries', before: 'sample', addedMs: 60, budgetMs: 50 }],
  ['weir.dropped', { reason: 'over-budget', records: 90, bytes: 9_000 }],
  ['weir.journal', { files: 1, frames: 2, torn: 0, lost: 0 }],
  ['weir.journal', { files: 1, frames: 2, torn: 1, lost: 60 }],
  ['weir.fault', { kind: 'journal:write', count: 1 }],
]

/** What sandboxes of one published version put on the stream, one behind the other, as ingest judges it. */
async function found(...sandboxes: readonly Seen[]): Promise<{ all: string[]; titles: Set<string>; classes: Set<unknown> }> {
  const classes = new Set<unknown>()
  const bench = await openBench({
    events: (_, events) => {
      for (const { ocsf } of events) classes.add(ocsf.class_uid)
    },
  })
  for (const [index, seen] of sandboxes.entries()) {
    const data = logBatch([], {
      sandbox: String(index).repeat(32),
      function: {
        arn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
        version: '7',
        memoryMb: 128,
        region: 'us-east-1',
        runtime: '',
        initializationType: '',
      },
      records: seen.map(([signal, body], each) => ({
        signal,
        time: 1_793_520_000_000 + 1_000 * each,
        invocation: '0a1b2c3d-0000-4000-8000-000000000001',
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(body)),
      })),
    })
    expect(await bench.handle([{ stream: 'telemetry', data }])).toEqual([])
  }
  const all = titles(bench.findings)
  return { all, titles: new Set(all), classes }
}

describe('what is seen in a sandbox', () => {
  it('becomes findings', async () => {
    expect((await found(QUIET, TAKEN)).titles).toEqual(
      new Set([
        "Extension registered from inside the function's own process",
        'Function connects to a new place on an unusual port',
        'Function connects to a port of mining pools or IRC',
        'Function connects to an instance metadata address',
        'Function is recorded in summaries or counts only',
        'Function sent far more than its sandbox ever did before',
        'Part of what a killed sandbox had recorded cannot be read',
        'Program runs from /tmp or from memory in a function',
        'Request with an injection in its path reached a function',
        'Sandbox of a function near one of its limits',
        'Sandbox was killed, and its last records were recovered',
        'Sandboxes of one function version run different code',
        'Scanner calls a function',
        'Shell or network tool started in a function',
        'Shell started in a function after an injection had reached it',
        'Telemetry of a function was lost',
        'Unknown extension registered in a function',
        'Weir extension faulted in a sandbox',
      ]),
    )
  })

  it('is one finding where the platform and the function’s own list tell of the same extension', async () => {
    const { all } = await found(TAKEN, TAKEN)
    expect(all.filter(title => /extension/i.test(title) && !/inside|faulted/.test(title))).toEqual([
      'Unknown extension registered in a function',
    ])
  })

  it('is no finding where all is as it should be, and stands in the classes that fit', async () => {
    const { all, classes } = await found(QUIET, QUIET)
    expect(all).toEqual([])
    expect(classes).toEqual(new Set([0, 4001, 4002, 5020, 6002]))
  })
})
