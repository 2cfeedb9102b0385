import { detectors } from '@weir/detections'
import { ATTACK_TACTICS, ATTACK_VERSION, type Coverage, coverageOf, navigatorLayer, sizeOf } from '@weir/sigma/attack'
import { type Command, EXIT, type World } from '../../command.ts'
import { counted, plain } from '../../terminal.ts'
import { writeFor } from '../../write.ts'
import { LOADING, loadSet } from './load.ts'
import { tellRefusals } from './refusals.ts'

/** `weir rules coverage`: which techniques of ATT&CK the rules say they find. */
export const coverage: Command = {
  name: 'rules coverage',
  summary: 'ATT&CK coverage of the rules and detectors, by tactic and technique; as a Navigator layer.',
  usage: ['[PATH...] [--navigator FILE]'],
  options: {
    navigator: {
      type: 'string',
      value: 'FILE',
      description: 'Write a layer for the ATT&CK Navigator (format 4.5): score is the number of rules.',
    },
    config: LOADING.config,
    'no-builtin': { type: 'boolean', description: "Leave Weir's own pack and detectors out." },
    json: {
      type: 'boolean',
      description: 'One JSON object a line on standard output: a technique under a tactic, with the titles of its rules.',
    },
  },
  help: `A technique counts under those of its tactics that the rule tags, or under all of them when it tags none. Ids are those of ATT&CK ${ATTACK_VERSION}.`,
  async run(args, world) {
    const builtin = !args.flag('no-builtin')
    const loaded = await loadSet(world, args.positionals, args, { builtin, option: 'PATH' })
    const all = [...loaded.rules, ...loaded.correlations, ...(builtin ? detectors : [])].map(({ meta }) => meta)
    const found = coverageOf(all)
    const file = args.text('navigator')
    if (file !== undefined) {
      const layer = navigatorLayer(found, 'Weir: rules a technique')
      await writeFor('--navigator', file, `${JSON.stringify(layer, null, 2)}\n`, world)
      world.terminal.line(`${plain(file)}: a Navigator layer of ${found.covered.length} techniques under their tactics`)
    }
    if (args.flag('json')) for (const each of found.covered) world.out.write(`${JSON.stringify(each)}\n`)
    else tell(found, all.length, world)
    return loaded.refused.length > 0 ? tellRefusals(loaded.refused, world) : EXIT.ok
  },
}

function tell({ covered, rules, unknown, untagged }: Coverage, total: number, { out, terminal }: World): void {
  for (const [tactic, id] of ATTACK_TACTICS) {
    const own = covered.filter(each => each.tactic === tactic)
    out.write(
      `${tactic} (${id}): ${own.length} of ${counted(sizeOf(tactic), 'technique')}, ${counted(rules.get(tactic) ?? 0, 'rule')}\n`,
    )
    const cells = own.map(({ technique, titles }) => `${technique}${titles.length > 1 ? ` ×${titles.length}` : ''}`)
    for (const line of wrapped(cells, terminal.columns - 4)) out.write(`    ${line}\n`)
  }
  const techniques = new Set(covered.map(({ technique }) => technique))
  terminal.line(
    `${total} rules and detectors; ${counted(techniques.size, 'technique')} of ATT&CK ${ATTACK_VERSION}; ${untagged.length} of the rules name none`,
  )
  for (const [id, titles] of unknown)
    terminal.line(
      `${terminal.paint('yellow', 'unknown')} ${id} in ${plain(
        titles
          .slice(0, 3)
          .map(title => `"${title}"`)
          .join(', '),
      )}${titles.length > 3 ? ` and ${titles.length - 3} more` : ''}`,
    )
}

function wrapped(cells: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const cell of cells) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + cell.length <= width) lines[lines.length - 1] = `${last}, ${cell}`
    else lines.push(cell)
  }
  return lines
}
