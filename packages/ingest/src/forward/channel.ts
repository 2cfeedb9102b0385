import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { ConfigError } from '../errors.ts'
import { TransportError, type TransportErrorKind } from '../http.ts'
import { resolveOptions, type SecretResolver } from '../secrets.ts'
import type { Judgement, Sink, SinkIo, SinkRequest, SinkResponse, Verdict } from '../sink.ts'

/** A sink with its name in the config and its options: parsed, secrets in them still references. */
export interface ConfiguredSink {
  readonly name: string
  readonly sink: Sink<unknown>
  readonly options: unknown
}

/** A sink ready to be sent to: secrets resolved, credentials in hand. */
export interface Session {
  readonly options: unknown
  readonly headers: Readonly<Record<string, string>>
}

/** What forward reads of any sink's options; each is optional in a sink on this machine. */
interface TransportOptions {
  readonly timeoutMs?: number
  readonly compression?: string
  readonly ca?: string
  readonly allowPrivateNetwork?: boolean
}

const TIMEOUT_MS = 10_000
const EARLY_MS = 60_000 // credentials are renewed this long before they expire, or at nine tenths of a shorter life
/** Secrets and credentials are fetched anew this often at most: a refused index must not cost each call a question to the secret store. */
const REFRESH_MS = 60_000
const compress = promisify(gzip)

/** One sink's line to the outside: its secrets, its credentials, and one request at a time. */
export class Channel {
  readonly name: string
  readonly sink: Sink<unknown>
  readonly #configured: unknown
  readonly #secrets: SecretResolver
  readonly #io: SinkIo
  #authorized: { readonly headers: Readonly<Record<string, string>>; readonly renewAt: number } | undefined
  #refreshedAt = Number.NEGATIVE_INFINITY
  #authorizing: Promise<Readonly<Record<string, string>>> | undefined

  constructor({ name, sink, options }: ConfiguredSink, secrets: SecretResolver, io: SinkIo) {
    this.name = name
    this.sink = sink
    this.#configured = options
    this.#secrets = secrets
    this.#io = io
  }

  /** Secrets and credentials fetched anew, because the far side refused those it has; undefined where that was just done. */
  async refresh(timeoutMs: number): Promise<Session | undefined> {
    if (this.#io.now() - this.#refreshedAt < REFRESH_MS) return undefined
    this.#refreshedAt = this.#io.now()
    return this.open({ fresh: true, timeoutMs })
  }

  /** Resolves secrets and obtains credentials, or takes those it has. `fresh`: the far side refused those it has. */
  async open({ fresh, timeoutMs }: { readonly fresh: boolean; readonly timeoutMs: number }): Promise<Session> {
    const opening = async (): Promise<Session> => {
      const options = await resolveOptions(this.sink, this.#configured, this.#secrets, { fresh })
      return { options, headers: await this.#authorize(options, fresh) }
    }
    return within(timeoutMs, 'secrets and credentials', opening())
  }

  async #authorize(options: unknown, fresh: boolean): Promise<Readonly<Record<string, string>>> {
    if (!this.sink.authorize) return {}
    if (!fresh && this.#authorized && this.#io.now() < this.#authorized.renewAt) return this.#authorized.headers
    this.#authorizing ??= this.sink
      .authorize(options, {
        now: this.#io.now,
        request: (request, given) => this.#io.request(request, { ...network(options), ...given }),
      })
      .then(({ headers, expiresAt }) => {
        const life = expiresAt - this.#io.now()
        this.#authorized = { headers, renewAt: expiresAt - Math.min(EARLY_MS, life / 10) }
        return headers
      })
      .finally(() => {
        this.#authorizing = undefined
      })
    return this.#authorizing
  }

  /** The longest one attempt may take, by the sink's own options. */
  timeoutMs({ options }: Session): number {
    return (options as TransportOptions | undefined)?.timeoutMs ?? TIMEOUT_MS
  }

  /** The request as it goes out: credentials added, body compressed. Done once; retries send the same bytes. */
  async dress(request: SinkRequest, session: Session): Promise<SinkRequest> {
    const headers = { ...request.headers, ...session.headers }
    if ((session.options as TransportOptions | undefined)?.compression !== 'gzip' || request.method === 'GET' || this.sink.send) {
      return { ...request, headers }
    }
    // Level 1: telemetry compresses well at any level, and the time is the function's bill.
    return { ...request, headers: { ...headers, 'content-encoding': 'gzip' }, body: await compress(request.body, { level: 1 }) }
  }

  /** One attempt. Rejects where no answer came. */
  send(request: SinkRequest, events: readonly OcsfEvent[], { options }: Session, timeoutMs: number): Promise<SinkResponse> {
    if (this.sink.send) return within(timeoutMs, 'the sink', this.sink.send(request, events, options))
    return this.#io.request(request, { ...network(options), timeoutMs })
  }
}

/** The options of the HTTP client that the sink's config decides. */
function network(options: unknown): { ca?: string; allowPrivateNetwork?: boolean } {
  const { ca, allowPrivateNetwork } = (options ?? {}) as TransportOptions
  return { ...(ca !== undefined && { ca }), ...(allowPrivateNetwork !== undefined && { allowPrivateNetwork }) }
}

/** A request has its own deadline; this is for what a sink or a secret store does by itself. */
async function within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TransportError('timeout', `${what}: no answer within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const TRANSPORT: Readonly<Record<TransportErrorKind, Verdict>> = {
  dns: 'retry',
  connect: 'retry',
  tls: 'retry', // an expired certificate is renewed without us
  timeout: 'retry',
  reset: 'retry',
  'too-large': 'retry',
  protocol: 'retry',
  'refused-address': 'hold', // only a change of the config, or of the name's address, can mend it
}

/** What it means for events that no answer came. */
export function judgeError(error: unknown): Judgement {
  if (error instanceof TransportError) return { verdict: TRANSPORT[error.kind], reason: error.message }
  if (error instanceof ConfigError) return { verdict: 'hold', reason: error.message }
  // A stranger's message may hold content.
  return { verdict: 'retry', reason: `failed: ${error instanceof Error ? error.name : 'unknown error'}` }
}

const VERDICTS: Readonly<Record<Verdict, true>> = {
  delivered: true,
  duplicate: true,
  retry: true,
  split: true,
  hold: true,
  rejected: true,
}

/** One judgement for each event. Whatever a sink cannot make sense of is "again later", never "delivered". */
export function judgeAll(
  sink: Sink<unknown>,
  response: SinkResponse,
  events: readonly OcsfEvent[],
  options: unknown,
): readonly Judgement[] {
  const everyone = (judgement: Judgement): Judgement[] => events.map(() => judgement)
  let said: Judgement | readonly Judgement[]
  try {
    said = sink.judge(response, events, options)
  } catch {
    return everyone({ verdict: 'retry', reason: `HTTP ${response.status}: the answer cannot be read` })
  }
  const list: readonly Judgement[] = Array.isArray(said) ? said : everyone(said as Judgement)
  const known = list.length === events.length && list.every(judgement => Object.hasOwn(VERDICTS, judgement?.verdict ?? ''))
  return known
    ? list
    : everyone({ verdict: 'retry', reason: `HTTP ${response.status}: the answer does not speak of every event` })
}
