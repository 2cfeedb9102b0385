import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileQuarantine } from '@weir/ingest'
import type { TelemetryRecord } from '@weir/schema'
import { encodeBatch } from '@weir/schema/encode'
import { makeKeys } from '@weir/schema/open'
import { createSealer, FRAME, keyId, writeFrame, writeHead, writeHeader } from '@weir/schema/seal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-quarantine-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const RECORD = {
  eventVersion: '1.11',
  userIdentity: { type: 'IAMUser', userName: 'mallory', accountId: '111122223333' },
  eventTime: '2026-11-01T10:00:00Z',
  eventSource: 'cloudtrail.amazonaws.com',
  eventName: 'StopLogging',
  awsRegion: 'us-east-1',
  eventID: '00000000-0000-4000-8000-0000000000c1',
  eventType: 'AwsApiCall',
  recipientAccountId: '111122223333',
}

async function config(sources: string, sink = `{ name: local, type: file, route: all, path: ${folder}/events.ndjson }`) {
  await writeFile(
    join(folder, 'weir.yaml'),
    `streams: { logs: { sources: [${sources}] } }
sinks: [${sink}]
state: { type: sqlite, path: state.db }
spool: { type: files, path: spool }
quarantine: { type: files, path: quarantine }
log: silent
`,
  )
}

const store = () => fileQuarantine({ path: join(folder, 'quarantine'), maxBytes: 1 << 20 })
const put = (text: string, detail = 'a cloudtrail record on a stream that may carry weir') =>
  store().put({
    origin: { stream: 'logs', id: 'logs/shard:1', arrival: Date.UTC(2026, 10, 1), accounts: ['*'], sources: ['weir'] },
    reason: 'wrong-source',
    detail,
    bytes: Buffer.from(text),
    records: 1,
  })
const run = (...argv: string[]) => weir(['quarantine', ...argv], { cwd: folder, env: { T: 'token' } })

describe('weir quarantine', () => {
  it('lists what waits and why, and shows its bytes, with nothing that a terminal would obey', async () => {
    await config('weir')
    const id = await put('{"a":"\u001b[2J\u202e"}', 'odd \u001b]0;x\u0007')
    const { code, out, err } = await run('list')
    expect(code, err).toBe(0)
    expect(out).toMatch(new RegExp(`${id} .*2026-11-01T00:00:00.000Z +wrong-source +1 +logs: odd`))
    const shown = await run('show', id)
    expect(shown.out).toContain('{"a":"')
    expect(out + shown.out + shown.err).not.toMatch(/[\u001b\u0007\u202e]/)
    expect((await run('show', id, '--raw')).out).toContain('\u001b[2J')
  })

  it('replays with what the config says today, and keeps what would come back', async () => {
    await config('weir')
    const mendable = await put(JSON.stringify(RECORD))
    const broken = await put('{"eventName": ', 'another')
    const before = await run('replay')
    expect(before.code).toBe(3)
    expect(before.err).toMatch(/wrong-source/)
    expect(await store().list(9)).toHaveLength(2)

    await config('cloudtrail')
    const after = await run('replay')
    expect(after.code, after.err).toBe(3)
    expect(after.err).toContain(`${mendable}: replayed`)
    expect(await store().list(9)).toEqual([broken])
    const events = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trim().split('\n')
    expect(events).toHaveLength(2) // the event, and the finding that its stream's binding had cost
    expect(events.join()).toContain('CloudTrail stopped or deleted')
  })

  it('sends what a sink refused to that sink again', async () => {
    let answer = 400
    const taken: string[] = []
    const server = createServer((request, response) => {
      request.on('data', chunk => taken.push(String(chunk)))
      request.on('end', () => {
        response.statusCode = answer
        response.end(
          answer === 200 ? '{"text":"Success","code":0}' : '{"text":"Invalid data format","code":6,"invalid-event-number":0}',
        )
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      await config(
        'cloudtrail',
        `{ name: soc, type: splunk, route: findings, url: "http://127.0.0.1:${port}", token: "env:T", compression: none }`,
      )
      await writeFile(join(folder, 'trail.json'), JSON.stringify(RECORD))
      await weir(['run', '--config', 'weir.yaml', '--deliver', 'trail.json'], { cwd: folder, env: { T: 'token' } })
      expect((await run('list')).out).toMatch(/rejected +1 +sink:soc/)
      expect((await run('replay')).code).toBe(3)
      expect(await store().list(9)).toHaveLength(1)
      answer = 200
      taken.length = 0
      const { code, err } = await run('replay')
      expect(code, err).toBe(0)
      expect(taken.join()).toContain('CloudTrail stopped or deleted')
      expect(await store().list(9)).toEqual([])
    } finally {
      server.close()
    }
  })

  it('replays those of a sealed entry whose keys are here, and puts the others back with their reason', async () => {
    const [here, there] = [makeKeys(), makeKeys()]
    const carrier = batchOf('cc'.repeat(16), [sealed(there.public, 'of another key'), sealed(here.public, 'of this key')])
    await store().put({
      origin: { stream: 'logs', id: 'logs/shard:1', arrival: Date.UTC(2026, 10, 1), accounts: ['*'], sources: ['weir'] },
      reason: 'sealed',
      detail: 'sealed to a key that is not here',
      bytes: carrier,
      records: 2,
    })
    const replay = (env: Record<string, string>) => weir(['quarantine', 'replay'], { cwd: folder, env })
    const delivered = async () =>
      (await readFile(join(folder, 'events.ndjson'), 'utf8').catch(() => '')).match(/of \w+ key/g) ?? []
    await config('weir')
    await appendFile(join(folder, 'weir.yaml'), 'journal: { key: "env:HERE" }\n')

    const [before] = await store().list(9)
    const first = await replay({ HERE: here.private })
    expect(first.code, first.err).toBe(3)
    expect(first.err).toContain(
      `${before}: replayed in part, and the rest waits as another entry: sealed: sealed to the key ${there.id}`,
    )
    expect(new Set(await delivered())).toEqual(new Set(['of this key']))
    const [left = '', ...more] = await store().list(9)
    expect(more).toEqual([])
    expect(left).not.toBe(before)
    expect(await store().get(left)).toMatchObject({ reason: 'sealed', records: 1 })
    // Nothing opens: it stays what it is.
    const again = await replay({ HERE: here.private })
    expect([again.code, await store().list(9)]).toEqual([3, [left]])

    const second = await replay({ HERE: there.private })
    expect(second.code, second.err).toBe(0)
    expect(new Set(await delivered())).toEqual(new Set(['of this key', 'of another key']))
    expect(await store().list(9)).toEqual([])
  })

  it('names an id that is not there, and what it can do', async () => {
    await config('weir')
    for (const argv of [['show', 'nothing'], ['replay', 'nothing'], ['shwo'], ['show']]) {
      const { code, err } = await run(...argv)
      expect(code, argv.join(' ')).toBe(2)
      expect(err).toMatch(/list/)
      expect(err).not.toMatch(/at .*\.ts:\d+/)
    }
  })
})

const batchOf = (sandbox: string, records: readonly TelemetryRecord[]): Uint8Array =>
  encodeBatch({
    sandbox,
    sequence: 1,
    function: {
      arn: 'arn:aws:lambda:us-east-1:111122223333:function:f',
      version: '7',
      memoryMb: 128,
      region: 'us-east-1',
      runtime: '',
      initializationType: '',
    },
    extension: '0.1.0',
    emitted: records.length,
    dropped: [],
    previous: '',
    signature: new Uint8Array(),
    records,
  })

/** A batch of one log line, in a journal of its own. */
function sealed(key: string, line: string): TelemetryRecord {
  const record = { time: 1_793_520_000_000, invocation: '' }
  const sandbox = randomBytes(16).toString('hex')
  const inner = batchOf(sandbox, [{ ...record, signal: 'function', contentType: 'text/plain', body: Buffer.from(line) }])
  const recipient = Buffer.from(key, 'base64')
  const sealer = createSealer(recipient, randomBytes)
  const header = writeHeader({ keyId: keyId(recipient), sandbox, encapsulated: sealer.encapsulated })
  const head = writeHead(FRAME.records, inner.length + 16, 0, 1)
  const body = Buffer.concat([header, writeFrame(head, sealer.seal(0, Buffer.concat([header, head]), inner))])
  return { ...record, signal: 'weir.sealed', contentType: 'application/octet-stream', body }
}
