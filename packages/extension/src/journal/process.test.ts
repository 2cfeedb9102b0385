import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeKinesis, KEYS, STREAM_ARN, startKinesis } from '../testing/kinesis.ts'
import { event, type FakePlatform, startPlatform } from '../testing/platform.ts'
import { opened, PAIR } from './testing.ts'

describe('the journal of a process that is killed', () => {
  let platform: FakePlatform
  let kinesis: FakeKinesis
  let child: ChildProcess | undefined
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-journal-'))
    kinesis = await startKinesis()
    platform = await startPlatform()
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    await platform.close()
    await kinesis.close()
    await rm(folder, { recursive: true })
  })

  function start(): Promise<unknown> {
    child = spawn(process.execPath, [fileURLToPath(new URL('../main.ts', import.meta.url))], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...KEYS,
        AWS_LAMBDA_RUNTIME_API: platform.api,
        AWS_REGION: 'eu-central-1',
        TMPDIR: folder,
        WEIR_TMP: '$TMPDIR',
        WEIR_JOURNAL_KEY: PAIR.public,
        WEIR_STREAM_ARN: STREAM_ARN,
        WEIR_KINESIS_ENDPOINT: kinesis.url,
        WEIR_TELEMETRY_HOST: '127.0.0.1',
        WEIR_BIND: '127.0.0.1',
      },
    })
    return once(child, 'exit')
  }
  it('is shipped, unread, by the next one, and then is gone', async () => {
    const killed = start()
    await platform.invoke('req-1')
    await platform.post([
      event('platform.start', { requestId: 'req-1' }),
      event('function', 'the last line, with AKIAQ3EGRIXAMPLE4Z7T\n'),
    ])
    child?.kill('SIGKILL')
    await killed
    const [left = ''] = await readdir(join(folder, '.weir'))
    // At most that there is a sandbox was told meanwhile.
    expect(kinesis.batches.flatMap(each => each.records).map(each => each.signal)).not.toContain('function')
    expect((await stat(join(folder, '.weir'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, '.weir', left))).mode & 0o777).toBe(0o600)

    // Another platform, because the fake one knows one process.
    await platform.close()
    platform = await startPlatform()
    const exit = start()
    await platform.invoke('req-2')
    await platform.post([event('platform.start', { requestId: 'req-2' }), event('platform.runtimeDone', { requestId: 'req-2' })])
    await platform.shutdown()
    await exit
    const records = kinesis.batches.flatMap(each => each.records)
    const sealed = records.filter(each => each.signal === 'weir.sealed')
    const bodies = opened({ records: sealed }).map(each => each.body)
    expect(bodies.join('\n')).toContain('the last line, with [redacted:aws-access-key-id:')
    expect(JSON.stringify(sealed)).not.toContain('the last line')
    const report = records.find(each => each.signal === 'weir.journal')
    expect(JSON.parse(Buffer.from(report?.body ?? []).toString())).toEqual({
      files: 1,
      frames: expect.any(Number),
      torn: 0,
      lost: 0,
    })
    // Of the second process there is an empty file, which the next one would remove.
    const [empty = '', ...more] = await readdir(join(folder, '.weir'))
    expect([more, empty === left, (await stat(join(folder, '.weir', empty))).size]).toEqual([[], false, 0])
  })
})
