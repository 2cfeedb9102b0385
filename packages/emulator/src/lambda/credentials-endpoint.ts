import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Credentials } from '../kinesis/sigv4.ts'

/** What it gives before the restore: keys that no service takes, so that whoever keeps them over the snapshot is found out. */
const OF_THE_SNAPSHOT: Credentials = { accessKeyId: 'snapshot', secretAccessKey: 'snapshot', sessionToken: 'snapshot' }
const LIFE_MS = 6 * 3_600_000

/**
 * The credentials endpoint of a SnapStart environment, `GET /2021-04-23/credentials` under its token (AWS's emulator:
 * internal/lambda/rapi/handler/credentials.go): keys in the environment would be those of the snapshot for ever.
 */
export class CredentialsEndpoint {
  readonly token: string
  readonly #now: () => number
  #credentials = OF_THE_SNAPSHOT

  constructor(token: string, now: () => number) {
    this.token = token
    this.#now = now
  }

  restored(credentials: Credentials): void {
    this.#credentials = credentials
  }

  /** False when the request is for something else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' || request.url !== '/2021-04-23/credentials') return false
    request.resume()
    if (request.headers.authorization !== this.token) {
      response.writeHead(404).end('cannot get credentials for the provided token')
      return true
    }
    const { accessKeyId, secretAccessKey, sessionToken = '' } = this.#credentials
    const Expiration = new Date(this.#now() + LIFE_MS).toISOString()
    response.end(JSON.stringify({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration }))
    return true
  }
}
