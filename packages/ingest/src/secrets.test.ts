import { describe, expect, it } from 'vitest'
import { ConfigError } from './errors.ts'
import { createSecretResolver, resolveOptions, type SecretSources } from './secrets.ts'

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n'

function setUp(given: Partial<SecretSources> = {}) {
  const asked: string[] = []
  const clock = { now: 0 }
  const resolver = createSecretResolver({
    env: { TOKEN: ' abc-123\n', EMPTY: ' ', BROKEN: 'CANARY\nCANARY', SPACED: 'Bearer CANARY', JSON: '{"token":"CANARY"}' },
    readFile: async path => {
      asked.push(path)
      if (path === '/gone') throw Object.assign(new Error("ENOENT: no such file, open '/gone'"), { code: 'ENOENT' })
      return path === '/ca.pem' ? CERTIFICATE : 'from-file\n'
    },
    secretsManager: async id => {
      asked.push(id)
      if (id === 'denied') throw Object.assign(new Error('CANARY in a message'), { name: 'AccessDeniedException' })
      return id === 'json' ? '{"token":"from-json","number":1}' : 'CANARY-not-json'
    },
    ssm: async name => {
      asked.push(name)
      return 'from-ssm'
    },
    now: () => clock.now,
    ...given,
  })
  return { resolver, asked, clock }
}

describe('createSecretResolver', () => {
  it.each([
    ['env:TOKEN', 'abc-123'],
    ['file:/token', 'from-file'],
    ['file:/ca.pem', CERTIFICATE.trim()],
    ['secretsmanager:json#token', 'from-json'],
    ['secretsmanager:plain', 'CANARY-not-json'],
    ['ssm:/weir/token', 'from-ssm'],
  ])('resolves %s', async (reference, value) => {
    expect(await setUp().resolver.resolve(reference)).toBe(value)
  })

  it.each([
    ['env:MISSING', 'env:MISSING: is not set'],
    ['env:EMPTY', 'env:EMPTY: is empty'],
    ['env:BROKEN', 'env:BROKEN: holds a space, a line break'],
    ['env:SPACED', 'env:SPACED: holds a space, a line break'],
    ['env:JSON', 'env:JSON: holds a JSON object'],
    ['file:/gone', 'file:/gone: cannot be read (ENOENT)'],
    ['secretsmanager:denied', 'secretsmanager:denied: cannot be read (AccessDeniedException)'],
    ['secretsmanager:plain#token', 'is not JSON'],
    ['secretsmanager:json#other', 'has no such field'],
    ['secretsmanager:json#number', 'has no such field'],
    ['secretsmanager:json#__proto__', 'has no such field'],
    ['CANARY-pasted-token', 'a secret is given by reference'],
  ])('says what is wrong with %s, and not what it holds', async (reference, words) => {
    const error: unknown = await setUp()
      .resolver.resolve(reference)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as Error).message).toContain(words)
    expect(`${(error as Error).stack}${JSON.stringify(error)}${String((error as Error).cause)}`).not.toContain('CANARY')
  })

  it('asks once in five minutes, and again when a fresh one is wanted', async () => {
    const { resolver, asked, clock } = setUp()
    await resolver.resolve('ssm:a')
    clock.now = 299_999
    await resolver.resolve('ssm:a')
    expect(asked).toHaveLength(1)
    await resolver.resolve('ssm:a', { fresh: true })
    expect(asked).toHaveLength(2)
    await resolver.resolve('ssm:a')
    expect(asked).toHaveLength(2)
    clock.now = 600_000
    await resolver.resolve('ssm:a')
    expect(asked).toHaveLength(3)
  })

  it('asks one question for callers at the same moment', async () => {
    const { resolver, asked } = setUp()
    await Promise.all(Array.from({ length: 10 }, () => resolver.resolve('ssm:a', { fresh: true })))
    expect(asked).toHaveLength(1)
  })

  it('keeps no failure', async () => {
    let up = false
    const { resolver } = setUp({ ssm: async () => (up ? 'value' : Promise.reject(new Error('down'))) })
    await expect(resolver.resolve('ssm:a')).rejects.toThrow('cannot be read')
    up = true
    expect(await resolver.resolve('ssm:a')).toBe('value')
  })
})

describe('resolveOptions', () => {
  it('resolves what the sink lists and nothing else', async () => {
    const options = { url: 'env:TOKEN', token: 'env:TOKEN', ca: undefined, headers: { 'x-key': 'ssm:/k', 'x-plain': 'text' } }
    expect(await resolveOptions({ secrets: ['token', 'ca', 'headers'] }, options, setUp().resolver)).toEqual({
      url: 'env:TOKEN',
      token: 'abc-123',
      ca: undefined,
      headers: { 'x-key': 'from-ssm', 'x-plain': 'text' },
    })
    expect(options.token).toBe('env:TOKEN')
  })
})
