import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { type Command, EXIT, type World } from '../../command.ts'
import { refusalLine } from '../../rules.ts'
import { paintOf } from '../../output.ts'
import { counted, plain } from '../../terminal.ts'
import { writeFor } from '../../write.ts'
import { type Checked, checkFiles, type Counts, NONE } from './check-files.ts'
import { compare, type Expected, type Placed, readExpected, writeExpected } from './expect.ts'
import { endings, type TreeFile, treeFiles } from './files.ts'
import { readContext } from './context.ts'

/** Of a line that is told, characters. */
const LINE_LENGTH = 2_000

/** `weir rules check`: loads every rule of a tree and tells of each file what became of it. */
export const check: Command = {
  name: 'rules check',
  summary: 'Load every rule under PATH; tell file, line, column and reason of each refusal.',
  usage: ['PATH... [--expect FILE] [--config FILE]', 'PATH... --write-expect FILE'],
  options: {
    expect: {
      type: 'string',
      value: 'FILE',
      description: 'Refusals that are known: only others, and known ones that no longer happen, are failures.',
    },
    'write-expect': {
      type: 'string',
      value: 'FILE',
      description: 'Write the refusals of today as known ones; what FILE says of why is kept.',
    },
    config: { type: 'string', value: 'FILE', description: 'Take placeholders and field mappings from this weir.yaml.' },
    files: { type: 'boolean', description: 'Tell of every file, not only of those with refusals.' },
    json: {
      type: 'boolean',
      description: 'One JSON object a line on standard output: each file, refusal and stale entry, and the sum.',
    },
  },
  help: `Refusals go to standard output, sums to standard error. A tree may hold rules, correlations, filters, cases (*.cases.yml) and field mappings (a YAML list); other files are counted.
Exit code 3 when a document is refused that FILE does not list, or FILE lists a refusal that does not happen.`,
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('rules check: name the files or folders to check')
    const expectFile = args.text('expect')
    const writeFileName = args.text('write-expect')
    if (expectFile !== undefined && writeFileName !== undefined)
      throw new ConfigError('rules check: --expect compares with a list and --write-expect writes one: give one of them')
    const expected = await expectedIn(world, expectFile ?? writeFileName, expectFile !== undefined)
    const checked = checkFiles(await treeFiles(world, args.positionals), await readContext(world, args.text('config')))
    if (writeFileName !== undefined) {
      await writeFor('--write-expect', writeFileName, writeExpected(checked, expected), world)
      world.terminal.line(`${plain(writeFileName)}: ${counted(checked.refused.length, 'refusal')}`)
    }
    const { unexpected, stale } = compare(checked.refused, writeFileName === undefined ? expected : [])
    const news = new Set(writeFileName === undefined ? unexpected : [])
    if (args.flag('json')) tellJson(checked, news, stale, world)
    else tell(checked, news, stale, args.flag('files'), world)
    return news.size + stale.length > 0 ? EXIT.found : EXIT.ok
  },
}

async function expectedIn(world: World, file: string | undefined, needed: boolean): Promise<readonly Expected[]> {
  if (file === undefined) return []
  const text = await readFile(resolve(world.cwd, file), 'utf8').catch((cause: unknown) => {
    if (needed) throw new ConfigError(`--expect ${file}: cannot be read; \`--write-expect ${file}\` writes it`, { cause })
    return ''
  })
  return readExpected(text, file)
}

function tell(checked: Checked, news: ReadonlySet<Placed>, stale: readonly Expected[], all: boolean, world: World): void {
  const { out, terminal } = world
  const paint = paintOf(out)
  if (all) for (const file of checked.files) out.write(`${plain(file.name)}: ${holds(file)}\n`)
  for (const each of news) out.write(`${paint('red', 'refused')} ${plain(refusalLine(each), LINE_LENGTH)}\n`)
  for (const { file, rule, reason } of stale) {
    const entry = `${file}${rule ? ` "${rule}"` : ''}: ${reason}`
    out.write(`${paint('yellow', 'no longer refused')} ${plain(entry, LINE_LENGTH)}\n`)
  }
  const of = (kind: TreeFile['kind']): (TreeFile & Counts)[] => checked.files.filter(file => file.kind === kind)
  const others = of('other')
  terminal.line(
    `${counted(checked.files.length, 'file')}: ${of('rules').length} of rules, ${of('cases').length} of cases, ${of('mappings').length} of mappings, ${others.length} no YAML and not read${others.length > 0 ? ` (${plain(endings(others))})` : ''}`,
  )
  const { rules, correlations, filters } = checked.loaded
  const known = checked.refused.length - news.size
  terminal.line(
    `${counted(rules, 'rule')}, ${counted(correlations, 'correlation')} and ${counted(filters, 'filter')} load; ${checked.refused.length} refused${known > 0 ? `, ${known} of them as expected` : ''}`,
  )
  terminal.line(`status: ${plain([...checked.statuses].map(([status, count]) => `${status} ${count}`).join(', ')) || 'no rules'}`)
}

function holds(file: TreeFile & Counts): string {
  if (file.kind === 'other') return 'no YAML, not read'
  if (file.kind === 'unreadable') return file.text
  const parts = Object.keys(NONE).flatMap(key => {
    const count = file[key as keyof Counts]
    return count > 0 ? [counted(count, key.replace(/s$/, ''))] : []
  })
  return parts.join(', ') || 'nothing that loads'
}

function tellJson(
  { files, refused, loaded, statuses }: Checked,
  news: ReadonlySet<Placed>,
  stale: readonly Expected[],
  world: World,
): void {
  const line = (value: object): unknown => world.out.write(`${JSON.stringify(value)}\n`)
  for (const { kind, name, rules, correlations, filters, cases, mappings } of files)
    line({ kind: 'file', file: name, is: kind, rules, correlations, filters, cases, mappings })
  for (const each of refused) {
    const { file, line: at, column, rule, reason } = each
    line({ kind: 'refused', file, line: at, column, rule, reason, expected: !news.has(each) })
  }
  for (const entry of stale) line({ kind: 'stale', ...entry })
  line({
    kind: 'sum',
    files: files.length,
    ...loaded,
    refused: refused.length,
    unexpected: news.size,
    stale: stale.length,
    statuses: Object.fromEntries(statuses),
  })
}
