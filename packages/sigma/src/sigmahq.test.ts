import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createEngine, type Match } from './engine.ts'
import { parseDocument } from './parse/document.ts'
import type { ParseOptions } from './rule.ts'
import { DATA, loadFolder, noData } from '../test/testing.ts'

const noLogs = noData || !existsSync(`${DATA}stratus`)

describe.skipIf(noData)('the rules of SigmaHQ', () => {
  it('load for AWS, every one', () => {
    const { rules, refused } = loadFolder(`${DATA}sigma/rules/cloud/aws`)
    expect(refused).toEqual([])
    expect(rules).toHaveLength(57)
  })

  it('load from a pack, as JSON, to the same fields and condition', () => {
    for (const rule of loadFolder(`${DATA}sigma/rules/cloud/aws`).rules) {
      const read = parseDocument(JSON.parse(JSON.stringify(rule.document)), rule.file)
      if (!('rule' in read)) throw new Error('refused' in read ? read.refused.reason : 'not a rule')
      expect(JSON.stringify({ ...read.rule, place: rule.place })).toBe(JSON.stringify(rule))
    }
  })

  const folders = noData ? [] : readdirSync(`${DATA}sigma`).filter(name => name.startsWith('rules'))
  const load = (options: ParseOptions): readonly ReturnType<typeof loadFolder>[] =>
    folders.map(name => loadFolder(`${DATA}sigma/${name}`, options))

  it('load over all folders, every one, once their placeholders have values', () => {
    const loaded = load({ placeholders: { known_cdcs: ['192.0.2.1'] } })
    expect(loaded.flatMap(({ refused }) => refused)).toEqual([])
    const rules = loaded.flatMap(each => each.rules)
    expect(rules.length).toBeGreaterThan(3_700)
    expect(() => createEngine(rules)).not.toThrow()
  })

  it('are refused for a placeholder without values, which names the key that gives them, and for nothing else', () => {
    const loaded = load({})
    const refused = loaded.flatMap(folder => folder.refused)
    const count = loaded.reduce((sum, { rules }) => sum + rules.length, 0)
    process.stdout.write(`SigmaHQ: ${count} rules load, ${refused.length} are refused for want of the placeholder known_cdcs\n`)
    expect(refused.map(({ reason }) => reason.split('; ')[1])).toEqual(
      refused.map(() => 'give them under rules.placeholders.known_cdcs in weir.yaml'),
    )
    expect(refused).toHaveLength(2)
  })
})

describe.skipIf(noLogs)('the AWS rules over the CloudTrail logs of real attacks', () => {
  it('find what another matcher found: 59 findings from 8 rules in 13 of 20 files, 50 of them from one', () => {
    const engine = createEngine(loadFolder(`${DATA}sigma/rules/cloud/aws`).rules)
    const found = new Map<string, Match[]>()
    const files = readdirSync(`${DATA}stratus`).filter(name => name.endsWith('.json'))
    for (const file of files) {
      const records = JSON.parse(readFileSync(`${DATA}stratus/${file}`, 'utf8')) as Record<string, unknown>[]
      const logsource = { product: 'aws', service: 'cloudtrail' }
      found.set(
        file,
        records.flatMap(record => engine.match({ logsource, record, ocsf: {} })),
      )
    }
    const titles = new Map<string, number>()
    for (const { rule } of [...found.values()].flat()) titles.set(rule.meta.title, (titles.get(rule.meta.title) ?? 0) + 1)
    // Number for number what the first count was: no difference to explain.
    expect(Object.fromEntries(titles)).toEqual({
      'AWS STS AssumeRole Misuse': 50,
      'AWS CloudTrail Important Change': 2,
      'Potential Malicious Usage of CloudTrail System Manager': 1,
      'Ingress/Egress Security Group Modification': 1,
      'AWS Snapshot Backup Exfiltration': 1,
      'AWS Successful Console Login Without MFA': 1,
      'AWS IAM Backdoor Users Keys': 2,
      'AWS User Login Profile Was Modified': 1,
    })
    expect(files).toHaveLength(20)
    expect([...found.values()].filter(matches => matches.length > 0)).toHaveLength(13)
  })
})
