import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '@weir/ingest'
import { makeKeys } from '@weir/schema/open'
import { type Command, EXIT, type World } from '../command.ts'

/** `weir keys`: the pair of keys of the extension's journal. */
export const keys: Command = {
  name: 'keys',
  summary: "Make the pair of keys that seals the extension's journal.",
  usage: ['--private FILE', '--private -'],
  options: {
    private: {
      type: 'string',
      value: 'FILE',
      description: 'Where the private key goes: a new file that only you may read, or - for standard output.',
    },
  },
  help: `With a journal, what a function's extension had not shipped when it was killed (a timeout, out of memory, a crash) is shipped by the next one.
It lies in /tmp meanwhile, where the function's code can reach it, so it is sealed to the public key, and only ingest can open it.

  weir keys --private journal.key        prints WEIR_JOURNAL_KEY=…, the public key: set it on your functions. It is no secret.
  weir keys --private - | aws secretsmanager create-secret --name weir/journal --secret-string file:///dev/stdin

The private key is ingest's alone: name it in weir.yaml, as file:journal.key on a laptop, and as secretsmanager:ARN or ssm:NAME in AWS.

  journal:
    key: secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:weir/journal-AbCdEf

To change the pair, move the old private key to journal.formerKeys and leave it there until no function has the old public key.
What comes sealed to a key that ingest does not have waits in quarantine; \`weir quarantine replay\` sends it through when it has.`,
  async run(args, world) {
    const target = args.text('private')
    if (target === undefined || args.positionals.length > 0)
      throw new ConfigError('keys: say where the private key goes: --private FILE, or --private - for standard output')
    const pair = makeKeys()
    const { out, terminal } = world
    const line = `WEIR_JOURNAL_KEY=${pair.public}`
    if (target === '-') {
      out.write(`${pair.private}\n`)
      terminal.line(line)
    } else {
      await keep(target, pair.private, world)
      out.write(`${line}\n`)
      terminal.line(`wrote the private key ${pair.id} to ${target}`)
    }
    return EXIT.ok
  },
}

async function keep(target: string, key: string, { cwd }: World): Promise<void> {
  try {
    await writeFile(resolve(cwd, target), `${key}\n`, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'is there already: name another file, or move it away' : `cannot be written (${code})`
    throw new ConfigError(`${target} ${why}`, { cause })
  }
}
