import { resolve } from 'node:path'
import { assemble, memoryLedger, memoryState, readConfigFile } from '@weir/ingest'
import { linkRules, runRules } from '@weir/sigma'
import { type Command, EXIT } from '../command.ts'
import { loadRules, refusalLine } from '../rules.ts'
import { plain } from '../terminal.ts'

/** `weir check`: the config and the rules it names, and with --connect each sink. */
export const check: Command = {
  name: 'check',
  summary: 'Check a config and its rules; with --connect, each sink.',
  usage: ['[FILE] [--connect]'],
  options: {
    connect: { type: 'boolean', description: 'Ask each sink whether it is there and takes the credentials; sends no event.' },
  },
  help: 'FILE is weir.yaml unless given. Exit codes: 0 all is well, 2 the config is wrong, 3 a rule is refused or a sink does not answer.',
  async run(args, world) {
    const file = args.positionals[0] ?? 'weir.yaml'
    const path = resolve(world.cwd, file)
    const config = await readConfigFile(path)
    const { terminal } = world
    const loaded = await loadRules(resolve(path, '..'), config.rules.builtin, config.rules.paths, 'rules.paths', config.rules)
    terminal.line(
      `${file}: valid; ${Object.keys(config.streams).length} streams, ${config.sinks.length} sinks, ${loaded.rules.length} rules`,
    )
    for (const refusal of loaded.refused) terminal.line(`${terminal.paint('red', 'refused')} ${plain(refusalLine(refusal))}`)
    let failed = loaded.refused.length
    if (args.flag('connect')) {
      const weir = await assemble(config, {
        pack: runRules(linkRules([]), loaded.pack),
        env: world.env,
        stores: { state: memoryState(), ledger: memoryLedger() },
      })
      try {
        for (const { name, type } of config.sinks) {
          const { verdict, reason } = await weir.forwarder.probe(name)
          const well = verdict === 'delivered' || verdict === 'duplicate'
          if (!well) failed++
          const mark = well ? terminal.paint('green', 'ok     ') : terminal.paint('red', 'failed ')
          terminal.line(`${mark} ${name} (${type})${reason ? `: ${plain(reason)}` : ''}`)
        }
      } finally {
        await weir.close()
      }
    }
    return failed > 0 ? EXIT.found : EXIT.ok
  },
}
