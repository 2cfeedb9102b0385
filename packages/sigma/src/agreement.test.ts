import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { body, condition, detection, logsource } from '../test/arbitrary.ts'
import { scan } from '../test/naive.ts'
import { DATA, loadFolder, noData, ruleOf } from '../test/testing.ts'
import { witnessOf } from '../test/witness.ts'
import { createEngine, type Engine, type Match } from './engine.ts'
import { compilePack } from './pack/data.ts'
import { generateModule, type PackModule } from './pack/module.ts'
import { openPack } from './pack/open.ts'
import type { Rule } from './rule.ts'
import type { SigmaEvent } from './types.ts'

const packOf = (rules: readonly Rule[]) => compilePack({ rules, correlations: [], silent: new Set<string>() }, '0123456789abcdef')
const load = async (text: string): Promise<PackModule> =>
  (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as PackModule
const ids = (matches: readonly Match[]): string[] => matches.map(({ rule }) => rule.meta.id)
const told = (matches: readonly Match[]): unknown =>
  matches.map(({ rule, selections, fields }) => ({ id: rule.meta.id, title: rule.meta.title, selections, fields }))

/** The same rules as every kind of engine. */
async function engines(rules: readonly Rule[], routing: boolean): Promise<readonly [Engine, ...Engine[]]> {
  const options = { routing }
  const pack = packOf(rules)
  const json: unknown = JSON.parse(JSON.stringify(pack))
  const module = await load(generateModule(pack))
  return [createEngine(rules, options), openPack(json, options).engine, openPack(json, { ...options, module }).engine]
}

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const rule = fc.tuple(detection, detection, detection, condition, logsource, fc.constantFrom('sigma', 'sigma', 'ocsf'))
const made = fc.array(fc.tuple(rule, fc.option(rule, { freq: 3 })), { minLength: 1, maxLength: 8 }).map(list =>
  list.map(([[s1, s2, s3, condition, source, taxonomy], other], n) => {
    const main = ruleOf({ s1, s2, s3, condition }, {}, { id: id(n), title: `Rule ${n}`, logsource: source, taxonomy })
    if (!other) return main
    const second = ruleOf({ s1: other[0], s2: other[1], s3: other[2], condition: other[3] }, {}, { logsource: other[4] })
    return { ...main, also: [{ logsource: second.logsource, condition: second.condition, fields: second.fields }] }
  }),
)
const event: fc.Arbitrary<SigmaEvent> = fc.record({ logsource, record: body, ocsf: body })

describe('every kind of engine', () => {
  it('finds for random rules what trying each rule on its own finds', async () => {
    const seen = { true: 0, false: 0 }
    await fc.assert(
      fc.asyncProperty(made, fc.array(event, { minLength: 1, maxLength: 6 }), fc.boolean(), async (rules, events, routing) => {
        const [engine, ...others] = await engines(rules, routing)
        for (const one of events) {
          const expected = scan(rules, one, routing)
          const matches = engine.match(one)
          expect(ids(matches)).toEqual(expected)
          for (const other of others) expect(told(other.match(one))).toEqual(told(matches))
          seen.true += expected.length
          seen.false += rules.length - expected.length
        }
      }),
      { numRuns: 1_000 },
    )
    // Both answers must have come up often, or the property says little.
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(2_000)
  })
})

/** Every JSON object of the public logs, wherever it stands in its file. */
function publicLogs(): readonly SigmaEvent['record'][] {
  const records: SigmaEvent['record'][] = []
  for (const folder of ['stratus', 'panther', 'streamalert'].filter(name => existsSync(`${DATA}${name}`))) {
    for (const name of readdirSync(`${DATA}${folder}`)) {
      const text = readFileSync(`${DATA}${folder}/${name}`, 'utf8')
      if (name.endsWith('.json')) records.push(...(JSON.parse(text) as SigmaEvent['record'][]))
      if (name.endsWith('.jsonl'))
        for (const line of text.split('\n')) if (line) records.push(JSON.parse(line) as SigmaEvent['record'])
    }
  }
  return records.map(record => {
    const inner = record['log'] ?? record['data']
    return typeof inner === 'object' && inner !== null ? (inner as SigmaEvent['record']) : record
  })
}

/** A plain scan of an event takes some 10 ms, so that every event is for whoever can wait for minutes. */
const EVERY = process.env['WEIR_EVERY_EVENT'] === '1'

describe.skipIf(noData)('all rules of SigmaHQ', () => {
  it('find what trying each on its own finds, in public logs and in events made to match', { timeout: 300_000 }, async () => {
    const rules = readdirSync(`${DATA}sigma`)
      .filter(name => name.startsWith('rules'))
      .flatMap(name => loadFolder(`${DATA}sigma/${name}`).rules)
    const made = rules.filter((_, n) => n % (EVERY ? 8 : 32) === 0)
    const logs = publicLogs().filter((_, n) => EVERY || n % 4 === 0)
    const events = [...logs, ...made.map(witnessOf)].map(record => ({ logsource: {}, record, ocsf: {} }))
    const all = await engines(rules, false)
    let found = 0
    for (const event of events) {
      const expected = scan(rules, event, false)
      found += expected.length
      const [matches, ...others] = all.map(engine => engine.match(event))
      expect(ids(matches ?? [])).toEqual(expected)
      for (const other of others) expect(told(other)).toEqual(told(matches ?? []))
    }
    const own = made.filter(rule => scan([rule], { logsource: {}, record: witnessOf(rule), ocsf: {} }, false).length > 0)
    process.stdout.write(
      `SigmaHQ: ${rules.length} rules agree on ${events.length} events with ${found} matches; ${own.length} of ${made.length} events made to match do\n`,
    )
    expect(own.length).toBeGreaterThan(made.length * 0.8)
  })
})
