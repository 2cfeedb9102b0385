import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { afterEach, describe, expect, it } from 'vitest'
import { type Engine, engineBehind } from '../conformance/engine.ts'
import { main, results, table } from '../conformance/run.ts'
import { type Answer, type Case, judge, questionOf, sectionOf, SUITE } from '../conformance/suite.ts'
import { answerOfWeir } from '../conformance/weir.ts'

const read = (file: string): string => readFileSync(new URL(`../conformance/${file}`, import.meta.url), 'utf8')

describe('the conformance suite', () => {
  it.each([...Map.groupBy(SUITE.cases, sectionOf)])('is passed: %s', async (_, cases) => {
    const failed = []
    for (const each of cases) {
      const { verdict, why } = judge(each, await answerOfWeir(questionOf(each)))
      if (verdict !== 'pass') failed.push(`${each.id}: ${why ?? verdict}`)
    }
    expect(failed).toEqual([])
  })

  it('follows its schema', () => {
    const valid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(read('sigma-conformance.schema.json')) as object)
    expect(valid(JSON.parse(read('sigma-conformance.json'))), JSON.stringify(valid.errors)).toBe(true)
  })

  it('names each case once', () => {
    expect(new Set(SUITE.cases.map(({ id }) => id)).size).toBe(SUITE.cases.length)
  })

  it('asks for both: each section has something that is, and something that is not', () => {
    for (const [section, cases] of Map.groupBy(SUITE.cases, sectionOf)) {
      const outcomes = cases.flatMap(({ refused, findings, events = [] }) =>
        refused
          ? ['no']
          : findings
            ? [findings.length > 0 ? 'yes' : 'no']
            : events.map(({ matches = [] }) => (matches.length > 0 ? 'yes' : 'no')),
      )
      expect(new Set(outcomes), section).toEqual(new Set(['yes', 'no']))
    }
  })

  it('has the cases that the README of the package names, and as many as it says', () => {
    const readme = read('../README.md')
    const named = [...readme.matchAll(/`((?:filters|correlation)\/[\w/-]+)`/g)].map(([, id]) => id)
    expect(named.length).toBeGreaterThan(20)
    const ids = SUITE.cases.map(({ id }) => id)
    expect(named.filter(id => id !== undefined && !ids.includes(id))).toEqual([])
    expect(readme).toContain(`${SUITE.cases.length} cases`)
  })

  it('quotes in its README the number of its cases', () => {
    const required = SUITE.cases.filter(({ basis }) => basis === 'required').length
    expect(read('README.md')).toContain(
      `${SUITE.cases.length} cases: ${required} required, ${SUITE.cases.length - required} decided`,
    )
  })
})

const one: Case = {
  id: 'a/b',
  about: 'x',
  basis: 'required',
  source: 'x',
  rules: '',
  events: [
    { record: { f: 1 }, matches: ['Two', 'One'] },
    { record: {}, matches: [] },
  ],
}

describe('judging an answer', () => {
  it('compares titles in no order, event by event', () => {
    expect(judge(one, { matches: [['One', 'Two'], []] }).verdict).toBe('pass')
    expect(judge(one, { matches: [['One'], []] }).verdict).toBe('fail')
    expect(judge(one, { matches: [['One', 'Two'], ['One']] }).verdict).toBe('fail')
    expect(judge(one, { matches: [['One', 'Two']] }).verdict).toBe('fail')
  })

  it('tells a refusal that is wanted from one that is not', () => {
    const { events: _, ...rest } = one
    expect(judge({ ...rest, refused: true }, { refused: 'x' }).verdict).toBe('pass')
    expect(judge({ ...rest, refused: true }, { matches: [] }).verdict).toBe('fail')
    expect(judge(one, { refused: 'x' })).toEqual({ verdict: 'fail', why: 'refused: x' })
    expect(judge(one, { unsupported: 'x' }).verdict).toBe('unsupported')
  })

  it('compares findings as a set', () => {
    const found = { rule: 'C', group: { a: '1', b: '2' } }
    const each: Case = { ...one, events: [{ record: {} }], findings: [found] }
    expect(judge(each, { matches: [], findings: [{ rule: 'C', group: { b: '2', a: '1' } }, found] }).verdict).toBe('pass')
    expect(judge(each, { matches: [], findings: [] }).verdict).toBe('fail')
    expect(judge(each, { matches: [] }).verdict).toBe('fail')
    expect(judge({ ...each, findings: [] }, { matches: [] }).verdict).toBe('pass')
    expect(judge({ ...one, findings: [] }, { matches: [] }).verdict).toBe('fail')
  })
})

describe('an engine behind a command', () => {
  const node = JSON.stringify(process.execPath)
  const script = (body: string): string =>
    `${node} -e ${JSON.stringify(`require('node:readline').createInterface({input:process.stdin}).on('line',line=>{const q=JSON.parse(line);${body}})`)}`
  const say = (answer: string): string => `console.log(JSON.stringify({id:q.id,...${answer}}))`
  const question = { id: 'q', rules: '', placeholders: {}, events: [] }
  let engine: Engine | undefined
  afterEach(() => engine?.close())

  it('is asked and answers line by line', async () => {
    engine = engineBehind('x', script(say('{matches:[[q.rules]]}')))
    expect(await engine.ask({ ...question, rules: 'a' })).toMatchObject({ matches: [['a']] })
    expect(await engine.ask({ ...question, rules: 'b' })).toMatchObject({ matches: [['b']] })
  })

  it('fails the one question over which it dies, hangs or talks nonsense, and is asked the next', async () => {
    const body = `if(q.id==='die')process.exit(3);else if(q.id==='odd')console.log('{"id":"odd"}');else if(q.id==='other')console.log('{"id":"z","matches":[]}');else if(q.id!=='hang')${say('{refused:"no"}')}`
    engine = engineBehind('x', script(body), 2_000)
    await expect(engine.ask({ ...question, id: 'die' })).rejects.toThrow('the engine ended')
    await expect(engine.ask({ ...question, id: 'odd' })).rejects.toThrow('matches, refused or unsupported')
    await expect(engine.ask({ ...question, id: 'other' })).rejects.toThrow('answered "z"')
    await expect(engine.ask({ ...question, id: 'hang' })).rejects.toThrow('no answer in 2 s')
    expect(await engine.ask(question)).toEqual({ refused: 'no' })
  })

  it('fails the one question that it answers in another shape', async () => {
    const shapes = [
      "{matches:['Rule']}",
      '{matches:{}}',
      "{matches:[],findings:[{rule:'x'}]}",
      "{matches:[],findings:[{rule:'x',group:{a:1}}]}",
    ]
    for (const shape of shapes) {
      engine = engineBehind('x', script(`if(q.id==='odd')${say(shape)};else ${say('{refused:String(process.pid)}')}`))
      const before = await engine.ask(question)
      await expect(engine.ask({ ...question, id: 'odd' }), shape).rejects.toThrow(/^(?:matches|findings): expected/)
      expect(await engine.ask(question)).toEqual(before)
      await engine.close()
    }
    const [first] = SUITE.cases
    engine = { name: 'x', ask: async () => JSON.parse('{"matches":[{}]}') as Answer, close: async () => {} }
    expect(await results(engine, first ? [first] : [])).toMatchObject([{ verdict: 'fail' }])
  })

  it('is started anew when it says something else, so that later answers stand by their questions', async () => {
    engine = engineBehind('x', script(`if(q.id==='chatty')console.log('Loading');${say('{refused:q.rules}')}`))
    await expect(engine.ask({ ...question, id: 'chatty' })).rejects.toThrow(
      'said "Loading"; standard output is for answers alone',
    )
    for (const rules of ['a', 'b']) expect(await engine.ask({ ...question, rules })).toEqual({ refused: rules })
    await engine.close()
    engine = engineBehind('x', script(`if(q.id==='twice')${say('{refused:q.rules}')};${say('{refused:q.rules}')}`))
    expect(await engine.ask({ ...question, id: 'twice' })).toEqual({ refused: '' })
    await expect(engine.ask(question)).rejects.toThrow('answered "twice" and was asked "q"')
    expect(await engine.ask(question)).toEqual({ refused: '' })
  })

  it('gets a row a section in the table, what it cannot left out', async () => {
    engine = { name: 'x', ask: async () => ({ refused: 'no' }), close: async () => {} }
    const section = SUITE.cases.filter(each => sectionOf(each) === 'compare')
    const refusals = section.filter(({ refused, basis }) => refused && basis === 'required').length
    const required = section.filter(({ basis }) => basis === 'required').length
    const rows = table([{ name: 'x', results: await results(engine, section) }], true)
    expect(rows.find(row => row.startsWith('| compare'))).toContain(`${refusals}/${required}`)
    engine = { ...engine, ask: async () => ({ unsupported: 'none of it' }) }
    expect(table([{ name: 'x', results: await results(engine, section) }], false).join('\n')).toMatch(/compare\s+– · –/)
  })

  it('ends the run with 1 where it fails a case', async () => {
    const lines: string[] = []
    expect(await main(['--section', 'compare/'], line => lines.push(line))).toBe(0)
    expect(lines.at(-1)).toMatch(/^total\s+14\/14 · 6\/6$/)
    const command = `x=${script(say('{matches:[]}'))}`
    expect(await main(['--section', 'compare/gt', '--failures', '--engine', command], line => lines.push(line))).toBe(1)
    expect(lines.join('\n')).toContain('x compare/gt (required)')
  })

  it('says what is wrong with the command line', async () => {
    const said: string[] = []
    const run = (...args: readonly string[]): Promise<number> =>
      main(
        args,
        () => expect.unreachable(),
        line => said.push(line),
      )
    expect(await run('--section', 'nonexist')).toBe(2)
    expect(await run('--loud')).toBe(2)
    expect(await run('extra')).toBe(2)
    expect(said[0]).toMatch(/^--section: no case begins with "nonexist"; the sections are strings, .*\nusage: /)
    expect(said[1]).toMatch(/--loud.*\nusage: /)
  })

  it('tells the section `all` from the total', async () => {
    const lines: string[] = []
    expect(await main(['--section', 'all/'], line => lines.push(line))).toBe(0)
    expect(lines.map(line => line.split(' ')[0])).toEqual(['section', 'all', 'total'])
  })
})
