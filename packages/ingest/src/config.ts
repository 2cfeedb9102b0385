import en from 'zod/v4/locales/en.js'
import * as z from 'zod/mini'
import { ConfigError } from './errors.ts'
import { bucketOf } from './packs/places.ts'
import type { Sink } from './sink.ts'
import { sinks } from './sinks/index.ts'
import { sources } from './sources/index.ts'
import { secret } from './secrets.ts'

z.config(en()) // zod/mini brings no words of its own

/**
 * The one config, `weir.yaml`: for ingest and the CLI. The laptop reads the YAML (`config-file.ts`, which knows lines); deploy validates it
 * into JSON named by its hash, so that Lambda parses no YAML. Every option is described here once: types, validation, `weir init` and the
 * JSON Schema for editors come from it.
 */
const NAME = z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'a name is lower-case letters, digits and "-", at most 63 characters',
})
const ACCOUNT = z.regex(/^(\d{12}|\*)$/, { error: 'an account is 12 digits in quotes, or "*" for any' })
const described = <T extends z.ZodMiniType>(schema: T, text: string): T => schema.check(z.describe(text))
const count = (text: string) => described(z.number().check(z.int(), z.gte(1)), text)
const dollars = (text: string) => described(z.number().check(z.gt(0)), text)

export const ROUTES = ['findings', 'events', 'all'] as const
export type Route = (typeof ROUTES)[number]

const stream = z.strictObject({
  sources: described(
    z.array(z.enum(Object.keys(sources) as [string, ...string[]])).check(z.minLength(1)),
    'The sources this stream may carry. Anything else on it goes to quarantine and is a finding.',
  ),
  accounts: z.optional(
    described(
      z.array(z.string().check(ACCOUNT)),
      'Accounts whose functions may write here. Default: the account of the stream itself. "*" for any, as in an organization.',
    ),
  ),
})

const PLACEHOLDER = z.regex(/^\w{1,256}$/, {
  error: 'a placeholder is named in letters, digits and "_", without the percent signs',
})
const PACK_PLACE = z.refine(at => !/^[a-z0-9]+:\/\//i.test(String(at)) || bucketOf(String(at)) !== undefined, {
  error: 'expected s3://BUCKET/PREFIX or a folder',
})
const NO_LIST = { error: 'expected a list of values, or the name of a file with one value a line' }
const list = z.union([z.array(z.union([z.string(), z.number()])).check(z.minLength(1, NO_LIST)), z.string()], NO_LIST)

const state = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('memory') }),
  z.strictObject({ type: z.literal('sqlite'), path: described(z.string(), 'File; made when it is not there.') }),
  z.strictObject({
    type: z.literal('dynamodb'),
    table: described(
      z.string(),
      'Table with the string key `pk`, TTL on `expiresAt` and the index `wake` (packages/ingest/README.md).',
    ),
  }),
])

const store = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('files'),
    path: described(z.string(), 'Folder; made when it is not there.'),
    maxBytes: z._default(count('Most it may hold, bytes. A full spool refuses new events, it never drops old ones.'), 1 << 30),
  }),
  z.strictObject({
    type: z.literal('s3'),
    bucket: described(z.string(), 'Bucket.'),
    prefix: z._default(described(z.string(), 'Key prefix.'), 'weir/'),
  }),
])

const common = {
  name: described(z.string().check(NAME), 'Your name for this sink: the metric label and the spool folder.'),
  route: z._default(
    described(z.enum(ROUTES), 'What it gets: `findings`; `events` (security-relevant ones, with findings); or `all`.'),
    'findings',
  ),
}

const head = z.strictObject({
  streams: z._default(
    described(z.record(z.string().check(NAME), stream), 'By stream name: which sources each stream may carry.'),
    {
      telemetry: { sources: ['weir'] },
    },
  ),
  rules: z._default(
    z.strictObject({
      builtin: z._default(described(z.boolean(), "Run Weir's own pack."), true),
      paths: z._default(described(z.array(z.string()), 'Sigma rules: files or folders, relative to this file.'), []),
      mappings: z._default(
        described(
          z.array(z.string()),
          "Field mappings: YAML files, relative to this file. They come behind Weir's own, and win over them.",
        ),
        [],
      ),
      placeholders: z._default(
        described(
          z.record(z.string().check(PLACEHOLDER), list),
          'What `%name%` stands for in rules with `expand`, by name: a list of values, or a file with one value a line, relative to this one.',
        ),
        {},
      ),
      pack: z.optional(
        described(
          z.string().check(PACK_PLACE),
          'Where rule packs are published that take the place of these rules without a deploy: s3://BUCKET/PREFIX, or a folder on a laptop. `weir rules build` writes them.',
        ),
      ),
      disable: z._default(described(z.array(z.uuid()), 'Ids of rules and detectors that must not run.'), []),
    }),
    { builtin: true, paths: [], mappings: [], placeholders: {}, disable: [] },
  ),
  detections: z.prefault(
    z.strictObject({
      allowedExtensions: z._default(
        described(
          z.array(z.string()),
          'Extensions that may register in a sandbox, beside `weir`; `*` stands for any characters. A function narrows it by WEIR_ALLOWED_EXTENSIONS.',
        ),
        [],
      ),
      usdPerGbSecond: z._default(dollars('Price of a GB-second, US dollars (x86, first tier, us-east-1).'), 0.0000166667),
      usdPerRequest: z._default(dollars('Price of a request, US dollars.'), 0.0000002),
      billedUsdPerWindow: z._default(dollars('Denial of wallet: dollars one function may bill in one window.'), 5),
      failuresPerWindow: z._default(count('Timeout and out-of-memory storm: failures of one function in one window.'), 5),
      windowMinutes: z._default(count('Length of a window, minutes.'), 5),
      trustedAccounts: z._default(
        described(
          z.array(z.string().check(ACCOUNT)),
          "Accounts that may own layers and be granted access, beside an event's own.",
        ),
        [],
      ),
      secretsPerWindow: z._default(count('Secrets harvesting: different secrets one principal may read in one window.'), 10),
      latenessMinutes: z._default(
        count(
          'Correlations: how long after its time an event may come, minutes. Counts are exact up to it; what waits for the end of its window waits so much longer.',
        ),
        10,
      ),
      suppressionMinutes: z.optional(
        count('Correlations: a group makes one finding in so many minutes. Default: the timespan of each correlation.'),
      ),
    }),
    {},
  ),
  redaction: z.prefault(
    z.strictObject({
      key: z.optional(
        secret('Key of the fingerprints of redacted secrets. Without it they can be joined within one process only.'),
      ),
      keep: z._default(
        described(z.array(z.string()), 'Further field names whose values are identifiers, not secrets, and stay readable.'),
        [],
      ),
      also: z._default(
        described(
          z.array(z.enum(['email'])),
          'Kinds that are masked only where they are asked for, here in all that arrives; functions ask for themselves with WEIR_REDACT.',
        ),
        [],
      ),
    }),
    {},
  ),
  journal: z.prefault(
    z.strictObject({
      key: z.optional(
        secret(
          'Private key that opens what extensions leave in /tmp when they are killed; `weir keys` makes it, and the public key for functions.',
        ),
      ),
      formerKeys: z._default(
        described(
          z.array(secret('A private key.')),
          'Private keys of before: as long as functions run that have one of their public keys.',
        ),
        [],
      ),
    }),
    {},
  ),
  sinks: z._default(described(z.array(z.looseObject({ ...common, type: z.string() })), 'The destinations.'), []),
  state: z._default(state, { type: 'memory' }),
  spool: z._default(store, { type: 'files', path: '.weir/spool', maxBytes: 1 << 30 }),
  quarantine: z._default(store, { type: 'files', path: '.weir/quarantine', maxBytes: 1 << 30 }),
  onFailure: z.optional(
    z.strictObject({
      bucket: described(z.string(), "The event source mapping's on-failure bucket; `tick` moves what it holds into quarantine."),
      prefix: z._default(z.string(), 'aws/lambda/'),
    }),
  ),
  log: z._default(described(z.enum(['debug', 'info', 'warn', 'error', 'silent']), "Level of Weir's own log."), 'info'),
})

type Head = z.infer<typeof head>

/** A sink of the config: its options are parsed by the sink's own schema; secrets in them are still references. */
export interface SinkConfig {
  readonly name: string
  readonly type: string
  readonly route: Route
  readonly options: unknown
}

export type Config = Omit<Head, 'sinks'> & { readonly sinks: readonly SinkConfig[] }

/** One thing that is wrong, and where: a path such as `['sinks', 1, 'url']`. */
export interface ConfigIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Validates a parsed document. Throws `InvalidConfig` with every issue at once. */
export function validateConfig(document: unknown): Config {
  const parsed = head.safeParse(document ?? {})
  if (!parsed.success) throw new InvalidConfig(parsed.error.issues.flatMap(found => issuesOf(found)))
  const issues: ConfigIssue[] = []
  const taken = new Set<string>()
  const configured = parsed.data.sinks.map((given, index) => {
    const { name, type, route, ...rest } = given
    if (taken.has(name))
      issues.push({ path: ['sinks', index, 'name'], message: `"${name}" is taken by another sink; choose another name` })
    taken.add(name)
    const sink = Object.hasOwn(sinks, type) ? (sinks as Record<string, Sink<unknown>>)[type] : undefined
    if (!sink) {
      issues.push({ path: ['sinks', index, 'type'], message: oneOf(type, Object.keys(sinks)) })
      return { name, type, route, options: {} }
    }
    const options = sink.options.safeParse(rest)
    if (!options.success) issues.push(...options.error.issues.flatMap(found => issuesOf(found, ['sinks', index])))
    return { name, type, route, options: options.data }
  })
  if (issues.length > 0) throw new InvalidConfig(issues)
  return { ...parsed.data, sinks: configured }
}

/** The config is wrong; `issues` says every place. The message lists them without lines; `config-file.ts` adds those. */
export class InvalidConfig extends ConfigError {
  readonly issues: readonly ConfigIssue[]
  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(({ path, message }) => `${dotted(path)}: ${message}`).join('\n'))
    this.issues = issues
  }
}

/** `sinks[1].url` */
export function dotted(path: readonly (string | number)[]): string {
  const text = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return text.replace(/^\./, '') || 'config'
}

/** An option of a sink, for `weir sinks` and the docs. */
export interface SinkOption {
  readonly option: string
  readonly required: boolean
  readonly fallback: unknown
  readonly description: string
}

export function sinkOptions(sink: Sink<unknown>): SinkOption[] {
  const schema = z.toJSONSchema(sink.options, { io: 'input' }) as {
    properties?: Record<string, { description?: string; default?: unknown }>
    required?: string[]
  }
  return Object.entries(schema.properties ?? {}).map(([option, { description = '', default: fallback }]) => ({
    option,
    required: schema.required?.includes(option) ?? false,
    fallback,
    description,
  }))
}

/** The JSON Schema of `weir.yaml`, for editors. */
export function configSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(head, { io: 'input' }) as Record<string, unknown>
  const variants = Object.values(sinks as Record<string, Sink<unknown>>).map(sink => {
    const options = z.toJSONSchema(sink.options, { io: 'input' }) as { properties?: object; required?: string[] }
    const own = z.toJSONSchema(z.strictObject(common), { io: 'input' }) as { properties?: object }
    return {
      type: 'object',
      description: sink.summary,
      properties: { type: { const: sink.name }, ...own.properties, ...options.properties },
      required: ['name', 'type', ...(options.required ?? [])],
      additionalProperties: false,
    }
  })
  const properties = schema['properties'] as Record<string, unknown>
  properties['sinks'] = { type: 'array', description: 'The destinations.', items: { oneOf: variants } }
  return { ...schema, $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'weir.yaml' }
}

function issuesOf(found: z.core.$ZodIssue, prefix: readonly (string | number)[] = []): ConfigIssue[] {
  const path = [...prefix, ...found.path.map(part => (typeof part === 'symbol' ? String(part) : part))]
  if (found.code === 'unrecognized_keys') {
    const known = knownKeys(path)
    return found.keys.map(key => ({ path: [...path, key], message: oneOf(key, known, 'unknown option') }))
  }
  if (found.code === 'invalid_type' && /received undefined/.test(found.message)) {
    return [{ path, message: `is missing: expected ${found.expected}` }]
  }
  // A stream's name: the record says only that its key is wrong, the key's own issue says why.
  if (found.code === 'invalid_key') return [{ path, message: found.issues[0]?.message ?? found.message }]
  if (found.code === 'invalid_value')
    return [{ path, message: `expected ${found.values.map(v => JSON.stringify(v)).join(' or ')}` }]
  return [{ path, message: found.message }]
}

let knownSchema: Record<string, unknown> | undefined // made once: a config may have a thousand issues

/** The keys that may stand where an unknown one was found, for a suggestion. */
function knownKeys(path: readonly (string | number)[]): string[] {
  knownSchema ??= configSchema()
  let node: unknown = knownSchema
  for (const part of path) {
    const { properties, items, additionalProperties } = (node ?? {}) as Record<string, unknown>
    node =
      typeof part === 'number' ? items : ((properties as Record<string, unknown> | undefined)?.[part] ?? additionalProperties)
  }
  const { properties, oneOf: variants } = (node ?? {}) as { properties?: object; oneOf?: { properties?: object }[] }
  return [...Object.keys(properties ?? {}), ...(variants ?? []).flatMap(variant => Object.keys(variant.properties ?? {}))]
}

/** `unknown option "tokn"; did you mean "token"?` */
export function oneOf(given: string, known: readonly string[], what = 'unknown value'): string {
  const nearest = known
    .map(word => ({ word, distance: editDistance(given.toLowerCase(), word.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  const hint =
    nearest && nearest.distance <= Math.max(2, given.length / 3)
      ? `did you mean "${nearest.word}"?`
      : `known: ${known.join(', ') || 'none'}`
  return `${what} "${given}"; ${hint}`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
