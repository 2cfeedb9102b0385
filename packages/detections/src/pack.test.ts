import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '@weir/sigma'
import { afterAll, describe, expect, it } from 'vitest'
import { packDocument, readPackDocument } from './pack-document.ts'
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

describe('packDocument', () => {
  it('carries the whole pack through JSON, ids and meanings unchanged', async () => {
    const pack = await loadPack()
    const { cases } = await loadCases(pack.rules.map(({ file }) => file))
    const { rules, refused } = readPackDocument(JSON.parse(JSON.stringify(packDocument(pack))))
    expect(refused).toEqual([])
    expect(rules.map(({ meta, fields }) => [meta, fields])).toEqual(pack.rules.map(({ meta, fields }) => [meta, fields]))
    const [before, after] = [pack.rules, rules].map(each => createEngine(each))
    for (const { file, logsource } of rules) {
      const { match = [], ignore = [] } = cases.get(file) ?? {}
      for (const each of [...match, ...ignore]) {
        const event = 'event' in each ? each.event : {}
        const ids = [before, after].map(engine =>
          engine?.match({ logsource, record: event, ocsf: {} }).map(({ rule }) => rule.meta.id),
        )
        expect(ids[1]).toEqual(ids[0])
      }
    }
  })

  it('refuses what does not load and takes the rest', async () => {
    const { rules } = packDocument(await loadPack())
    const read = readPackDocument({
      format: 'weir-rules/1',
      rules: [rules[0], { file: 'x.yml', document: { title: 'X' } }, null],
    })
    expect(read.rules).toHaveLength(1)
    expect(read.refused.map(({ file }) => file)).toEqual(['x.yml', 'rules[2]'])
  })

  it.each([null, [], {}, { format: 'weir-rules/2', rules: [] }, { format: 'weir-rules/1' }])('refuses %j as no pack', json => {
    expect(() => readPackDocument(json)).toThrow(/weir-rules\/1/)
  })
})
