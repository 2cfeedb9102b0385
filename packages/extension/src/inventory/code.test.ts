import { describe, expect, it } from 'vitest'
import { type Entry, memoryFiles } from '../testing/files.ts'
import { testRecorder } from '../testing/recorder.ts'
import { tellCode } from './code.ts'

const TREE: Record<string, Entry> = {
  '/var/task/index.mjs': 'export const handler = () => 1\n',
  '/var/task/node_modules/x/index.js': 'module.exports = 1\n',
  '/var/task/current': { link: 'index.mjs' },
  '/opt/nodejs/helper.js': '1',
  '/opt/weir/main.cjs': 'ours',
  '/opt/extensions/weir': 'ours',
}

async function told(tree: Record<string, Entry>, env: Record<string, string> = {}) {
  const { recorder, host, shipped } = testRecorder(env)
  const files = memoryFiles(tree)
  Object.assign(host, { files })
  const done = tellCode(recorder, task => task())
  // The clock stands still, so that each walk is one slice.
  for (let slice = 0; slice < 2; slice++) {
    host.advance(10)
    await new Promise(setImmediate)
  }
  await done
  return { body: shipped()[0]?.body as Record<string, unknown> & { layers: Record<string, unknown> }, asked: files.asked }
}
const digest = async (more: Record<string, Entry>) => (await told({ ...TREE, ...more })).body['digest']

describe('what is told of the code', () => {
  it('counts what was deployed and what layers brought, our own left out', async () => {
    const { body } = await told(TREE)
    expect(body).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{32}$/),
      files: 2,
      bytes: 31 + 19,
      modified: Date.UTC(2026, 0, 1),
      partial: false,
      layers: {
        digest: expect.stringMatching(/^[0-9a-f]{32}$/),
        files: 1,
        bytes: 1,
        modified: Date.UTC(2026, 0, 1),
        partial: false,
      },
    })
  })

  it('has one digest for one tree, and another for each change of it', async () => {
    const before = await digest({})
    expect(await digest({})).toBe(before)
    const others = [
      { '/var/task/index.mjs': 'export const handler = () => 2\n' },
      { '/var/task/node_modules/x/index.js': 'module.exports = 12\n' },
      { '/var/task/node_modules/x/other.js': '' },
      { '/var/task/node_modules/y/index.js': '' },
      { '/var/task/current': { link: 'other.mjs' } },
    ]
    expect(new Set([before, ...(await Promise.all(others.map(digest)))]).size).toBe(6)
    expect(await digest({ '/opt/nodejs/helper.js': '12' })).toBe(before)
  })

  it('says that it is partial where there is too much or too deep, and looks no further', async () => {
    const wide = Object.fromEntries([...Array(1_200)].map((_, each) => [`/var/task/f${each}`, '']))
    const { body, asked } = await told(wide)
    expect(body).toMatchObject({ partial: true, files: 1_000 })
    expect(asked.stat).toBeLessThan(1_100)
    expect((await told({ [`/var/task/${'d/'.repeat(30)}x`]: '' })).body).toMatchObject({ partial: true, files: 0 })
  })

  it('tells the handler where the answer to registering has it', async () => {
    const env = { WEIR_EXT_ID: 'id', WEIR_EXT_ANSWER: '{"functionName":"f","handler":"index.handler"}' }
    expect((await told(TREE, env)).body).toMatchObject({ handler: 'index.handler' })
    expect((await told(TREE, { ...env, WEIR_EXT_ANSWER: '{"handler":1' })).body).not.toHaveProperty('handler')
  })

  it('is nothing where there is none', async () => {
    expect((await told({})).body).toBeUndefined()
  })
})
