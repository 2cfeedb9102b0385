import { type LookupAddress, promises as dns } from 'node:dns'
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { WeirError } from './errors.ts'
import { addressKind, isLoopbackHost } from './forward/address.ts'
import type { SinkRequest, SinkResponse } from './sink.ts'

/** Why no answer came. `protocol`: something answered that does not speak HTTP. */
export type TransportErrorKind = 'dns' | 'connect' | 'tls' | 'timeout' | 'reset' | 'refused-address' | 'too-large' | 'protocol'

/** No answer, or none that may be read. The message names the host and an error code; never credentials, headers or bodies. */
export class TransportError extends WeirError {
  override readonly name = 'TransportError'
  readonly kind: TransportErrorKind
  constructor(kind: TransportErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export interface RequesterOptions {
  /** Resolves a host name; for tests. Default: the system's resolver. */
  readonly lookup?: (hostname: string) => Promise<readonly LookupAddress[]>
  readonly now?: () => number
}

export interface RequestOptions {
  /** For the whole attempt. */
  readonly timeoutMs: number
  /** PEM. */
  readonly ca?: string
  /** Lets this sink stand in a private network (RFC 1918, unique local). Link-local and metadata addresses stay closed. Default false. */
  readonly allowPrivateNetwork?: boolean
}

/** A `SinkIo['request']` that knows one option more; `forward` gives it for the sinks that have it. */
export interface Requester {
  (request: SinkRequest, options: RequestOptions): Promise<SinkResponse>
  /** Closes idle connections. Not needed for the process to exit: idle sockets do not hold it. */
  close(): void
}

const MAX_RESPONSE_BYTES = 4 << 20 // SinkResponse.body's promise
const MAX_IDLE_MS = 50_000 // NAT gateways forget a flow after 350 s, and a frozen sandbox fires no timer: by the wall clock, well before that

/**
 * HTTP for sinks, over node:http and node:https. One deadline covers name, connection, request and answer. No redirect is followed: a 3xx is
 * an answer like any other, so that neither body nor credentials reach a host that the config does not name. TLS 1.2 or newer, always
 * verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says; with `ca`, only that authority is trusted. Plain HTTP is for loopback only. A host
 * name is resolved once per connection, every address it has must be allowed, and the connection goes to what was checked.
 *
 * Rejects with `TransportError` only. A kept connection that died while idle is replaced once, at once, within the same deadline.
 */
export function createRequester(options: RequesterOptions = {}): Requester {
  const now = options.now ?? Date.now
  const resolve = options.lookup ?? (hostname => dns.lookup(hostname, { all: true, verbatim: true }))
  let agents = makeAgents()
  let lastUse = now()

  const requester = async (
    request: SinkRequest,
    { timeoutMs, ca, allowPrivateNetwork = false }: RequestOptions,
  ): Promise<SinkResponse> => {
    const guard: Guard = { resolve, allowPrivate: allowPrivateNetwork }
    const url = checkUrl(request.url, guard)
    if (now() - lastUse > MAX_IDLE_MS) {
      closeAgents(agents)
      agents = makeAgents()
    }
    lastUse = now()
    const deadline = performance.now() + timeoutMs
    for (let fresh = false; ; fresh = true) {
      try {
        return await attempt({ request, url, ca, agents, guard, timeoutMs: Math.max(0, deadline - performance.now()), fresh })
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error
      }
    }
  }
  return Object.assign(requester, { close: () => closeAgents(agents) })
}

interface Guard {
  readonly resolve: (hostname: string) => Promise<readonly LookupAddress[]>
  readonly allowPrivate: boolean
}

interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

const makeAgents = (): Agents => ({
  http: new HttpAgent({ keepAlive: true, maxSockets: 16, timeout: MAX_IDLE_MS }),
  https: new HttpsAgent({ keepAlive: true, maxSockets: 16, timeout: MAX_IDLE_MS }),
})

function closeAgents({ http, https }: Agents): void {
  http.destroy()
  https.destroy()
}

/** Our own marker: a reused connection was dead before it carried anything back. */
class StaleConnection extends WeirError {}

function checkUrl(text: string, guard: Guard): URL {
  const url = URL.parse(text)
  if (!url) throw new TransportError('refused-address', 'the URL cannot be parsed')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TransportError('refused-address', `${url.protocol}// is not a protocol for sinks; use https://`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TransportError(
      'refused-address',
      `the URL of ${url.hostname} holds credentials; give them as a secret reference instead`,
    )
  }
  const local = isLoopbackHost(url.hostname)
  if (url.protocol === 'http:' && !local) {
    throw new TransportError('refused-address', `http:// to ${url.hostname} would send events in the clear; use https://`)
  }
  const literal = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  if (isIP(literal)) checkAddress(url.hostname, literal, guard)
  return url
}

function checkAddress(hostname: string, address: string, guard: Guard): void {
  const kind = addressKind(address)
  if (kind === 'public' || (kind === 'private' && guard.allowPrivate)) return
  if (kind === 'loopback' && isLoopbackHost(hostname)) return
  const hint = kind === 'private' ? '; allow private networks in the config if the sink stands there' : ''
  throw new TransportError('refused-address', `${hostname} is at ${address}, a ${kind} address${hint}`)
}

/** A resolver for one connection: what it answers has been checked, and the socket connects to nothing else. */
const guardedLookup =
  (guard: Guard): LookupFunction =>
  (hostname, options, callback) => {
    const answer = async (): Promise<LookupAddress[]> => {
      const found = await guard.resolve(hostname)
      if (found.length === 0) throw new TransportError('dns', `${hostname} has no address`)
      for (const { address } of found) checkAddress(hostname, address, guard)
      return [...found]
    }
    callbackify(answer)((error, found) => {
      if (error) callback(error, '')
      else if (options.all) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    })
  }

interface Attempt {
  readonly request: SinkRequest
  readonly url: URL
  readonly ca: string | undefined
  readonly agents: Agents
  readonly guard: Guard
  readonly timeoutMs: number
  /** Take no kept connection. */
  readonly fresh: boolean
}

function attempt({ request, url, ca, agents, guard, timeoutMs, fresh }: Attempt): Promise<SinkResponse> {
  return new Promise((resolve, reject) => {
    const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
    const headers: Record<string, string> = { ...request.headers }
    if (request.method !== 'GET') headers['content-length'] = String(body.byteLength)
    const secure = url.protocol === 'https:'
    let outgoing: ClientRequest
    try {
      outgoing = (secure ? httpsRequest : httpRequest)(url, {
        method: request.method,
        headers,
        agent: fresh ? false : secure ? agents.https : agents.http,
        lookup: guardedLookup(guard),
        ...(secure && { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca !== undefined && { ca }) }),
      })
    } catch {
      // Node's own message may hold the offending value.
      reject(new TransportError('protocol', `the request to ${url.hostname} has a header that HTTP does not allow`))
      return
    }
    let incoming: IncomingMessage | undefined
    let settled = false
    const finish = (error: TransportError | StaleConnection | undefined, response?: SinkResponse): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      // After an early answer the request may still be on its way out: such a connection cannot carry another.
      if (error || !outgoing.writableFinished) outgoing.destroy()
      if (response) resolve(response)
      else reject(error ?? new TransportError('reset', `${url.hostname} closed the connection`))
    }
    const timer = setTimeout(
      () => finish(new TransportError('timeout', `${url.hostname} did not answer within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    )

    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (incoming) return // the answer has begun, and its own events decide
      const failure = transportError(error, url.hostname)
      finish(failure.kind === 'reset' && outgoing.reusedSocket && !fresh ? new StaleConnection('stale') : failure)
    })
    outgoing.on('response', (message: IncomingMessage) => {
      incoming = message
      const tooLarge = new TransportError('too-large', `${url.hostname} answered with more than ${MAX_RESPONSE_BYTES} bytes`)
      if (Number(message.headers['content-length'] ?? 0) > MAX_RESPONSE_BYTES) return finish(tooLarge)
      const chunks: Buffer[] = []
      let size = 0
      message.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_RESPONSE_BYTES) finish(tooLarge)
        else chunks.push(chunk)
      })
      message.on('error', (error: NodeJS.ErrnoException) => finish(transportError(error, url.hostname)))
      message.on('close', () => finish(new TransportError('reset', `${url.hostname} closed the connection within its answer`)))
      message.on('end', () => {
        if (!message.complete) return
        finish(undefined, { status: message.statusCode ?? 0, headers: flatten(message), body: Buffer.concat(chunks, size) })
      })
    })
    outgoing.end(request.method === 'GET' ? undefined : body)
  })
}

function flatten(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}

const KINDS: readonly (readonly [code: RegExp, kind: TransportErrorKind])[] = [
  [/^(ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/, 'dns'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM)$/, 'connect'],
  [
    /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_OSSL_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|EPROTO$)/,
    'tls',
  ],
  [/^HPE_HEADER_OVERFLOW$/, 'too-large'],
  [/^HPE_/, 'protocol'],
]

/** Only the code is kept of the original: its message may hold what was sent. */
function transportError(
  error: NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] },
  hostname: string,
): TransportError {
  if (error instanceof TransportError) return error
  const code = error.code ?? error.errors?.[0]?.code ?? 'ECONNRESET'
  const kind = KINDS.find(([pattern]) => pattern.test(code))?.[1] ?? 'reset'
  return new TransportError(kind, `${hostname}: ${WORDS[kind]} (${code})`)
}

const WORDS: Readonly<Record<TransportErrorKind, string>> = {
  dns: 'the name cannot be resolved',
  connect: 'no connection',
  tls: 'the TLS connection was refused',
  timeout: 'no answer in time',
  reset: 'the connection broke',
  'refused-address': 'the address is not allowed',
  'too-large': 'the answer is too large',
  protocol: 'the answer is not HTTP',
}
