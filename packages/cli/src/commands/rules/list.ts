import { detectors } from '@weir/detections'
import { LEVELS } from '@weir/sigma'
import type { Command } from '../../command.ts'
import { counted, plain, table } from '../../terminal.ts'
import { LOADING, loadSet } from './load.ts'
import { tellRefusals } from './refusals.ts'

/** `weir rules list`: Weir's own pack, its typed detectors, and the rules under the given paths. */
export const list: Command = {
  name: 'rules list',
  summary: "List Weir's own pack, its typed detectors, and the rules under PATH.",
  usage: ['[PATH...]'],
  options: {
    json: { type: 'boolean', description: 'One JSON object a line on standard output.' },
    config: LOADING.config,
    'no-builtin': { type: 'boolean', description: "Leave Weir's own pack out." },
  },
  async run(args, world) {
    const builtin = !args.flag('no-builtin')
    const loaded = await loadSet(world, args.positionals, args, { builtin, option: 'PATH' })
    const own = builtin ? detectors : []
    const all = [
      ...loaded.rules.map(({ meta, logsource, file }) => ({ meta, logsource, kind: 'rule', file })),
      ...loaded.correlations.map(({ meta, file }) => ({ meta, logsource: {}, kind: 'correlation', file })),
      ...own.map(({ meta, logsource }) => ({ meta, logsource, kind: 'detector', file: '' })),
    ].toSorted((a, b) => LEVELS.indexOf(b.meta.level) - LEVELS.indexOf(a.meta.level) || a.meta.title.localeCompare(b.meta.title))
    if (args.flag('json')) {
      for (const { meta, logsource, kind, file } of all)
        world.out.write(`${JSON.stringify({ kind, ...meta, logsource, file })}\n`)
    } else {
      const rows = all.map(({ meta, logsource, kind }) => [
        meta.level,
        kind,
        plain(Object.values(logsource).join('/')),
        plain(meta.title),
        (meta.tags ?? [])
          .filter(tag => /^attack\.t\d/.test(tag))
          .map(tag => tag.slice(7).toUpperCase())
          .join(' '),
        meta.id,
      ])
      world.out.write(`${table(rows).join('\n')}\n`)
      world.terminal.line(
        `${counted(loaded.rules.length, 'rule')}, ${counted(loaded.correlations.length, 'correlation')}, ${counted(own.length, 'detector')}, ${loaded.refused.length} refused`,
      )
    }
    return tellRefusals(loaded.refused, world)
  },
}
