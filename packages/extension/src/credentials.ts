import type { Host } from './host/host.ts'
import { createClient, HttpError } from './http.ts'

export interface Credentials {
  readonly keyId: string
  readonly secret: string
  readonly token?: string
}

/** Where the function's own role's keys come from. */
export interface CredentialSource {
  /** Usable keys; throws CredentialsError. `timeoutMs` bounds a fetch, if one is needed. */
  get(timeoutMs: number): Promise<Credentials>
  /** The service refused the keys, or the sandbox was restored: ask again next time. */
  forget(): void
}

/** No usable keys. The message never holds one. */
export class CredentialsError extends Error {}

/** Fetched keys are renewed this long before they expire, ms. */
const RENEW_BEFORE_MS = 5 * 60_000
/** Plain HTTP with a token in it: to this machine or to the link-local container endpoints, nowhere else. */
const LOCAL = /^(127\.\d+\.\d+\.\d+|localhost|169\.254\.170\.2|169\.254\.170\.23)$/

/**
 * The environment's keys, or, under SnapStart where it has none, those of the container credentials endpoint
 * (`AWS_CONTAINER_CREDENTIALS_FULL_URI` and its token), renewed before they expire.
 */
export function createCredentials(host: Host): CredentialSource {
  const { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = host.env
  if (keyId && secret) {
    const fixed: Credentials = { keyId, secret, ...(token && { token }) }
    return { get: () => Promise.resolve(fixed), forget: () => {} }
  }
  let held: { credentials: Credentials; expires: number } | undefined
  return {
    async get(timeoutMs) {
      if (!held || host.now() > held.expires - RENEW_BEFORE_MS) held = await fetchCredentials(host, timeoutMs)
      return held.credentials
    },
    forget() {
      held = undefined
    },
  }
}

async function fetchCredentials(host: Host, timeoutMs: number): Promise<{ credentials: Credentials; expires: number }> {
  const uri = host.env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  const authorization = host.env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  if (!uri) throw new CredentialsError('none in the environment')
  let url: URL
  try {
    url = new URL(uri)
  } catch {
    throw new CredentialsError('credentials endpoint: not a URL')
  }
  if (url.protocol !== 'http:' || !LOCAL.test(url.hostname))
    throw new CredentialsError('credentials endpoint: not on this machine')
  const client = createClient(host, { host: url.hostname, port: Number(url.port) || 80, tls: false })
  try {
    const headers: Record<string, string> = authorization ? { Authorization: authorization } : {}
    const answer = await client.request({ method: 'GET', path: url.pathname + url.search, headers, timeoutMs })
    if (answer.status !== 200) throw new CredentialsError(`credentials endpoint: status ${answer.status}`)
    return readAnswer(Buffer.from(answer.body).toString())
  } catch (error) {
    if (error instanceof HttpError) throw new CredentialsError(`credentials endpoint: ${error.kind}`)
    throw error
  } finally {
    client.close()
  }
}

function readAnswer(text: string): { credentials: Credentials; expires: number } {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    answer = undefined
  }
  const field = (name: string): string => {
    const value = typeof answer === 'object' && answer ? Reflect.get(answer, name) : undefined
    return typeof value === 'string' ? value : ''
  }
  const expires = Date.parse(field('Expiration'))
  const [keyId, secret, token] = [field('AccessKeyId'), field('SecretAccessKey'), field('Token')]
  if (!keyId || !secret || Number.isNaN(expires)) throw new CredentialsError('credentials endpoint: an answer without keys')
  return { credentials: { keyId, secret, ...(token && { token }) }, expires }
}
