import { ConfigError } from '@weir/ingest'
import { type Command, EXIT } from '../command.ts'
import { openLaptop } from '../laptop/laptop.ts'
import { playScenario } from '../laptop/scenario.ts'

/** `weir start`: the whole flow on this machine, until it is told to stop. */
export const start: Command = {
  name: 'start',
  summary: 'Run the whole flow on this machine: functions, extension, Kinesis, ingest, a local sink.',
  usage: [''],
  options: {
    port: { type: 'string', value: 'PORT', description: 'Port of the invoke endpoint; any free one unless given.' },
    pack: {
      type: 'string',
      value: 'PLACE',
      description: 'Follow the rule packs that are published here, as a deployed function does: a folder, or s3://BUCKET/PREFIX.',
    },
    'no-scenario': { type: 'boolean', description: 'Do not play the attack scenario.' },
  },
  help: 'Stays up until Ctrl-C or SIGTERM, then prints the ledger. Everything listens on loopback, on ports of its own.',
  async run(args, world) {
    const port = Number(args.text('port') ?? 0)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ConfigError('--port: expected a number from 0 to 65535')
    const laptop = await openLaptop(world, { port, pack: args.text('pack') })
    try {
      if (!args.flag('no-scenario')) await playScenario(laptop, world)
      laptop.invite()
      if (!world.signal.aborted)
        await new Promise<void>(resolve => world.signal.addEventListener('abort', () => resolve(), { once: true }))
    } finally {
      await laptop.close()
    }
    return EXIT.ok
  },
}
