import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from './errors.ts'
import { loadRules, refusalLine } from './rules.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-rules-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ID = '5b0d1c9e-3f6a-4a52-9f0e-0c1f7f1f0a01'
const rule = (id: string, title: string) => `title: ${title}
id: ${id}
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventName: StopLogging }
  condition: selection
level: high
`

describe('loadRules', () => {
  it('adds the rules under a path to the pack, and hashes all of them', async () => {
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine/one.yml'), rule(ID, 'One'))
    const pack = await loadRules(folder, true, [])
    const both = await loadRules(folder, true, ['mine'])
    expect(both.rules.length).toBe(pack.rules.length + 1)
    expect([both.builtin.has(ID), both.refused, both.pack === pack.pack]).toEqual([false, [], false])
    expect((await loadRules(folder, false, ['mine/one.yml'])).rules.map(({ meta }) => meta.title)).toEqual(['One'])
  })

  it('refuses an id that is taken, and names both files', async () => {
    await writeFile(join(folder, 'a.yml'), rule(ID, 'One'))
    await writeFile(join(folder, 'b.yml'), rule(ID, 'Two'))
    const { rules, refused } = await loadRules(folder, false, ['.'])
    expect(rules.map(({ meta }) => meta.title)).toEqual(['One'])
    expect(refused.map(refusalLine)).toEqual([`b.yml:2:1 "Two": its id ${ID} is taken by "One" in a.yml:2:1`])
  })

  it('names the option of a path that is not there or holds no rule', async () => {
    await expect(loadRules(folder, false, ['gone'])).rejects.toThrow(
      new ConfigError('--rules gone: there is no such file or folder'),
    )
    await expect(loadRules(folder, false, ['.'], 'rules.paths')).rejects.toThrow(
      new ConfigError('rules.paths .: holds no .yml file'),
    )
  })
})
