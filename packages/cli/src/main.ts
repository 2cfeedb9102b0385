import { parseArgs } from 'node:util'
import { ConfigError, oneOf } from '@weir/ingest'
import { type Arguments, type Command, EXIT, HELP, parseOptions, type World } from './command.ts'
import { commands } from './commands/index.ts'
import { standardOutput } from './output.ts'
import { stopper } from './signals.ts'
import { complain, createTerminal, table } from './terminal.ts'

/** Runs one `weir` command line; the answer is the exit code. */
export async function main(argv: readonly string[], given?: Partial<World>): Promise<number> {
  const stop = new AbortController()
  const output = given?.out ? undefined : standardOutput(process.stdout, process.env)
  const world: World = {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    out: output ?? { write: () => {} },
    terminal: given?.terminal ?? createTerminal(process.stderr, process.env),
    signal: stop.signal,
    ...given,
  }
  const listener = stopper(
    stop,
    () => performance.now(),
    code => process.exit(code),
  )
  if (!given?.signal) for (const name of SIGNALS) process.on(name, listener)
  try {
    const code = await attempt(argv, world)
    const failure = await output?.finish()
    if (failure === undefined) return code
    complain(world.terminal, `standard output could not be written (${failure}): the results are not complete`)
    return EXIT.failed
  } finally {
    if (!given?.signal) for (const name of SIGNALS) process.off(name, listener)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function attempt(argv: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(argv, world)
  } catch (error) {
    const mendable = error instanceof ConfigError
    complain(world.terminal, mendable ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error))
    return mendable ? EXIT.usage : EXIT.failed
  }
}

async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const [name, ...given] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const [named, ...action] = name === 'help' ? given : []
    const about = named ? chosen(find(named), action).command : undefined
    world.out.write(about ? describe(about) : overview())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  const { command, rest } = chosen(find(name), given)
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args: rest, options: parseOptions(command.options), allowPositionals: true, strict: true })
  } catch (error) {
    throw new ConfigError(`${command.name}: ${wrongOption(error)}; \`weir ${command.name} --help\` lists the options`, {
      cause: error,
    })
  }
  if (parsed.values['help']) {
    world.out.write(describe(command))
    return EXIT.ok
  }
  const args: Arguments = {
    positionals: parsed.positionals,
    flag: option => parsed.values[option] === true,
    text: option => {
      const value = parsed.values[option]
      return typeof value === 'string' ? value : undefined
    },
    texts: option => {
      const value = parsed.values[option]
      return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
    },
  }
  return command.run(args, world)
}

/** What is wrong with the options, from `parseArgs`. */
function wrongOption(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  const [, option] = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument is ambiguous/.exec(text) ?? []
  return option ? `${option}: a value that begins with - is written ${option}=VALUE` : (text.split('. ')[0] ?? '')
}

/** The action that the first argument names; `weir rules --help` is about the command as a whole. */
function chosen(command: Command, given: readonly string[]): { readonly command: Command; readonly rest: string[] } {
  const { actions = [] } = command
  const [first = '', ...rest] = given
  const action = actions.find(({ name }) => name === `${command.name} ${first}`)
  if (action) return { command: action, rest }
  const path = first.startsWith('-') || /[./\\]/.test(first)
  if (actions.length > 0 && first !== '' && !path) {
    const names = actions.map(({ name }) => name.slice(command.name.length + 1))
    throw new ConfigError(`${command.name}: ${oneOf(first, names, 'unknown action')}`)
  }
  return { command, rest: [...given] }
}

function find(name: string): Command {
  const command = commands.find(each => each.name === name)
  if (!command)
    throw new ConfigError(
      oneOf(
        name,
        commands.map(each => each.name),
        'unknown command',
      ),
    )
  return command
}

function overview(): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary])
  return `weir: the security telemetry pipeline for serverless

usage: weir COMMAND [OPTIONS]

${table(rows, '   ').join('\n')}

\`weir COMMAND --help\` says more. Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 findings or failed checks where asked for,
4 done with part of the input in quarantine, 130 interrupted.
`
}

function describe({ name, summary, usage, options, help, actions = [] }: Command): string {
  const rows = Object.entries({ ...options, help: HELP }).map(([option, { short, value, description }]) => [
    `  ${short ? `-${short}, ` : '    '}--${option}${value ? ` ${value}` : ''}`,
    description,
  ])
  return `${summary}

usage: ${usage.map(line => `weir ${name}${line ? ` ${line}` : ''}`).join('\n       ')}

${table(rows, '   ').join('\n')}
${
  actions.length > 0
    ? `\nactions:\n${table(
        actions.map(action => [`  ${action.name}`, action.summary]),
        '   ',
      ).join('\n')}\n`
    : ''
}${help ? `\n${help.trim()}\n` : ''}`
}
