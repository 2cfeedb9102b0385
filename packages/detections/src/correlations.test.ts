import {
  type Case,
  type CorrelationMatch,
  type CorrelationRule,
  createCorrelator,
  createEngine,
  linkRules,
  parseDocument,
  type RuleSet,
  type SequenceCase,
} from '@weir/sigma'
import { describe, expect, it } from 'vitest'
import { memoryState } from '../test/support.ts'
import { loadCases, loadPack } from './pack.ts'

const pack = await loadPack()
const set = linkRules([pack])
const beside = await loadCases(set.correlations.map(({ file }) => file))
const engine = createEngine(set.rules)
const BEGIN = Date.UTC(2026, 10, 2)

/** The cases of one correlation; those that name none are for the last of their file, which is the one that makes findings. */
function casesOf({ meta, name, file }: CorrelationRule): { match: SequenceCase[]; ignore: SequenceCase[] } {
  const last = set.correlations.findLast(each => each.file === file)
  const own = (each: Case): each is SequenceCase =>
    'events' in each && (each.rule === undefined ? last?.meta.id === meta.id : each.rule === meta.id || each.rule === name)
  const { match = [], ignore = [] } = beside.cases.get(file) ?? {}
  return { match: match.filter(own), ignore: ignore.filter(own) }
}

/** Lets the events come at their time, and the windows that wait end. */
async function found(
  { events }: SequenceCase,
  { meta }: CorrelationRule,
  { correlations, rules }: RuleSet,
): Promise<CorrelationMatch[]> {
  const needed = new Set([meta.id])
  for (const each of correlations.toReversed()) if (needed.has(each.meta.id)) for (const { id } of each.inputs) needed.add(id)
  const correlator = createCorrelator(correlations.filter(each => needed.has(each.meta.id)))
  const logsources = rules.filter(rule => needed.has(rule.meta.id)).map(({ logsource }) => logsource)
  const state = memoryState()
  const all: CorrelationMatch[] = []
  let now = BEGIN
  for (const [i, { at, event }] of events.entries()) {
    now = BEGIN + at
    const observed = { uid: `event ${i}`, time: now, logsource: logsources[0] ?? {}, record: event, ocsf: {} }
    const matches = engine.match(observed)
    all.push(...(await correlator.observe([{ event: observed, matches }], { batch: String(i), now, state })))
  }
  for (let [next] = await state.due(Infinity, 1); next; [next] = await state.due(Infinity, 1)) {
    now = Math.max(now, next.wakeAt)
    all.push(...(await correlator.close({ now, state }, 100)))
  }
  return all.filter(({ rule }) => rule.meta.id === meta.id)
}

/** The first case that goes wrong, as `match: name` or `ignore: name`. */
async function failing(rule: CorrelationRule, of: RuleSet = set): Promise<string | undefined> {
  const { match, ignore } = casesOf(rule)
  for (const each of match) {
    const windows = await found(each, rule, of)
    if (windows.length === 0 || windows.length !== (each.windows ?? windows.length)) return `match: ${each.name}`
    if (each.groups && JSON.stringify(windows.map(({ groupBy }) => groupBy)) !== JSON.stringify(each.groups))
      return `match: ${each.name}`
  }
  for (const each of ignore) if ((await found(each, rule, of)).length > 0) return `ignore: ${each.name}`
  return undefined
}

describe('the correlations', () => {
  it('all load, with all that they name', () => {
    expect([...set.refused, ...beside.refused]).toEqual([])
    expect(set.correlations.length).toBeGreaterThan(5)
  })

  it('take the voice of no rule but those made for them, and those whose findings they group in the same file', () => {
    const grouped = new Set(set.correlations.map(({ file }) => file))
    for (const { file } of set.rules.filter(({ meta }) => set.silent.has(meta.id)))
      expect(grouped.has(file) || file.startsWith('correlation/base/'), file).toBe(true)
  })

  it('say who wrote them, under which licence, and what to do next', () => {
    for (const { meta, file } of set.correlations) {
      expect(meta, file).toMatchObject({ author: 'Weir', license: 'Apache-2.0', status: 'experimental' })
      expect(meta.description, file).toMatch(/\nNext: /)
      expect(meta.falsepositives?.length, file).toBeGreaterThan(0)
    }
  })
})

describe.each(set.correlations.map(rule => [rule.meta.title, rule] as const))('%s', (_, rule) => {
  it('holds where it must and not where it must not', async () => {
    const { match, ignore } = casesOf(rule)
    expect(match.length).toBeGreaterThan(0)
    expect(ignore.length).toBeGreaterThan(0)
    expect(await failing(rule)).toBeUndefined()
  })

  it('needs every part: without a group-by field, with another bound, order or a far longer time a case fails', async () => {
    const survivors: string[] = []
    for (const { what, mutant } of mutants(rule)) {
      const of = linkRules([
        { ...pack, correlations: pack.correlations.map(each => (each.meta.id === rule.meta.id ? mutant : each)) },
      ])
      const changed = of.correlations.find(({ meta }) => meta.id === rule.meta.id)
      if (changed && (await failing(changed, of)) === undefined) survivors.push(what)
    }
    expect(survivors).toEqual([])
  })
})

interface Body {
  type: string
  timespan: string
  'group-by': string[]
  condition?: Record<string, unknown>
}

function mutants(rule: CorrelationRule): { what: string; mutant: CorrelationRule }[] {
  const made: { what: string; mutant: CorrelationRule }[] = []
  const add = (what: string, change: (body: Body) => void): void => {
    const document = structuredClone(rule.document) as { correlation: Body }
    change(document.correlation)
    const parsed = parseDocument(document, rule.file)
    if (!('correlation' in parsed)) throw new Error(`${what}: ${'refused' in parsed ? parsed.refused.reason : 'no correlation'}`)
    made.push({ what, mutant: parsed.correlation })
  }
  for (const field of rule.groupBy) {
    add(`without ${field}`, body => (body['group-by'] = body['group-by'].filter(each => each !== field)))
  }
  for (const { op, value } of rule.bounds) {
    // A window begins with an event, so that a count of 0 holds where one of 1 does.
    for (const other of [value - 1, value + 1].filter(bound => bound > 0))
      add(`${op}: ${other}`, body => (body.condition = { ...body.condition, [op]: other }))
  }
  if (rule.type === 'temporal_ordered') add('in any order', body => (body.type = 'temporal'))
  add('in four weeks', body => (body.timespan = '4w'))
  add('in a second', body => (body.timespan = '1s'))
  return made
}
