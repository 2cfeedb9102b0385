// `node run.ts [--engine name=command] … [--section prefix] [--failures] [--markdown]`: asks engines the cases and prints what they pass.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { type Engine, engineBehind } from './engine.ts'
import { type Case, judge, questionOf, sectionOf, SUITE, type Verdict } from './suite.ts'
import { answerOfWeir } from './weir.ts'

type Print = (line: string) => void

export interface Result {
  readonly case: Case
  readonly verdict: Verdict
  readonly why?: string
}

export const weir: Engine = { name: 'Weir', ask: answerOfWeir, close: async () => {} }

/** Asks an engine each case in turn; an engine that breaks down over one fails that one. */
export async function results(engine: Engine, cases: readonly Case[]): Promise<readonly Result[]> {
  const out: Result[] = []
  for (const each of cases) {
    const verdict = await engine
      .ask(questionOf(each))
      .then(answer => judge(each, answer))
      .catch((error: unknown) => ({ verdict: 'fail' as const, why: error instanceof Error ? error.message : String(error) }))
    out.push({ case: each, ...verdict })
  }
  await engine.close()
  return out
}

/** `12/13 · 4/6`: required and decided cases passed; those that the engine says it cannot are not counted, and `–` where none is left. */
function score(found: readonly Result[]): string {
  const of = (basis: Case['basis']): string => {
    const counted = found.filter(({ case: each, verdict }) => each.basis === basis && verdict !== 'unsupported')
    return counted.length === 0 ? '–' : `${counted.filter(({ verdict }) => verdict === 'pass').length}/${counted.length}`
  }
  return `${of('required')} · ${of('decided')}`
}

/** One row a section, one column an engine. */
export function table(
  engines: readonly { readonly name: string; readonly results: readonly Result[] }[],
  markdown: boolean,
): readonly string[] {
  const sections = [...new Set(SUITE.cases.map(sectionOf))]
  const rows = [...sections, ''].flatMap(section => {
    const cells = engines.map(({ results }) => results.filter(({ case: each }) => section === '' || sectionOf(each) === section))
    return cells.some(({ length }) => length > 0) ? [[section || 'total', ...cells.map(score)]] : []
  })
  const all = [['section', ...engines.map(({ name }) => name)], ...rows]
  const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map(row => (row[i] ?? '').length)))
  const lines = all.map(row => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)))
  if (!markdown) return lines.map(cells => cells.join('   ').trimEnd())
  const [head = [], ...body] = lines.map(cells => `| ${cells.join(' | ')} |`)
  return [String(head), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...body]
}

const OPTIONS = {
  engine: { type: 'string', multiple: true, default: [] },
  section: { type: 'string', default: '' },
  failures: { type: 'boolean', default: false },
  markdown: { type: 'boolean', default: false },
} satisfies ParseArgsOptionsConfig
const USAGE = 'usage: run.ts [--engine NAME=COMMAND]... [--section PREFIX] [--failures] [--markdown]'

/** Answers the exit code: 0 when no engine failed a case, 1 when one did, 2 when the command line is wrong. */
export async function main(args: readonly string[], print: Print, complain: Print = print): Promise<number> {
  const parsed = readArgs(args)
  if ('wrong' in parsed) {
    complain(`${parsed.wrong}\n${USAGE}`)
    return 2
  }
  const { values, cases } = parsed
  const engines = values.engine.map(each => {
    const [, name = 'engine', command = each] = /^([\w .-]+)=(.*)$/s.exec(each) ?? []
    return command === 'weir' ? { ...weir, name } : engineBehind(name, command)
  })
  const all = []
  for (const engine of engines.length > 0 ? engines : [weir])
    all.push({ name: engine.name, results: await results(engine, cases) })
  if (values.failures) {
    for (const { name, results } of all)
      for (const { case: each, verdict, why } of results)
        if (verdict === 'fail') print(`${name} ${each.id} (${each.basis}): ${why}\n  ${each.about}`)
  }
  for (const line of table(all, values.markdown)) print(line)
  return all.some(({ results }) => results.some(({ verdict }) => verdict === 'fail')) ? 1 : 0
}

function readArgs(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const cases = SUITE.cases.filter(({ id }) => id.startsWith(values.section))
    if (cases.length > 0) return { values, cases }
    const sections = [...new Set(SUITE.cases.map(sectionOf))].join(', ')
    return { wrong: `--section: no case begins with ${JSON.stringify(values.section)}; the sections are ${sections}` }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

if (import.meta.main) {
  process.exitCode = await main(
    process.argv.slice(2),
    line => process.stdout.write(`${line}\n`),
    line => process.stderr.write(`${line}\n`),
  )
}
