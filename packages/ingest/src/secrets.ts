import { readFile as readFileFromDisk } from 'node:fs/promises'
import * as z from 'zod/mini'
import { ConfigError, SourceUnavailable } from './errors.ts'
import type { Sink } from './sink.ts'

/** A secret in the config is a reference, never the secret itself. */
export const SECRET_REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|secretsmanager:.+|ssm:.+)$/

/** An option that holds a secret by reference. List its name in the sink's `secrets` too: only those are resolved. */
export const secret = (description: string) =>
  z.string().check(
    z.regex(SECRET_REFERENCE, {
      error: 'a secret is given by reference: env:NAME, file:PATH, secretsmanager:ARN[#KEY] or ssm:NAME',
    }),
    z.describe(description),
  )

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => Promise<string>
  /** The SecretString of a secret, its current version. Default: AWS Secrets Manager, its client loaded on first use. */
  readonly secretsManager?: (id: string) => Promise<string>
  /** The decrypted value of a parameter. Default: AWS Systems Manager, its client loaded on first use. */
  readonly ssm?: (name: string) => Promise<string>
  readonly now: () => number
}

export interface SecretResolver {
  /**
   * The secret behind a reference, trimmed. Kept for five minutes, and longer while the source cannot be asked; `fresh` asks the source
   * again, for a far side that refused the kept one. Callers at the same moment share one question. Throws `ConfigError` that names the reference and
   * never the value, `SourceUnavailable` where it may be had in a while, as when no answer comes `withinMs`. Where there is no value, a failure is kept
   * for 30 s, or until an answer comes after all.
   */
  resolve(reference: string, options?: { readonly fresh?: boolean; readonly withinMs?: number }): Promise<string>
}

const TTL_MS = 300_000 // as the AWS Parameters and Secrets extension: 300 s is its default and its most
const FAILED_MS = 30_000 // a source that failed is not asked again so long: its timeouts would be every call's
const MAX_SECRET_BYTES = 65_536 // Secrets Manager's own limit

/** What may stand in a header, or a PEM certificate for an authority: whatever else it is, it would fail later and less clearly. */
const TOKEN = /^[\x21-\x7e]+$/
const CERTIFICATES = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/

export function createSecretResolver(sources: SecretSources): SecretResolver {
  const kept = new Map<string, { readonly value: string; readonly until: number }>()
  const failed = new Map<string, { readonly error: unknown; readonly until: number }>()
  const asked = new Map<string, Promise<string>>()

  const ask = async (reference: string): Promise<string> => {
    try {
      const value = validated(reference, await read(reference, sources))
      kept.set(reference, { value, until: sources.now() + TTL_MS })
      failed.delete(reference)
      return value
    } catch (error) {
      return fail(reference, error)
    }
  }
  const fail = (reference: string, error: unknown): never => {
    failed.set(reference, { error, until: sources.now() + FAILED_MS })
    throw error
  }
  return {
    resolve(reference, { fresh = false, withinMs } = {}) {
      const known = kept.get(reference)
      if (known && !fresh && sources.now() < known.until) return Promise.resolve(known.value)
      const failure = failed.get(reference)
      if (!known && !fresh && failure && sources.now() < failure.until) return Promise.reject(failure.error)
      let question = asked.get(reference)
      if (!question) {
        question = ask(reference).finally(() => asked.delete(reference))
        asked.set(reference, question)
      }
      // A source that is down for a while must not stop a sink whose secret was good: whether it still is, the far side will say.
      const answer = withinMs === undefined ? question : inTime(question, withinMs, reference, fail)
      if (!known || fresh) return answer
      return answer.catch(() => {
        kept.set(reference, { value: known.value, until: sources.now() + FAILED_MS })
        return known.value
      })
    },
  }
}

/** The question goes on without us: whoever asks next has its answer. */
async function inTime<Value>(
  question: Promise<Value>,
  ms: number,
  reference: string,
  late: (reference: string, error: SourceUnavailable) => never,
): Promise<Value> {
  question.catch(() => {}) // when it loses the race
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  try {
    const first = await Promise.race([question.then(value => ({ value })), promise])
    return first ? first.value : late(reference, new SourceUnavailable(`${reference}: gave no answer in time`))
  } finally {
    clearTimeout(timer)
  }
}

type Reader = (rest: string, sources: SecretSources) => Promise<string | undefined>

const READERS: Readonly<Record<string, Reader>> = {
  env: async (name, { env }) => env[name],
  file: (path, { readFile = file => readFileFromDisk(file, 'utf8') }) => readFile(path),
  secretsmanager: async (rest, { secretsManager = fromSecretsManager }) => {
    const [id = '', key] = rest.split('#', 2)
    return field(await secretsManager(id), key)
  },
  ssm: (name, { ssm = fromParameterStore }) => ssm(name),
}

async function read(reference: string, sources: SecretSources): Promise<string> {
  const colon = reference.indexOf(':')
  const reader = SECRET_REFERENCE.test(reference) ? READERS[reference.slice(0, colon)] : undefined
  // What is not a reference may be a secret somebody pasted: it is not repeated.
  if (!reader) throw new ConfigError('a secret is given by reference: env:NAME, file:PATH, secretsmanager:ARN[#KEY] or ssm:NAME')
  let value: string | undefined
  try {
    value = await reader(reference.slice(colon + 1), sources)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${reference}: ${error.message}`)
    // The original's message and cause may hold the value; its name or code is enough to mend it.
    if (isPassing(error)) throw new SourceUnavailable(`${reference}: cannot be read now (${codeOf(error)})`)
    throw new ConfigError(`${reference}: cannot be read (${codeOf(error)}); see that it exists and that Weir may read it`)
  }
  if (value === undefined) throw new ConfigError(`${reference}: is not set`)
  return value
}

function validated(reference: string, raw: string): string {
  const value = raw.trim()
  if (value === '') throw new ConfigError(`${reference}: is empty`)
  if (value.length > MAX_SECRET_BYTES) throw new ConfigError(`${reference}: is longer than ${MAX_SECRET_BYTES} characters`)
  if (TOKEN.test(value) ? value.startsWith('{') : !CERTIFICATES.test(value)) {
    throw new ConfigError(
      value.startsWith('{')
        ? `${reference}: holds a JSON object; name the field, as in secretsmanager:ARN#KEY`
        : `${reference}: holds a space, a line break or another character that no header may carry`,
    )
  }
  return value
}

/** One field of a secret that is a JSON object, or the secret itself where no field is named. */
function field(text: string, key: string | undefined): string {
  if (key === undefined) return text
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new ConfigError('is not JSON, so it has no fields; leave out the # and what follows') // JSON.parse's message quotes its input
  }
  const fields = typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {}
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (typeof value !== 'string') throw new ConfigError('has no such field that holds text')
  return value
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error'
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' && /^\w+$/.test(code) ? code : error.name.replace(/\W/g, '')
}

/** Node's codes for a network that fails, and the names that AWS gives to throttling and to faults of its own. */
const PASSING =
  /^(E(CONNREFUSED|CONNRESET|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN)|ENOTFOUND|TimeoutError|AbortError|.*Thrott.*|TooManyRequestsException|RequestLimitExceeded|Internal(Service|Server|Failure).*|ServiceUnavailable.*)$/

/** Whether a later try may do: no answer, throttled, or the far side's own fault. The SDK's errors carry the status. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { $metadata, name } = error as { readonly $metadata?: { readonly httpStatusCode?: number } } & Error
  const status = $metadata?.httpStatusCode ?? 0
  return status === 429 || status >= 500 || PASSING.test(codeOf(error)) || PASSING.test(name)
}

const CLIENT = { requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } }

async function fromSecretsManager(id: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient(CLIENT)
  try {
    // The current version only: a pending one is not yet valid at the far side.
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }))
    if (SecretString === undefined) throw new ConfigError('holds bytes; store the secret as text')
    return SecretString
  } finally {
    client.destroy()
  }
}

async function fromParameterStore(name: string): Promise<string> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm')
  const client = new SSMClient(CLIENT)
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))
    if (Parameter?.Value === undefined) throw new ConfigError('holds no value')
    return Parameter.Value
  } finally {
    client.destroy()
  }
}

/**
 * A sink's options with its secrets in place of their references. A secret option is a reference, or a list or record of values among which
 * the references are resolved. Options without a value stay without.
 */
export async function resolveOptions<Options>(
  sink: Pick<Sink<Options>, 'secrets'>,
  options: Options,
  resolver: SecretResolver,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<Options> {
  const resolved = { ...(options as Record<string, unknown>) }
  for (const name of sink.secrets) {
    if (resolved[name] !== undefined) resolved[name] = await resolveValue(resolved[name], ref => resolver.resolve(ref, { fresh }))
  }
  return resolved as Options
}

async function resolveValue(value: unknown, resolve: (reference: string) => Promise<string>): Promise<unknown> {
  if (typeof value === 'string') return resolve(value)
  const within = async (inner: unknown): Promise<unknown> =>
    typeof inner === 'string' && SECRET_REFERENCE.test(inner) ? resolve(inner) : inner
  if (Array.isArray(value)) return Promise.all(value.map(within))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, inner]) => [key, await within(inner)] as const)),
  )
}
