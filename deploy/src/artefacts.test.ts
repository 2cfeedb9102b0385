import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildPack, InvalidConfig, loadRules, packPlace, publishPack } from '@weir/ingest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildConfig, buildIngest, buildLayer } from './artefacts.ts'
import { unzip } from './testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-artefacts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the layer', () => {
  it('holds one executable in extensions/, and little else', async () => {
    const { file } = await buildLayer(folder)
    const entries = await unzip(file)
    const executables = [...entries.keys()].filter(path => path.startsWith('extensions/'))
    expect(executables).toEqual(['extensions/weir']) // Lambda starts every file in that folder
    expect(entries.get('extensions/weir')?.mode).toBe(0o755)
    expect(entries.get('extensions/weir')?.bytes.toString('utf8')).toMatch(/^#!\/bin\/bash/)
  })

  it('is the same for the same source', async () => {
    const [one, two] = [await buildLayer(join(folder)), await buildLayer(join(folder))]
    expect(one).toEqual(two)
    expect(basename(one.file)).toBe(`weir-layer-${one.sha256.slice(0, 16)}.zip`)
  })
})

const RECORD = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'IAMUser',
    userName: 'mallory',
    accountId: '111122223333',
    arn: 'arn:aws:iam::111122223333:user/mallory',
  },
  eventTime: '2026-11-01T10:00:00Z',
  eventSource: 'cloudtrail.amazonaws.com',
  eventName: 'StopLogging',
  awsRegion: 'us-east-1',
  sourceIPAddress: '203.0.113.7',
  eventID: '00000000-0000-4000-8000-0000000000c1',
  eventType: 'AwsApiCall',
  recipientAccountId: '111122223333',
}
const EVENT = {
  Records: [
    {
      eventID: 'shardId-000000000000:1',
      eventSourceARN: 'arn:aws:kinesis:us-east-1:111122223333:stream/trail',
      kinesis: {
        sequenceNumber: '1',
        data: Buffer.from(JSON.stringify(RECORD)).toString('base64'),
        approximateArrivalTimestamp: 1_793_520_000,
      },
    },
  ],
}
const MINE = `title: Mine
id: 5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a03
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: StopLogging }, condition: selection }
level: high
`
interface Finding {
  readonly finding_info: { readonly title: string; readonly analytic: { readonly version: string } }
}

describe('the ingest function', () => {
  let task = ''
  let name = ''
  beforeAll(async () => {
    const loaded = await loadRules(folder, true, [])
    name = loaded.pack
    const { file } = await buildIngest(folder, loaded)
    task = join(folder, 'task')
    for (const [path, { bytes }] of await unzip(file)) {
      await mkdir(dirname(join(task, path)), { recursive: true })
      await writeFile(join(task, path), bytes)
    }
  })

  /** Starts the function from what was in the zip, as a cold start does, sends it the event, and answers what reached the sink. */
  async function start(as: string, rules: object): Promise<{ findings: readonly Finding[]; ticked: unknown }> {
    const events = join(folder, `${as}.ndjson`)
    await writeFile(
      join(task, `${as}.json`),
      JSON.stringify({
        streams: { trail: { sources: ['cloudtrail'] } },
        rules,
        sinks: [{ name: 'local', type: 'file', route: 'findings', path: events }],
        spool: { type: 'files', path: join(folder, 'spool') },
        quarantine: { type: 'files', path: join(folder, 'quarantine') },
        log: 'silent',
      }),
    )
    process.env['WEIR_CONFIG'] = `./${as}.json`
    const entry = `${pathToFileURL(join(task, 'index.mjs')).href}?${as}`
    const { handler, tick } = await import(/* @vite-ignore */ entry)
    const context = { getRemainingTimeInMillis: () => 60_000 }
    expect(await handler(EVENT, context)).toEqual({ batchItemFailures: [] })
    const lines = (await readFile(events, 'utf8')).trim().split('\n')
    return { findings: lines.map(line => JSON.parse(line) as Finding), ticked: await tick({}, context) }
  }

  it('runs from its zip: CloudTrail in, a finding in the sink, nothing reported back', async () => {
    const { findings, ticked } = await start('own', {})
    expect(findings).toHaveLength(1)
    expect(findings[0]?.finding_info.analytic.version).toBe(name) // as `weir run` says
    expect(ticked).toEqual({ settled: 0, failed: 0, closed: 0 })
  })

  it('loads neither the YAML library nor what Node brings for fetch when it starts', async () => {
    const loaded = new Map<string, string>()
    const load = async (file: string): Promise<void> => {
      if (loaded.has(file)) return
      const text = await readFile(join(task, file), 'utf8')
      loaded.set(file, text)
      for (const [, next = ''] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) await load(next)
    }
    await load('index.mjs')
    expect(loaded.size).toBeGreaterThan(1)
    const code = [...loaded.values()].join('\n')
    expect(code).toContain('RE2JSSyntaxException') // a library that is needed: this would see the other
    expect(code).not.toContain('YAMLParseError')
    expect(code).not.toMatch(/from"(?:node:)?https?"/)
  })

  it('takes a pack that is published, in the place of the one in its zip, before its first batch', async () => {
    await writeFile(join(folder, 'mine.yml'), MINE)
    const mine = await loadRules(folder, false, ['mine.yml'])
    await publishPack(packPlace(join(folder, 'packs')), buildPack(mine))
    const { findings } = await start('followed', { pack: join(folder, 'packs') })
    expect(findings.map(({ finding_info: { title, analytic } }) => [title, analytic.version])).toEqual([['Mine', mine.pack]])
  })
})

describe('the config', () => {
  it('is named by its hash', async () => {
    const { file, sha256 } = await buildConfig(folder, { streams: { telemetry: { sources: ['weir'] } } })
    expect(file).toContain(`${sha256}.json`)
  })

  it('is refused when it is wrong', async () => {
    await expect(buildConfig(folder, { sinks: [{ name: 'x', type: 'nothing' }] })).rejects.toThrow(InvalidConfig)
  })
})
