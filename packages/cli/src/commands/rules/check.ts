import { ConfigError } from '@weir/ingest'
import type { Command } from '../../command.ts'
import { loadRules } from '../../rules.ts'
import { tellRefusals } from './refusals.ts'

/** `weir rules check`: loads every rule file and tells of each that is refused. */
export const check: Command = {
  name: 'rules check',
  summary: 'Load every rule under PATH; tell file, line, column and reason of each refusal.',
  usage: ['PATH...'],
  options: {},
  help: 'Exit code 3 when a rule is refused.',
  async run(args, world) {
    if (args.positionals.length === 0) throw new ConfigError('rules check: name the files or folders to check')
    const loaded = await loadRules(world.cwd, false, args.positionals)
    world.terminal.line(`${loaded.rules.length} rules load, ${loaded.refused.length} are refused`)
    return tellRefusals(loaded.refused, world)
  },
}
