import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigError, oneOf, type Sink, sinkOptions, sinks as table_ } from '@weir/ingest'
import { type Command, EXIT, type World } from '../command.ts'
import { table } from '../terminal.ts'

const catalogue = table_ as Readonly<Record<string, Sink<unknown>>>

/** `weir sinks [NAME]`: what can be a destination, from the sinks' own descriptions. */
export const sinks: Command = {
  name: 'sinks',
  summary: 'List the sinks, or the options of one.',
  usage: ['', 'NAME', 'NAME --install DIR'],
  options: {
    install: {
      type: 'string',
      value: 'DIR',
      description: 'Write what the destination needs (templates, tables, an app) into DIR.',
    },
  },
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
    const folder = args.text('install')
    if (folder !== undefined) return install(sink, resolve(world.cwd, folder), world)
    const rows = sinkOptions(sink).map(({ option, required, fallback, description }) => [
      `  ${option}`,
      required ? 'required' : fallback === undefined ? 'optional' : `default ${JSON.stringify(fallback)}`,
      `${description}${sink.secrets.includes(option) ? ' (a secret, by reference)' : ''}`,
    ])
    world.out.write(`${sink.name}: ${sink.summary}\n\n${table(rows, '   ').join('\n')}\n`)
    return EXIT.ok
  },
}

/** What must stand at the far side before events arrive: an app, index templates, tables and rules. Files that are there already stay. */
async function install(sink: Sink<unknown>, folder: string, { terminal }: World): Promise<number> {
  if (!sink.install) {
    terminal.line(`${sink.name}: nothing to install`)
    return EXIT.ok
  }
  for (const [path, content] of Object.entries(await sink.install())) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
      throw new ConfigError(cause.code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${cause.code})`, {
        cause,
      })
    })
    terminal.line(`wrote ${file}`)
  }
  return EXIT.ok
}
