import { type Command, EXIT } from '../command.ts'
import { openLaptop } from '../laptop/laptop.ts'
import { playScenario } from '../laptop/scenario.ts'

/** `weir demo`: what `weir start` does, once, with a summary. */
export const demo: Command = {
  name: 'demo',
  summary: 'Play the attack scenario once through the whole flow, then exit with a summary.',
  usage: [''],
  options: {},
  help: 'Exit codes: 0 every planted technique was found and the ledger adds up, 1 otherwise, 130 interrupted.',
  async run(_args, world) {
    const laptop = await openLaptop(world, { port: 0 })
    let missed: readonly string[] = []
    try {
      missed = await playScenario(laptop, world)
    } finally {
      await laptop.close()
    }
    if (world.signal.aborted) return EXIT.interrupted
    for (const each of missed) world.terminal.line(`${world.terminal.paint('red', 'not found:')} ${each}`)
    return missed.length === 0 && laptop.balanced ? EXIT.ok : EXIT.failed
  },
}
