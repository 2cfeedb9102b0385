import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileQuarantine } from '@weir/ingest'
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
