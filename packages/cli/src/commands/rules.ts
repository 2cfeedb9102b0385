import { detectors } from '@weir/detections'
import { ConfigError, oneOf } from '@weir/ingest'
import { LEVELS } from '@weir/sigma'
import { type Arguments, type Command, EXIT, type World } from '../command.ts'
import { loadRules, refusalLine } from '../rules.ts'
import { plain, table } from '../terminal.ts'

const ACTIONS: Readonly<Record<string, (args: Arguments, world: World) => Promise<number>>> = { list, check }

/** `weir rules`: what runs, and what would be refused. */
export const rules: Command = {
  name: 'rules',
  summary: 'List the rules and detectors, or check rule files.',
  usage: ['[list] [PATH...]', 'check PATH...'],
  options: {
    json: { type: 'boolean', description: 'One JSON object a line on standard output.' },
    'no-builtin': { type: 'boolean', description: "Leave Weir's own pack out." },
  },
  help: `list    Weir's own pack, its typed detectors, and the rules under PATH
check   load every rule under PATH; each refusal names file, line, column and reason; exit code 3 when there is one`,
  async run(args, world) {
    const [action = 'list', ...rest] = args.positionals
    if (Object.hasOwn(ACTIONS, action)) return (ACTIONS[action] ?? list)({ ...args, positionals: rest }, world)
    if (action.includes('/') || action.includes('.')) return list(args, world)
    throw new ConfigError(`rules: ${oneOf(action, Object.keys(ACTIONS), 'unknown action')}`)
  },
}

async function list(args: Arguments, world: World): Promise<number> {
  const loaded = await loadRules(world.cwd, !args.flag('no-builtin'), args.positionals)
  const own = args.flag('no-builtin') ? [] : detectors
  const all = [
    ...loaded.rules.map(({ meta, logsource, file }) => ({ meta, logsource, kind: 'rule', file })),
    ...own.map(({ meta, logsource }) => ({ meta, logsource, kind: 'detector', file: '' })),
  ].toSorted((a, b) => LEVELS.indexOf(b.meta.level) - LEVELS.indexOf(a.meta.level) || a.meta.title.localeCompare(b.meta.title))
  if (args.flag('json')) {
    for (const { meta, logsource, kind, file } of all) world.out.write(`${JSON.stringify({ kind, ...meta, logsource, file })}\n`)
  } else {
    const rows = all.map(({ meta, logsource, kind }) => [
      meta.level,
      kind,
      Object.values(logsource).join('/'),
      plain(meta.title),
      (meta.tags ?? [])
        .filter(tag => /^attack\.t\d/.test(tag))
        .map(tag => tag.slice(7).toUpperCase())
        .join(' '),
      meta.id,
    ])
    world.out.write(`${table(rows).join('\n')}\n`)
    world.terminal.line(`${loaded.rules.length} rules, ${own.length} detectors, ${loaded.refused.length} refused`)
  }
  return refusals(loaded.refused.map(refusalLine), world)
}

async function check(args: Arguments, world: World): Promise<number> {
  if (args.positionals.length === 0) throw new ConfigError('rules check: name the files or folders to check')
  const loaded = await loadRules(world.cwd, false, args.positionals)
  world.terminal.line(`${loaded.rules.length} rules load, ${loaded.refused.length} are refused`)
  return refusals(loaded.refused.map(refusalLine), world)
}

function refusals(lines: readonly string[], { terminal }: World): number {
  for (const line of lines) terminal.line(`${terminal.paint('red', 'refused')} ${plain(line)}`)
  return lines.length > 0 ? EXIT.found : EXIT.ok
}
