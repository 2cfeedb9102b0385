import { ConfigError, oneOf, type Sink, sinkOptions, sinks as table_ } from '@weir/ingest'
import { type Command, EXIT } from '../command.ts'
import { table } from '../terminal.ts'

const catalogue = table_ as Readonly<Record<string, Sink<unknown>>>

/** `weir sinks [NAME]`: what can be a destination, from the sinks' own descriptions. */
export const sinks: Command = {
  name: 'sinks',
  summary: 'List the sinks, or the options of one.',
  usage: ['', 'NAME'],
  options: {},
  async run(args, world) {
    const [name] = args.positionals
    if (name === undefined) {
      world.out.write(
        `${table(
          Object.values(catalogue).map(sink => [sink.name, sink.summary]),
          '   ',
        ).join('\n')}\n`,
      )
      return EXIT.ok
    }
    const sink = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined
    if (!sink) throw new ConfigError(oneOf(name, Object.keys(catalogue), 'unknown sink'))
    const rows = sinkOptions(sink).map(({ option, required, fallback, description }) => [
      `  ${option}`,
      required ? 'required' : fallback === undefined ? 'optional' : `default ${JSON.stringify(fallback)}`,
      `${description}${sink.secrets.includes(option) ? ' (a secret, by reference)' : ''}`,
    ])
    world.out.write(`${sink.name}: ${sink.summary}\n\n${table(rows, '   ').join('\n')}\n`)
    return EXIT.ok
  },
}
