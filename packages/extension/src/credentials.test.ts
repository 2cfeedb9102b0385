import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCredentials, CredentialsError } from './credentials.ts'
import { nodeHost } from './host/node.ts'

const EXPIRES = Date.UTC(2026, 0, 1, 12)
let answers: { status: number; body: unknown }[]
let asked: (string | undefined)[]
let uri: string
let close: () => void
let now: number

beforeEach(async () => {
  answers = []
  asked = []
  now = EXPIRES - 3_600_000
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization)
    const { status, body } = answers.shift() ?? {
      status: 200,
      body: {
        AccessKeyId: `ASIA${asked.length}`,
        SecretAccessKey: 'secret',
        Token: 'token',
        Expiration: new Date(EXPIRES).toISOString(),
      },
    }
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/2021-04-23/credentials`
  close = () => (server.close(), server.closeAllConnections())
})
afterEach(() => close())

const source = (env: Record<string, string>) => createCredentials({ ...nodeHost(env), now: () => now })
const container = () => source({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let me in' })

describe('credentials', () => {
  it('are those of the environment where it has them', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 't',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: uri,
    }
    expect(await source(env).get(1000)).toEqual({ keyId: 'AKIA', secret: 's', token: 't' })
    expect(asked).toEqual([])
  })

  it('come from the container endpoint under SnapStart, and are renewed before they expire', async () => {
    const keys = container()
    expect(await keys.get(1000)).toEqual({ keyId: 'ASIA1', secret: 'secret', token: 'token' })
    expect((await keys.get(1000)).keyId).toBe('ASIA1')
    now = EXPIRES - 60_000
    expect((await keys.get(1000)).keyId).toBe('ASIA2')
    keys.forget()
    expect((await keys.get(1000)).keyId).toBe('ASIA3')
    expect(new Set(asked)).toEqual(new Set(['let me in']))
  })

  it.each([
    ['no source', {}],
    ['an endpoint elsewhere', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/' }],
    ['no URL', { AWS_CONTAINER_CREDENTIALS_FULL_URI: '::' }],
  ])('are refused with %s', async (_, env) => {
    await expect(source(env).get(1000)).rejects.toThrow(CredentialsError)
  })

  it.each([
    [{ status: 500, body: '' }],
    [{ status: 200, body: 'not json' }],
    [{ status: 200, body: { AccessKeyId: 'x', SecretAccessKey: 'planted', Expiration: 'never' } }],
  ])('are refused after %j, without a word of it', async answer => {
    answers = [answer]
    const error: unknown = await container()
      .get(1000)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CredentialsError)
    expect(String(error)).not.toContain('planted')
  })
})
