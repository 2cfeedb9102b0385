import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadCases, loadPack } from './pack.ts'

const dir = await mkdtemp(join(tmpdir(), 'weir-pack-'))
afterAll(() => rm(dir, { recursive: true }))

const RULE = `title: A rule
id: 0a1b2c3d-0000-4000-8000-000000000001
logsource: { product: aws }
detection: { selection: { eventName: A }, condition: selection }
level: low
`

describe('loadPack', () => {
  it('takes the rules that load and refuses the others with their place', async () => {
    await writeFile(join(dir, 'a.yml'), RULE)
    await writeFile(join(dir, 'a.cases.yml'), 'match:\n  - { name: it, event: { eventName: A } }\n  - { name: not }\n')
    await writeFile(join(dir, 'b.yml'), RULE.replace('condition: selection', 'condition: nothing'))
    const pack = await loadPack(dir)
    expect(pack.rules.map(({ file }) => file)).toEqual(['a.yml'])
    expect(pack.refused).toMatchObject([{ file: 'b.yml', rule: 'A rule', line: 4 }])
  })
})

describe('loadCases', () => {
  it('reads the cases beside the rules, and refuses those that cannot be read with their place', async () => {
    await writeFile(join(dir, 'a.cases.yml'), 'match:\n  - { name: it, event: { eventName: A } }\n  - { name: not }\n')
    const { cases, refused } = await loadCases(['a.yml', 'b.yml', 'a.yml'], dir)
    expect([...cases]).toMatchObject([['a.yml', { match: [{ name: 'it', event: { eventName: 'A' } }], ignore: [] }]])
    expect(refused).toMatchObject([{ file: 'a.cases.yml', rule: 'not', line: 3, reason: 'event is missing' }])
  })
})
