import { readdir } from 'node:fs/promises'
import { type Case, type Cases, createEngine, parseDocument, type Rule } from '@weir/sigma'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadCases, loadPack, RULES } from './pack.ts'

const pack = await loadPack()
const beside = await loadCases(pack.rules.map(({ file }) => file))

/** The first case that goes wrong under a rule, as `match: name` or `ignore: name`; undefined when all go right. */
function failing(rule: Rule, cases: Cases): string | undefined {
  const engine = createEngine([rule])
  const hits = (each: Case): boolean =>
    'event' in each && engine.match({ logsource: rule.logsource, record: each.event, ocsf: {} }).length > 0
  const missed = cases.match.find(each => 'event' in each && !hits(each))
  if (missed) return `match: ${missed.name}`
  const wrong = cases.ignore.find(hits)
  return wrong && `ignore: ${wrong.name}`
}

describe('the rules', () => {
  it('all load', () => {
    expect([...pack.refused, ...beside.refused]).toEqual([])
    expect(pack.rules.length).toBeGreaterThan(40)
  })

  it('have one cases file each, and no cases file is left over', async () => {
    const files = await readdir(RULES, { recursive: true })
    const isCases = (file: string): boolean => file.endsWith('.cases.yml')
    const rules = files.filter(file => file.endsWith('.yml') && !isCases(file))
    expect(files.filter(isCases).toSorted()).toEqual(rules.map(file => file.replace(/\.yml$/, '.cases.yml')).toSorted())
  })

  it('say who wrote them, under which licence, and what to do next', () => {
    for (const { meta, file } of pack.rules) {
      expect(meta, file).toMatchObject({ author: 'Weir', license: 'Apache-2.0', status: 'experimental' })
      expect(meta.description, file).toMatch(/\nNext: /)
      expect(meta.falsepositives?.length, file).toBeGreaterThan(0)
    }
  })
})

describe.each(pack.rules.map(rule => [rule.file, rule] as const))('%s', (_, rule) => {
  let cases: Cases
  beforeAll(() => {
    cases = beside.cases.get(rule.file) ?? { match: [], ignore: [] }
  })

  it('has events that it must and events that it must not match', () => {
    for (const side of [cases.match, cases.ignore]) expect(side.some(each => 'event' in each)).toBe(true)
  })

  it('matches what it must and ignores what it must', () => {
    expect(failing(rule, cases)).toBeUndefined()
  })

  it('needs every line of its detection: each one made always or never true fails a case', () => {
    const survivors = mutants(rule)
      .filter(mutant => failing(mutant.rule, cases) === undefined)
      .map(({ what }) => what)
    expect(survivors).toEqual([])
  })
})

type Json = Record<string, unknown>

/** The rule with its condition negated, and with each field of each selection replaced by one that always and one that never holds. */
function mutants(rule: Rule): { what: string; rule: Rule }[] {
  const made: { what: string; rule: Rule }[] = []
  const add = (what: string, change: (detection: Json) => void): void => {
    const document = structuredClone(rule.document) as { detection: Json }
    change(document.detection)
    const parsed = parseDocument(document, rule.file)
    if (!('rule' in parsed)) throw new Error(`${what}: ${'refused' in parsed ? parsed.refused.reason : 'not a rule'}`)
    made.push({ what, rule: parsed.rule })
  }
  add('the condition negated', detection => {
    detection['condition'] = `not (${String(detection['condition'])})`
  })
  const detection = (rule.document as { detection: Json }).detection
  for (const [name, selection] of Object.entries(detection)) {
    if (name === 'condition') continue
    const maps = Array.isArray(selection) ? selection : [selection]
    for (const [index, map] of maps.entries()) {
      for (const field of Object.keys(map as Json)) {
        for (const [truth, value] of [
          ['always', null],
          ['never', 'never'],
        ] as const) {
          add(`${name}[${index}] ${field} ${truth} true`, changed => {
            const target = changed[name]
            const at = (Array.isArray(target) ? target[index] : target) as Json
            delete at[field]
            at[`no_such_field.${field.replaceAll(/[|.]/g, '_')}`] = value
          })
        }
      }
    }
  }
  return made
}
