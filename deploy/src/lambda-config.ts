import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  bucketOf,
  type Config,
  ConfigError,
  type ConfigIssue,
  type LoadedRules,
  loadRules,
  parseConfig,
  refusalLine,
  type Sink,
  sinks,
  validateConfig,
} from '@weir/ingest'
import { parse } from 'yaml'

/** A config as the stack runs it. */
export interface LambdaConfig {
  /** What becomes the config's JSON: the document as written, without what is about reading rules, which go into the zip. */
  readonly document: object
  readonly config: Config
  readonly rules: LoadedRules
}

/** What the pack holds: rules, and what they are read with. */
const IN_THE_ZIP = { paths: [], mappings: [], placeholders: {} }

/** The config of a stack that was given none: it receives, detects and counts, and sends nowhere. */
const NONE = { streams: { telemetry: { sources: ['weir'] }, trail: { sources: ['cloudtrail', 'cloudwatch-logs'] } } }

/**
 * Reads `weir.yaml` for AWS and loads the rules it names, relative to it. Throws `ConfigError`, each line with its place, for a config that is
 * wrong or cannot work in a Lambda function, and for a rule that is refused: what the user relies on must not be missing without a word.
 */
export async function readLambdaConfig(file: string | undefined): Promise<LambdaConfig> {
  const text = file === undefined ? '' : await read(file)
  const config = file === undefined ? validateConfig(NONE) : parseConfig(text, file, unfit)
  const document: { rules?: object } = file === undefined ? NONE : (parse(text) ?? {})
  const { builtin, paths } = config.rules
  const rules = await loadRules(dirname(resolve(file ?? '.')), builtin, paths, 'rules.paths', config.rules)
  if (rules.refused.length > 0) throw new ConfigError(rules.refused.map(refusalLine).join('\n'))
  return { document: { ...document, rules: { ...document.rules, ...IN_THE_ZIP } }, config, rules }
}

/** What is valid on a laptop and cannot work in a Lambda function. The stores need no word: the stack's own take their place. */
export function unfit(config: Config): ConfigIssue[] {
  const issues: ConfigIssue[] = []
  const secret = (path: ConfigIssue['path'], reference: unknown): void => {
    const scheme = /^(env|file):/.exec(String(reference))?.[1]
    if (scheme) issues.push({ path, message: `${NOT_THERE[scheme as 'env']}; ${ELSEWHERE}` })
  }
  if (!Object.hasOwn(config.streams, 'telemetry'))
    issues.push({ path: ['streams'], message: 'names no stream "telemetry": functions would have nowhere to send; add it' })
  if (config.rules.pack !== undefined && !bucketOf(config.rules.pack))
    issues.push({
      path: ['rules', 'pack'],
      message: 'a Lambda function does not have this folder; name s3://BUCKET/PREFIX, or leave it out',
    })
  secret(['redaction', 'key'], config.redaction.key)
  secret(['journal', 'key'], config.journal.key)
  for (const [index, key] of config.journal.formerKeys.entries()) secret(['journal', 'formerKeys', index], key)
  for (const [index, { type, options }] of config.sinks.entries()) {
    const sink = (sinks as Record<string, Sink<unknown>>)[type]
    // Only a sink on this machine sends without HTTP.
    if (sink?.send) {
      const message = `a ${type} sink writes to this machine, and a Lambda function keeps no files; leave it out of the config you deploy`
      issues.push({ path: ['sinks', index, 'type'], message })
    }
    for (const name of sink?.secrets ?? []) {
      const value = (options as Record<string, unknown>)[name]
      if (typeof value !== 'object' || value === null) secret(['sinks', index, name], value)
      else for (const [key, inner] of Object.entries(value)) secret(['sinks', index, name, key], inner)
    }
  }
  return issues
}

const NOT_THERE = {
  env: 'the environment of the Lambda function holds no secrets',
  file: 'the Lambda function does not have this file',
}
const ELSEWHERE =
  'keep it in Secrets Manager or Parameter Store, and write secretsmanager:ARN or ssm:NAME in the config you deploy'

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file; `weir init` writes one' : `cannot be read (${cause.code})`
    throw new ConfigError(`${file}: ${why}`, { cause })
  })
}
