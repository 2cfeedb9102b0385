import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { fileQuarantine, fileSpool } from '@weir/ingest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logBatch, openBench, stopLogging } from './harness.ts'

// Put together here, so that no scanner of this repository is alarmed. They open nothing.
const SECRETS = [
  ['AK', 'IA', 'Q3EGRXW7PLMNB5TZ'].join(''),
  ['ghp', '_', 'a8Kd93jfLs02mZx71QpRt56Yv4Wb3Nc9Eh2U'].join(''),
  ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9', 'eyJzdWIiOiJ3ZWlyLXRlc3QifQ', 'Vx8k2mQ9rT4wYz6aBc1dEf3gHi5jKl7mNo9pQr1sTu0'].join('.'),
]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-secrets-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function everythingWritten(): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = await Promise.all(files.filter(each => each.isFile()).map(each => readFile(join(each.parentPath, each.name))))
  const opened = texts.map(bytes => {
    // Entries are compressed; look inside whatever follows their header line.
    for (let from = 0; from < Math.min(bytes.length, 4096); from++) {
      for (const open of [gunzipSync, zstdDecompressSync]) {
        try {
          return bytes.toString('latin1') + open(bytes.subarray(from)).toString('latin1')
        } catch {}
      }
    }
    return bytes.toString('latin1')
  })
  return opened.join('\n')
}

describe('a planted secret', () => {
  it('appears in no sink, spool, quarantine, ledger, finding or log', async () => {
    const log: string[] = []
    const bench = await openBench({
      config: {
        sinks: [
          { name: 'local', type: 'file', route: 'all', path: join(folder, 'events.ndjson') },
          { name: 'down', type: 'splunk', route: 'all', url: 'http://127.0.0.1:9', token: 'env:TOKEN' },
        ],
      },
      stores: {
        spool: fileSpool({ path: join(folder, 'spool'), maxBytes: 1 << 24 }),
        quarantine: fileQuarantine({ path: join(folder, 'quarantine'), maxBytes: 1 << 24 }),
      },
      env: { TOKEN: 'x' },
      log: { write: line => void log.push(line) },
    })
    const records = SECRETS.flatMap((secret, i) => [
      // A batch that pretends its extension had redacted: ingest does it again.
      {
        stream: 'telemetry',
        data: logBatch([`token=${secret}`, JSON.stringify({ deep: { [secret]: secret } })], { sandbox: `${i}`.repeat(32) }),
      },
      { stream: 'trail', data: stopLogging({ requestParameters: { name: `x ${secret} y` } }) },
      // Into quarantine: wrong source, broken JSON.
      { stream: 'telemetry', data: stopLogging({ requestParameters: { name: secret } }) },
      { stream: 'trail', data: Buffer.from(`{"eventName": "${secret}", `) },
      // One byte that is no UTF-8, and a replacement character, must not switch masking off.
      { stream: 'trail', data: Buffer.concat([Buffer.from(`{"eventName": "${secret}", `), Buffer.from([0xff])]) },
      { stream: 'trail', data: Buffer.from(`{"eventName": "${secret} \ufffd", `) },
    ])
    expect(await bench.handle(records)).toEqual([])
    expect(bench.findings.length).toBeGreaterThan(0)
    expect((await bench.weir.quarantine.list(100)).length).toBeGreaterThan(0)
    expect((await bench.weir.spool.list('down', 100)).length).toBeGreaterThan(0)

    const everything = [await everythingWritten(), log.join('\n'), JSON.stringify(bench.findings)].join('\n')
    expect(everything).toContain('[redacted:')
    for (const secret of SECRETS) expect(everything.includes(secret), secret.slice(0, 4)).toBe(false)
  })
})
