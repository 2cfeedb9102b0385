import { resolve } from 'node:path'
import { ConfigError, ledgerLines, oneOf, readConfigFile, summarize } from '@weir/ingest'
import { linkRules, runRules } from '@weir/sigma'
import { type Command, EXIT } from '../command.ts'
import { openWeir } from '../open.ts'

const PASS = 500 // entries per lease

/** `weir replay`: sends what waits in the spool, now, instead of at the next tick. */
export const replay: Command = {
  name: 'replay',
  summary: 'Send what waits in the spool again.',
  usage: ['[SINK...]'],
  options: {
    config: { type: 'string', value: 'FILE', description: 'The config; weir.yaml unless given.' },
    'dry-run': { type: 'boolean', description: 'Only say how many entries wait.' },
  },
  help: `Events are encoded with the config of this moment, oldest first. An entry leaves the spool only when its sink has taken, or finally
refused, each of its events. Exit codes: 0 nothing waits any more, 3 something still waits.`,
  async run(args, world) {
    const file = resolve(world.cwd, args.text('config') ?? 'weir.yaml')
    const config = await readConfigFile(file)
    const names = config.sinks.map(sink => sink.name)
    for (const name of args.positionals) if (!names.includes(name)) throw new ConfigError(oneOf(name, names, 'unknown sink'))
    const weir = await openWeir(config, { pack: runRules(linkRules([]), ''), env: world.env })
    let waiting = 0
    try {
      for (const sink of args.positionals.length > 0 ? args.positionals : names) {
        let left = (await weir.spool.list(sink, Number.MAX_SAFE_INTEGER)).length
        while (left > 0 && !args.flag('dry-run') && !world.signal.aborted) {
          const holder = `replay-${process.pid}`
          if (!(await weir.parts.state.lease(`drain|${sink}`, holder, Date.now(), 90_000))) {
            world.terminal.line(`${sink}: another process is draining it`)
            break
          }
          world.terminal.progress(`${sink}: ${left} entries wait`)
          await weir.forwarder.drain(sink, {
            deadline: Date.now() + 60_000,
            limit: PASS,
            settle: settled => weir.ledger.record(settled),
          })
          const now = (await weir.spool.list(sink, Number.MAX_SAFE_INTEGER)).length
          if (now >= left) {
            left = now
            break
          }
          left = now
        }
        waiting += left
        world.terminal.line(`${sink}: ${left === 0 ? 'nothing waits' : `${left} entries wait`}`)
      }
      for (const line of ledgerLines(await summarize(weir.ledger))) world.terminal.line(line)
    } finally {
      await weir.close()
    }
    return waiting > 0 ? EXIT.found : EXIT.ok
  },
}
