import type { Credentials } from './credentials.ts'
import type { Host } from './host/host.ts'

export interface SignedRequest {
  readonly method: string
  /** An absolute path without a query: the APIs we call have neither. */
  readonly path: string
  /** To be signed, `host` included; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Signs for one service in one region. */
export interface Signer {
  /** The headers to add: `x-amz-date`, `x-amz-security-token` where there is one, `authorization`. */
  sign(request: SignedRequest, credentials: Credentials): Record<string, string>
}

/**
 * AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request"). Four of the five hashes depend on day and key only, so that
 * derived key is kept.
 */
export function createSigner(host: Host, region: string, service: string): Signer {
  let derived: { day: string; secret: string; key: Uint8Array } | undefined
  const key = (day: string, secret: string) => {
    if (derived?.day !== day || derived.secret !== secret) {
      const ofDay = host.hmac(`AWS4${secret}`, day)
      derived = { day, secret, key: host.hmac(host.hmac(host.hmac(ofDay, region), service), 'aws4_request') }
    }
    return derived.key
  }
  return {
    sign({ method, path, headers, body }, { keyId, secret, token }) {
      const stamp = new Date(host.now()).toISOString().replace(/[-:]|\.\d{3}/g, '')
      const day = stamp.slice(0, 8)
      const added = { 'x-amz-date': stamp, ...(token && { 'x-amz-security-token': token }) }
      const all = Object.entries({ ...headers, ...added }).sort(([a], [b]) => (a < b ? -1 : 1))
      const names = all.map(([name]) => name).join(';')
      const lines = all.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('')
      const canonical = [method, path, '', lines, names, hex(host.sha256(body))].join('\n')
      const scope = `${day}/${region}/${service}/aws4_request`
      const toSign = ['AWS4-HMAC-SHA256', stamp, scope, hex(host.sha256(canonical))].join('\n')
      const signature = hex(host.hmac(key(day, secret), toSign))
      return {
        ...added,
        authorization: `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      }
    },
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
