import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, SourceUnavailable } from './errors.ts'
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

  it('goes on with what it has while the source is down, unless a fresh one is wanted', async () => {
    let up = true
    const { resolver, clock } = setUp({ ssm: async () => (up ? 'value' : Promise.reject(new Error('down'))) })
    await resolver.resolve('ssm:a')
    up = false
    clock.now = 600_000
    expect(await resolver.resolve('ssm:a')).toBe('value')
    await expect(resolver.resolve('ssm:a', { fresh: true })).rejects.toThrow('cannot be read')
  })

  it('asks a source that is down every 30 s while it has a value, not in every call', async () => {
    let up = true
    let questions = 0
    const ssm = async () => {
      questions++
      return up ? 'value' : Promise.reject(new Error('down'))
    }
    const { resolver, clock } = setUp({ ssm })
    await resolver.resolve('ssm:a')
    up = false
    clock.now = 600_000
    for (let i = 0; i < 10; i++) expect(await resolver.resolve('ssm:a')).toBe('value')
    expect(questions).toBe(2)
    clock.now += 30_000
    expect(await resolver.resolve('ssm:a')).toBe('value')
    expect(questions).toBe(3)
  })

  it('asks a source that never answered every 30 s too, unless a fresh one is wanted', async () => {
    let questions = 0
    const { resolver, clock } = setUp({ ssm: async () => (++questions > 2 ? 'value' : Promise.reject(new Error('down'))) })
    for (let i = 0; i < 10; i++) await expect(resolver.resolve('ssm:a')).rejects.toThrow('cannot be read')
    expect(questions).toBe(1)
    clock.now = 30_000
    await expect(resolver.resolve('ssm:a')).rejects.toThrow('cannot be read')
    expect(await resolver.resolve('ssm:a', { fresh: true })).toBe('value')
    expect(questions).toBe(3)
  })

  it('waits as long as it may, and has the answer that comes later', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    let questions = 0
    const { resolver } = setUp({ ssm: () => (questions++, promise) })
    await expect(resolver.resolve('ssm:a', { withinMs: 1 })).rejects.toThrow('ssm:a: gave no answer in time')
    await expect(resolver.resolve('ssm:a')).rejects.toBeInstanceOf(SourceUnavailable)
    const waiting = resolver.resolve('ssm:a', { fresh: true })
    resolve('value')
    expect(await waiting).toBe('value')
    expect([await resolver.resolve('ssm:a'), questions]).toEqual(['value', 1])
  })

  it.each<[string, boolean, object]>([
    ['a network that fails', true, { code: 'ECONNREFUSED' }],
    ['a question that took too long', true, { name: 'TimeoutError' }],
    ['throttling', true, { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }],
    ['a fault of the far side', true, { name: 'UnknownError', $metadata: { httpStatusCode: 503 } }],
    ['a refusal', false, { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }],
    ['a secret that is not there', false, { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } }],
  ])('tells whether %s may pass', async (_, passes, error) => {
    const { resolver } = setUp({ ssm: () => Promise.reject(Object.assign(new Error('CANARY'), error)) })
    const thrown: unknown = await resolver.resolve('ssm:a').catch((each: unknown) => each)
    expect(thrown instanceof SourceUnavailable).toBe(passes)
    expect(String(thrown)).not.toContain('CANARY')
  })
})

describe('the AWS sources', () => {
  const variables = ['AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const
  const before = variables.map(name => process.env[name])
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const target = request.headers['x-amz-target']
      const input = JSON.parse(Buffer.concat(chunks).toString()) as Readonly<Record<string, unknown>>
      asked.push([target, input])
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      if (input['SecretId'] === 'denied') {
        return response.writeHead(400).end(JSON.stringify({ __type: 'AccessDeniedException', message: 'CANARY' }))
      }
      const secret = { SecretString: '{"token":"from-aws"}' }
      return response.end(JSON.stringify(target === 'AmazonSSM.GetParameter' ? { Parameter: { Value: 'from-ssm' } } : secret))
    })
  })
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const [i, value] of [url, 'eu-west-1', 'test', 'test'].entries()) process.env[variables[i] ?? ''] = value
  })
  afterAll(async () => {
    for (const [i, name] of variables.entries()) {
      if (before[i] === undefined) delete process.env[name]
      else process.env[name] = before[i]
    }
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  it('are asked by the AWS SDK’s own clients', async () => {
    const resolver = createSecretResolver({ env: {}, now: () => 0 })
    const arn = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:weir/splunk-a1b2c3'
    expect(await resolver.resolve(`secretsmanager:${arn}#token`)).toBe('from-aws')
    expect(await resolver.resolve('ssm:/weir/token')).toBe('from-ssm')
    expect(asked).toEqual([
      ['secretsmanager.GetSecretValue', { SecretId: arn }],
      ['AmazonSSM.GetParameter', { Name: '/weir/token', WithDecryption: true }],
    ])
  })

  it('are named when they refuse, without their words', async () => {
    const resolver = createSecretResolver({ env: {}, now: () => 0 })
    await expect(resolver.resolve('secretsmanager:denied')).rejects.toThrow(
      'secretsmanager:denied: cannot be read (AccessDeniedException); see that it exists and that Weir may read it',
    )
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
