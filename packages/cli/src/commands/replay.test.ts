import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weir } from '../testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-replay-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const trail = JSON.stringify({
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
  eventID: '00000000-0000-4000-8000-0000000000b1',
  eventType: 'AwsApiCall',
  recipientAccountId: '111122223333',
})

describe('weir replay', () => {
  it('sends what a sink that was down did not get, while the other sink had it at once', async () => {
    const taken: string[] = []
    const server: Server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', chunk => chunks.push(chunk))
        .on('end', () => {
          taken.push(Buffer.concat(chunks).toString())
          response.end('{"text":"Success","code":0}')
        })
    })
    // A port that was just free: nobody listens there until the replay.
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))

    await writeFile(join(folder, 'trail.json'), trail)
    await writeFile(
      join(folder, 'weir.yaml'),
      `sinks:
  - { name: soc, type: splunk, url: "http://127.0.0.1:${port}", token: "env:T", compression: none }
  - { name: local, type: file, route: all, path: ${join(folder, 'events.ndjson')} }
state: { type: sqlite, path: ${join(folder, 'state.db')} }
spool: { type: files, path: ${join(folder, 'spool')} }
quarantine: { type: files, path: ${join(folder, 'quarantine')} }
log: silent
`,
    )
    const at = { cwd: folder, env: { T: 'token' } }
    const run = await weir(['run', '--config', 'weir.yaml', '--deliver', 'trail.json'], at)
    expect(run.code, run.err).toBe(0)
    expect((await readFile(join(folder, 'events.ndjson'), 'utf8')).trim().split('\n').length).toBeGreaterThan(1)

    const waiting = await weir(['replay', '--dry-run'], at)
    expect(waiting.err).toMatch(/soc: 1 entries wait/)
    expect(waiting.code).toBe(3)

    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    try {
      const replayed = await weir(['replay', 'soc'], at)
      expect(replayed.err).toMatch(/soc: nothing waits/)
      expect(replayed.code).toBe(0)
      expect(taken).toHaveLength(1)
      expect(taken[0]).toContain('Detection Finding')
    } finally {
      server.close()
    }
  })

  it('suggests the name of a sink', async () => {
    expect((await weir(['replay', 'sco'], { cwd: folder, env: { T: 'token' } })).err).toMatch(/did you mean "soc"/)
  })
})
