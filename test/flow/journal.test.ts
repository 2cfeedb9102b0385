import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { startEventSourceMapping, startKinesis, startLambda } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { check, createHandler, type Event, summarize } from '@weir/ingest'
import { makeKeys } from '@weir/schema/open'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNT, openBench, REGION, titles } from './harness.ts'

/** Prints a line, waits until it stands in the journal, and kills the extension of its own sandbox. */
const HANDLER = `
import { readdirSync, readFileSync, statSync } from 'node:fs'
const { TMPDIR } = process.env
const folder = TMPDIR + '/.weir'
const size = () => { try { return readdirSync(folder).reduce((sum, name) => sum + statSync(folder + '/' + name).size, 0) } catch { return 0 } }
const read = path => { try { return readFileSync(path, 'latin1') } catch { return '' } }
export const handler = async ({ line, kill }) => {
  const before = size()
  console.log(line)
  if (!kill) return 'done'
  while (size() < before + line.length) await new Promise(resolve => setTimeout(resolve, 2))
  const ours = pid => read('/proc/' + pid + '/environ').split('\\0').includes('TMPDIR=' + TMPDIR) && read('/proc/' + pid + '/cmdline').includes('main.cjs')
  for (const pid of readdirSync('/proc')) if (/^\\d+$/.test(pid) && ours(pid)) process.kill(Number(pid), 'SIGKILL')
  await new Promise(() => setTimeout(() => {}, 60_000))
}
`
const proc = existsSync('/proc/self/environ')
if (!proc) process.stdout.write('skipped: the journal of a killed extension, because there is no /proc to find it in\n')

describe.skipIf(!proc)('an extension that is killed', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-killed-'))
    await mkdir(join(folder, 'task'))
    await writeFile(join(folder, 'task/index.mjs'), HANDLER)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('loses nothing where its sandbox comes back: the ledger adds up without a gap', { timeout: 60_000 }, async () => {
    const pair = makeKeys()
    const seen: Event[] = []
    const bench = await openBench({
      config: { journal: { key: 'env:JOURNAL' } },
      env: { JOURNAL: pair.private },
      events: (_, events) => void seen.push(...events),
    })
    const kinesis = await startKinesis({ streams: { telemetry: 2 }, account: ACCOUNT, region: REGION })
    const client = new KinesisClient({
      endpoint: kinesis.endpoint,
      region: REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: new NodeHttpHandler(),
    })
    const handler = createHandler(bench.weir)
    const mapping = await startEventSourceMapping({
      account: ACCOUNT,
      region: REGION,
      client,
      stream: 'telemetry',
      invoke: (event, context) => handler(event, context),
      batchSize: 100,
      pollMs: 20,
      reportBatchItemFailures: true,
    })
    const lambda = startLambda({ tempFolder: folder, account: ACCOUNT, region: REGION })
    try {
      const layer = await prepareLayer(join(folder, 'opt'))
      const env = {
        WEIR_STREAM_ARN: kinesis.arn('telemetry'),
        WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
        WEIR_TELEMETRY_HOST: '127.0.0.1',
        WEIR_BIND: '127.0.0.1',
        WEIR_ROOT: join(folder, 'opt'),
        WEIR_NODE: process.execPath,
        WEIR_TMP: '$TMPDIR',
        WEIR_JOURNAL_KEY: pair.public,
      }
      const victim = lambda.createFunction({
        name: 'victim',
        taskRoot: join(folder, 'task'),
        timeoutSeconds: 30,
        maxConcurrency: 1,
        telemetry: 'full',
        extensions: [{ path: layer, env }],
      })
      const lines = ['first', 'killed', 'killed again', 'last'].map(each => `${each} ${'x'.repeat(5_000)}`)
      await victim.invoke({ line: lines[0] })
      for (const line of lines.slice(1, 3)) expect((await victim.invoke({ line, kill: true })).functionError).toBeDefined()
      await victim.invoke({ line: lines[3] })
      await victim.shutdown()
      await mapping.idle()

      const printed = seen.filter(event => event.record['signal'] === 'function')
      const times = (line: string) =>
        new Set(printed.filter(each => JSON.stringify(each.record).includes(line.slice(0, 500))).map(each => each.uid)).size
      expect(lines.map(times)).toEqual([1, 1, 1, 1])
      const summary = await summarize(bench.weir.ledger)
      expect(check(summary)).toEqual([])
      // Three processes, each a sandbox of its own to the ledger; what carried for another is none.
      expect(summary.sandboxes.map(({ inFlight, missing, quarantined }) => [inFlight, missing, quarantined])).toEqual([
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ])
      expect(summary.functions).toHaveLength(1)
      // Whether the kill fell into a write is chance: then the end of the journal is torn.
      expect(titles(bench.findings).length).toBeGreaterThan(0)
      for (const title of titles(bench.findings))
        expect([
          'Sandbox was killed, and its last records were recovered',
          'Part of what a killed sandbox had recorded cannot be read',
        ]).toContain(title)
    } finally {
      await lambda.close()
      await mapping.close()
      client.destroy()
      await kinesis.close()
      await bench.weir.close()
    }
  })
})
