import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { file } from './file.ts'
import { keepsTheSinkContract, some, verdicts } from './testing/contract.ts'

const folder = await mkdtemp(join(tmpdir(), 'weir-file-'))
afterAll(() => rm(folder, { recursive: true }))
const options = { path: join(folder, 'deep', 'events.ndjson') }
keepsTheSinkContract(file, options)

async function deliver(path: string, count: number) {
  const events = some(count)
  return verdicts(file.judge(await file.send!(file.encode(events, { path }), events, { path }), events, { path }), events)
}

describe('file', () => {
  it('appends one event a line, for its owner only', async () => {
    expect(await deliver(options.path, 2)).toEqual(['delivered', 'delivered'])
    expect(await deliver(options.path, 1)).toEqual(['delivered'])
    const lines = (await readFile(options.path, 'utf8')).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map(line => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid)).toEqual([
      'uid-0',
      'uid-1',
      'uid-0',
    ])
    expect((await stat(options.path)).mode & 0o777).toBe(0o600)
  })

  it('leaves a line that a crash cut off to itself', async () => {
    const path = join(folder, 'torn.ndjson')
    await deliver(path, 1)
    await appendFile(path, '{"half":')
    await deliver(path, 1)
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines[1]).toBe('{"half":')
    expect(JSON.parse(lines[2]!)).toHaveProperty('metadata.uid', 'uid-0')
  })

  it('holds when the path is not one, and says why without the path', async () => {
    const events = some(1)
    const path = join(options.path, 'below-a-file')
    const answer = await file.send!(file.encode(events, { path }), events, { path })
    expect(file.judge(answer, events, { path })).toEqual({
      verdict: 'hold',
      reason: expect.stringMatching(/^(ENOTDIR|EEXIST); check the path and who may write there$/),
    })
    expect(file.judgeProbe(await file.send!(file.probe({ path }), [], { path }), { path }).verdict).toBe('hold')
    expect(file.judgeProbe(await file.send!(file.probe(options), [], options), options).verdict).toBe('delivered')
  })
})
