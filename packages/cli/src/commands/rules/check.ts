import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { linkRules, parseCases, type Parsed, parseMappings, parseRules, type Refusal } from '@weir/sigma'
import { type Command, EXIT, type World } from '../../command.ts'
import { refusalLine } from '../../rules.ts'
import { plain } from '../../terminal.ts'
import { writeFor } from '../../write.ts'
import { compare, type Expected, type Placed, readExpected, writeExpected } from './expect.ts'
import { endings, type TreeFile, treeFiles } from './files.ts'
import { readContext } from './context.ts'

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
  help: `A tree may hold rules, correlations, filters, cases (*.cases.yml) and field mappings (a YAML list); other files are counted.
Exit code 3 when a document is refused that FILE does not list, or FILE lists a refusal that does not happen.`,
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('rules check: name the files or folders to check')
    const expectFile = args.text('expect')
    const writeFileName = args.text('write-expect')
    const expected = await expectedIn(world, expectFile ?? writeFileName, expectFile !== undefined)
    const checked = checkFiles(await treeFiles(world, args.positionals), await readContext(world, args.text('config')))
    if (writeFileName !== undefined) {
      await writeFor('--write-expect', writeFileName, writeExpected(checked.refused, expected), world)
      world.terminal.line(`${writeFileName}: ${checked.refused.length} refusals`)
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

interface Checked {
  readonly files: readonly (TreeFile & Counts)[]
  readonly refused: readonly Placed[]
  readonly loaded: Counts
  /** Status of a rule, as written → how many. */
  readonly statuses: ReadonlyMap<string, number>
}

/** How many documents of each kind. */
interface Counts {
  readonly rules: number
  readonly correlations: number
  readonly filters: number
  readonly cases: number
  readonly mappings: number
}
const NONE: Counts = { rules: 0, correlations: 0, filters: 0, cases: 0, mappings: 0 }

function checkFiles(files: readonly TreeFile[], context: Awaited<ReturnType<typeof readContext>>): Checked {
  const parsed: Parsed[] = []
  const others: Refusal[] = []
  const counted = files.map(file => {
    const { kind, text, name } = file
    if (kind === 'cases') {
      const { match, ignore, refused } = parseCases(text, name)
      others.push(...refused)
      return { ...file, ...NONE, cases: match.length + ignore.length }
    }
    if (kind === 'mappings') {
      const { mappings, refused } = parseMappings(text, name)
      others.push(...refused)
      return { ...file, ...NONE, mappings: mappings.length }
    }
    if (kind === 'other') return { ...file, ...NONE }
    if (kind === 'unreadable') {
      others.push({ file: name, line: 1, column: 1, rule: '', reason: text })
      return { ...file, ...NONE }
    }
    const read = parseRules(text, name, context.options)
    parsed.push(read)
    const { rules, correlations, filters } = read
    return { ...file, ...NONE, rules: rules.length, correlations: correlations.length, filters: filters.length }
  })
  const set = linkRules(parsed, context.mappings)
  const within = new Map(files.map(file => [file.name, file.within]))
  const statuses = new Map<string, number>()
  for (const { meta } of [...set.rules, ...set.correlations])
    statuses.set(meta.status ?? 'none', (statuses.get(meta.status ?? 'none') ?? 0) + 1)
  return {
    files: counted,
    refused: [...set.refused, ...others].map(refusal => ({ ...refusal, within: within.get(refusal.file) ?? refusal.file })),
    loaded: {
      rules: set.rules.length,
      correlations: set.correlations.length,
      filters: parsed
        .flatMap(({ filters }) => filters)
        .filter(({ file, title }) => !set.refused.some(refusal => refusal.file === file && refusal.rule === title)).length,
      cases: sum(counted, 'cases'),
      mappings: sum(counted, 'mappings'),
    },
    statuses,
  }
}

const sum = (files: readonly Counts[], key: keyof Counts): number => files.reduce((total, file) => total + file[key], 0)

function tell(checked: Checked, news: ReadonlySet<Placed>, stale: readonly Expected[], all: boolean, world: World): void {
  const { terminal } = world
  if (all) for (const file of checked.files) terminal.line(`${plain(file.name)}: ${holds(file)}`)
  for (const each of news) terminal.line(`${terminal.paint('red', 'refused')} ${plain(refusalLine(each))}`)
  for (const { file, rule, reason } of stale)
    terminal.line(`${terminal.paint('yellow', 'no longer refused')} ${plain(`${file}${rule ? ` "${rule}"` : ''}: ${reason}`)}`)
  const of = (kind: TreeFile['kind']): (TreeFile & Counts)[] => checked.files.filter(file => file.kind === kind)
  const others = of('other')
  terminal.line(
    `${checked.files.length} files: ${of('rules').length} of rules, ${of('cases').length} of cases, ${of('mappings').length} of mappings, ${others.length} that are no YAML and were not read${others.length > 0 ? ` (${endings(others)})` : ''}`,
  )
  const { rules, correlations, filters } = checked.loaded
  const known = checked.refused.length - news.size
  terminal.line(
    `${rules} rules, ${correlations} correlations and ${filters} filters load; ${checked.refused.length} refused${known > 0 ? `, ${known} of them as expected` : ''}`,
  )
  terminal.line(`status: ${[...checked.statuses].map(([status, count]) => `${status} ${count}`).join(', ') || 'no rules'}`)
}

function holds(file: TreeFile & Counts): string {
  if (file.kind === 'other') return 'no YAML, not read'
  if (file.kind === 'unreadable') return file.text
  const parts = Object.keys(NONE).flatMap(key => {
    const count = file[key as keyof Counts]
    return count > 0 ? [`${count} ${key}`] : []
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
