import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError, configSchema } from '@weir/ingest'
import { type Command, EXIT } from '../command.ts'

const TEMPLATE = `# yaml-language-server: $schema=./weir.schema.json
# Weir's config: for the laptop and, validated into JSON by deploy, for Lambda. Unknown keys are errors.
# Paths are relative to this file. \`weir check\` validates it; \`weir check --connect\` also asks each sink whether it is there and takes the credentials.

# Which sources each stream may carry. Anything else on it goes to quarantine and is a finding.
streams:
  telemetry:
    sources: [weir]
    # accounts: ["111122223333"]   # who may write here; default: the stream's own account, "*" for an organization
  trail:
    sources: [cloudtrail, cloudwatch-logs, other]

rules:
  builtin: true        # Weir's own pack: \`weir rules\` lists it
  paths: []            # your Sigma rules: files or folders
  # pack: s3://BUCKET/PREFIX   # where \`weir rules build --publish\` puts packs that take the place of these rules without a deploy
  disable: []          # ids of rules and detectors that must not run

detections:
  allowedExtensions: []        # extensions that may register in a sandbox, beside weir, for example "datadog-*"
  billedUsdPerWindow: 5        # denial of wallet: dollars one function may bill in one window
  failuresPerWindow: 5         # timeouts and out-of-memory of one function in one window
  windowMinutes: 5
  latenessMinutes: 10          # how late an event may come and still be counted by correlations

# Secrets are references: env:NAME, file:PATH, secretsmanager:ARN[#KEY], ssm:NAME
# redaction:
#   key: env:WEIR_FINGERPRINT_KEY   # lets fingerprints of masked secrets be joined across functions
#   also: [email]                   # mask mail addresses, too
# journal:
#   key: file:journal.key           # opens what extensions leave when they are killed; \`weir keys\` makes the pair

sinks:
  - name: local
    type: file
    route: all                 # findings, events (security-relevant, with findings) or all
    path: .weir/events.ndjson

  # - name: splunk
  #   type: splunk
  #   route: events
  #   url: https://http-inputs-example.splunkcloud.com
  #   token: env:SPLUNK_HEC_TOKEN

  # - name: elastic
  #   type: elastic
  #   route: all
  #   url: https://example.es.eu-west-1.aws.elastic.cloud
  #   apiKey: env:ELASTIC_API_KEY

  # - name: sentinel
  #   type: sentinel
  #   route: findings
  #   \`weir sinks sentinel\` lists its options

  # - name: otel
  #   type: otlp
  #   route: events
  #   url: https://otel.example.com:4318

state:
  type: sqlite                 # memory, sqlite or dynamodb
  path: .weir/state.db
spool:
  type: files                  # files or s3
  path: .weir/spool
quarantine:
  type: files
  path: .weir/quarantine
`

/** `weir init`: a commented weir.yaml, and the JSON Schema that editors pick up. */
export const init: Command = {
  name: 'init',
  summary: 'Write a commented weir.yaml and its JSON Schema.',
  usage: ['[FILE]'],
  options: { force: { type: 'boolean', description: 'Overwrite files that are there.' } },
  help: 'FILE is weir.yaml unless given; the schema goes beside it as weir.schema.json.',
  async run(args, world) {
    const file = resolve(world.cwd, args.positionals[0] ?? 'weir.yaml')
    const schema = resolve(file, '..', 'weir.schema.json')
    for (const [path, text] of [
      [file, TEMPLATE],
      [schema, `${JSON.stringify(configSchema(), null, 2)}\n`],
    ] as const) {
      await writeFile(path, text, { flag: args.flag('force') ? 'w' : 'wx' }).catch((cause: NodeJS.ErrnoException) => {
        throw new ConfigError(
          cause.code === 'EEXIST'
            ? `${path} is there already; --force overwrites it`
            : `${path} cannot be written (${cause.code})`,
          { cause },
        )
      })
      world.terminal.line(`wrote ${path}`)
    }
    return EXIT.ok
  },
}
