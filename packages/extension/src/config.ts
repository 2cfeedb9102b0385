import type { Target } from './host/host.ts'

export interface Stream {
  readonly arn: string
  readonly name: string
  readonly region: string
}

/** When to flush: `end` of every invocation, by `interval`, or `auto`: `end` while invocations are rare, `interval` when they are frequent. */
export type FlushMode = 'auto' | 'end' | 'interval'

/** What the extension was told, all of it from the environment. */
export interface Config {
  /** Absent: there is nowhere to ship to, and the extension idles. */
  readonly stream: { readonly stream: Stream; readonly endpoint: Target } | undefined
  readonly runtimeApi: Target
  readonly telemetryHost: string
  readonly bind: string
  readonly bufferBytes: number
  readonly flush: FlushMode
  readonly extensionLogs: boolean
  readonly fingerprintKey: string | undefined
  /** The public key of ingest, X25519, 32 bytes; absent: there is no journal. */
  readonly journalKey: Uint8Array | undefined
  /** What the extension may add to an invocation after its end, milliseconds: above it, it sheds work. */
  readonly budgetMs: number
  /** The extensions that belong to this function, by name; absent: nobody has said. */
  readonly allowedExtensions: readonly string[] | undefined
  /** Listen for OTLP on localhost:4318. */
  readonly otlp: boolean
  /** List the packages that were deployed with the function. */
  readonly inventory: boolean
  /** Kinds that are masked only where they are asked for, such as `email`. */
  readonly redact: readonly string[]
  /** What the launcher got when it registered. */
  readonly registered: { readonly id: string; readonly answer: string } | undefined
  readonly initializationType: string
  readonly functionName: string
  readonly functionVersion: string
  readonly memoryMb: number
  readonly region: string
  /** What is wrong with the above, each a line with the variable and the way out. Never a value: anything may have been pasted there. */
  readonly faults: readonly string[]
}

/** The extension's name: Lambda requires that it equals the file's name in /opt/extensions. */
export const NAME = 'weir'
/** How each line that we print begins. */
export const OWN_PREFIX = `${NAME}: `

const ARN = /^arn:(aws[a-z-]*):kinesis:([a-z0-9-]{5,32}):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/
const MIN_BUFFER = 64 * 1024
const MAX_BUFFER = 16 * 1024 * 1024
const DEFAULT_BUFFER = 4 * 1024 * 1024
const DEFAULT_BUDGET_MS = 50
const KEY_BYTES = 32

/**
 * Reads the environment. Never throws: a variable that cannot be used is a fault, and its default holds. Only the stream has no default.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const text = (name: string, fallback = '') => env[name]?.trim() || fallback
  const choice = <T extends string>(name: string, allowed: readonly [T, ...T[]]): T => {
    const value = text(name, allowed[0])
    const found = allowed.find(each => each === value)
    if (found === undefined) faults.push(`${name}: expected one of ${allowed.join(', ')}`)
    return found ?? allowed[0]
  }

  const words = (name: string) =>
    text(name)
      .split(',')
      .map(each => each.trim())
      .filter(each => each !== '')
  const number = (name: string, what: string, fallback: number, least: number, most: number): number => {
    const value = text(name)
    if (!value) return fallback
    const found = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (found >= least && found <= most) return found
    faults.push(`${name}: expected ${what} from ${least} to ${most}`)
    return fallback
  }

  const region = text('AWS_REGION', text('AWS_DEFAULT_REGION'))
  const stream = readStream(text('WEIR_STREAM_ARN'), faults)
  const endpoint = stream && readEndpoint(text('WEIR_KINESIS_ENDPOINT'), stream, faults)
  const [host = '127.0.0.1', port = '9001'] = text('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:9001').split(':')
  const id = text('WEIR_EXT_ID')
  return {
    stream: stream && endpoint && { stream, endpoint },
    runtimeApi: { host, port: Number(port), tls: false },
    telemetryHost: text('WEIR_TELEMETRY_HOST', 'sandbox.localdomain'),
    bind: text('WEIR_BIND', '0.0.0.0'),
    bufferBytes: number('WEIR_BUFFER_BYTES', 'a number of bytes', DEFAULT_BUFFER, MIN_BUFFER, MAX_BUFFER),
    flush: choice('WEIR_FLUSH', ['auto', 'end', 'interval']),
    extensionLogs: choice('WEIR_EXTENSION_LOGS', ['0', '1']) === '1',
    fingerprintKey: text('WEIR_FINGERPRINT_KEY') || undefined,
    journalKey: readKey(text('WEIR_JOURNAL_KEY'), faults),
    budgetMs: number('WEIR_BUDGET_MS', 'milliseconds', DEFAULT_BUDGET_MS, 1, 1_000),
    allowedExtensions: env['WEIR_ALLOWED_EXTENSIONS'] === undefined ? undefined : words('WEIR_ALLOWED_EXTENSIONS'),
    otlp: choice('WEIR_OTLP', ['0', '1']) === '1',
    inventory: choice('WEIR_INVENTORY', ['1', '0']) === '1',
    redact: words('WEIR_REDACT'),
    registered: id ? { id, answer: text('WEIR_EXT_ANSWER') } : undefined,
    initializationType: text('AWS_LAMBDA_INITIALIZATION_TYPE'),
    functionName: text('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: text('AWS_LAMBDA_FUNCTION_VERSION'),
    memoryMb: Number(/^\d{1,6}$/.exec(text('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'))?.[0] ?? 0),
    region: region || (stream?.region ?? ''),
    faults,
  }
}

function readStream(value: string, faults: string[]): Stream | undefined {
  const [arn, , region, , name] = ARN.exec(value) ?? []
  if (arn !== undefined && region !== undefined && name !== undefined) return { arn, region, name }
  const wanted = 'arn:aws:kinesis:<region>:<account>:stream/<name>'
  faults.push(value ? `WEIR_STREAM_ARN: not a stream's ARN; expected ${wanted}` : `WEIR_STREAM_ARN: not set; expected ${wanted}`)
  return undefined
}

/** The stream's own region, or the endpoint that was given. Plain HTTP is for a laptop, so it goes to loopback or nowhere. */
function readEndpoint(value: string, stream: Stream, faults: string[]): Target | undefined {
  if (!value) {
    const domain = stream.arn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com'
    return { host: `kinesis.${stream.region}.${domain}`, port: 443, tls: true }
  }
  const url = parseUrl(value)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || (url.pathname !== '/' && url.pathname !== '')) {
    faults.push('WEIR_KINESIS_ENDPOINT: expected https://<host>, or http://127.0.0.1:<port> on a laptop')
    return undefined
  }
  const tls = url.protocol === 'https:'
  if (!tls && !LOOPBACK.test(url.hostname)) {
    faults.push('WEIR_KINESIS_ENDPOINT: plain http goes to loopback only; use https')
    return undefined
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (tls ? 443 : 80), tls }
}

function parseUrl(value: string): URL | undefined {
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

/** A public key as `weir keys` prints it: 32 bytes in base64. */
function readKey(value: string, faults: string[]): Uint8Array | undefined {
  if (!value) return undefined
  const key = Buffer.from(value, 'base64')
  if (/^[\w+/-]+=?$/.test(value) && key.length === KEY_BYTES) return key
  faults.push('WEIR_JOURNAL_KEY: expected a public key as `weir keys` prints it, 32 bytes in base64')
  return undefined
}
