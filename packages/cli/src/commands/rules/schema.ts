import { ConfigError, oneOf } from '@weir/ingest'
import { SCHEMAS } from '@weir/sigma/schema'
import { type Command, EXIT } from '../../command.ts'

/** `weir rules schema`: what an editor checks rules against while they are written. */
export const schema: Command = {
  name: 'rules schema',
  summary: 'Print the JSON Schema of rules, of cases or of field mappings, for editors.',
  usage: ['[rule|cases|mapping]'],
  options: {},
  help: `rule unless given; it is for correlations and filters too. In VS Code, the YAML extension takes it by a first line in the file:

    weir rules schema > rule.schema.json
    # yaml-language-server: $schema=./rule.schema.json

or for a whole folder by "yaml.schemas" in its settings.`,
  async run(args, world) {
    const [kind = 'rule'] = args.positionals
    const found = Object.entries(SCHEMAS).find(([name]) => name === kind)
    if (!found) throw new ConfigError(`rules schema: ${oneOf(kind, Object.keys(SCHEMAS), 'unknown kind')}`)
    world.out.write(`${JSON.stringify(found[1], null, 2)}\n`)
    return EXIT.ok
  },
}
