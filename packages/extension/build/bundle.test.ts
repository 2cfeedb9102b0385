import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readBody } from '@weir/schema'
import { type FakeKinesis, KEYS, STREAM_ARN, startKinesis } from '../src/testing/kinesis.ts'
import { event, type FakePlatform, startPlatform } from '../src/testing/platform.ts'
import { VERSION } from '../src/version.ts'
import { LAZY } from './builtins.ts'
import { bundleExtension, MAX_BUNDLE_BYTES, prepareLayer } from './bundle.ts'
import { SIDE } from './side.ts'

let root: string
let launcher: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-layer-'))
  launcher = await prepareLayer(root)
})
afterAll(() => rm(root, { recursive: true }))

describe('the layer', () => {
  it('has the launcher where Lambda looks, executable, and nothing else there', async () => {
    const { files } = await bundleExtension(root)
    expect(files.map(each => [each.path, each.mode])).toEqual([
      ['extensions/weir', 0o755],
      ['weir/main.cjs', 0o644],
      ['weir/LICENSE', 0o644],
      ...SIDE.map(({ file }) => [file, 0o644]),
    ])
    expect((await stat(launcher)).mode & 0o777).toBe(0o755)
  })

  it('keeps its budget, and gives the same bytes again', async () => {
    const [once, again] = [await bundleExtension(root), await bundleExtension(root)]
    expect(once.files[1]?.bytes.length).toBeLessThan(MAX_BUNDLE_BYTES)
    for (const { file, maxBytes } of SIDE) {
      expect(once.files.find(({ path }) => path === file)?.bytes.length, file).toBeLessThan(maxBytes)
    }
    expect(once.files.map(({ bytes }) => Buffer.from(bytes))).toEqual(again.files.map(({ bytes }) => Buffer.from(bytes)))
  })

  it('depends on nothing but the host, and on nothing that Node 18 lacks', async () => {
    const text = await readFile(join(root, 'weir/main.cjs'), 'utf8')
    const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(each => each[1])
    const beside = SIDE.map(({ file }) => file.replace('weir/', './'))
    expect(new Set(required.filter(each => !beside.includes(each ?? '')))).toEqual(
      new Set(['node:crypto', 'node:fs', 'node:net', 'node:tls', 'node:zlib']),
    )
    // ES2023 and later library functions: the compiler translates syntax, not these.
    const newer =
      /\.(?:toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|toBase64|toHex|union|difference)\(|withResolvers|Object\.groupBy|fromAsync|RegExp\.escape/g
    expect([...text.matchAll(newer)].map(each => each[0])).toEqual([])
  })

  it('knows by name all that is used of the built-ins that it loads late', async () => {
    const used = new Map<string, Set<string>>()
    for (const folder of ['../src/', '../../schema/src/batch/', '../../schema/src/redact/']) {
      const base = new URL(folder, import.meta.url)
      for (const file of await readdir(base, { recursive: true })) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts') || /(?:testing|decode|measure)/.test(file)) continue
        const text = await readFile(new URL(file, base), 'utf8')
        const named = [...text.matchAll(/^import \{([^}]+)\} from '(node:[^']+)'/gm)].flatMap(([, names = '', from = '']) =>
          names.split(',').map(name => [from, name.trim().replace(/ as .*/, '')] as const),
        )
        const spaces = [...text.matchAll(/^import \* as (\w+) from '(node:[^']+)'/gm)].flatMap(([, name = '', from = '']) =>
          [...text.matchAll(new RegExp(`\\b${name}\\.(\\w+)`, 'g'))].map(([, each = '']) => [from, each] as const),
        )
        for (const [from, name] of [...named, ...spaces].filter(([, name]) => !name.startsWith('type '))) {
          used.set(from, (used.get(from) ?? new Set()).add(name))
        }
      }
    }
    for (const [from, names] of Object.entries(LAZY))
      expect(names, from).toEqual(expect.arrayContaining([...(used.get(from) ?? ['?'])]))
  })

  it('has the version of its package', async () => {
    const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION)
  })
})

describe('the extension as a process', () => {
  let platform: FakePlatform
  let kinesis: FakeKinesis
  let child: ChildProcess
  let output: string

  beforeEach(async () => {
    platform = await startPlatform()
    kinesis = await startKinesis()
    output = ''
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await platform.close()
    await kinesis.close()
  })

  function start(env: Record<string, string> = {}): Promise<number | null> {
    child = spawn(launcher, [], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...KEYS,
        PATH: process.env['PATH'] ?? '',
        AWS_LAMBDA_RUNTIME_API: platform.api,
        AWS_REGION: 'eu-central-1',
        WEIR_ROOT: root,
        WEIR_NODE: process.execPath,
        WEIR_STREAM_ARN: STREAM_ARN,
        WEIR_KINESIS_ENDPOINT: kinesis.url,
        WEIR_TELEMETRY_HOST: '127.0.0.1',
        WEIR_BIND: '127.0.0.1',
        ...env,
      },
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()))
    return once(child, 'exit').then(([code]) => code as number | null)
  }

  it('runs an environment from register to SHUTDOWN, and prints nothing', async () => {
    const exit = start()
    await platform.invoke('req-1')
    await platform.post([
      event('platform.start', { requestId: 'req-1', version: '$LATEST' }),
      event('function', 'a line with AKIAQ3EGRIXAMPLE4Z7T in it\n'),
      event('platform.runtimeDone', { requestId: 'req-1', status: 'success' }),
    ])
    await platform.ready()
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(output).toBe('')
    expect(kinesis.complaints).toEqual([])

    const register = platform.calls.filter(each => each.path.endsWith('/register'))
    expect(register).toHaveLength(1)
    expect(register[0]?.headers).toMatchObject({
      'lambda-extension-name': 'weir',
      'lambda-extension-accept-feature': 'accountId',
    })
    const found = kinesis.batches.flatMap(each => each.records)
    expect(found.map(each => each.signal)).toEqual([
      'weir.start',
      'weir.environment',
      'platform.start',
      'function',
      'platform.runtimeDone',
      'weir.secret',
      'weir.end',
    ])
    expect(JSON.stringify(found.map(readBody))).not.toContain('AKIAQ3EGRIXAMPLE4Z7T')
    expect(kinesis.batches[0]?.function.arn).toBe('arn:aws:lambda:eu-central-1:123456789012:function:orders')
  })

  it('is not moved by what the function sets for its own process', async () => {
    const exit = start({
      NODE_OPTIONS: '--require /does/not/exist.js',
      NODE_EXTRA_CA_CERTS: '/does/not/exist.pem',
      BASH_ENV: join(root, 'weir/LICENSE'),
      NODE_PATH: '/does/not/exist',
    })
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(output).toBe('')
    expect(kinesis.batches).toHaveLength(1)
  })

  it('survives a freeze between two invocations', async () => {
    const exit = start()
    await platform.ready()
    child.kill('SIGSTOP')
    kinesis.hangUp()
    child.kill('SIGCONT')
    await platform.invoke('req-1')
    await platform.post([event('platform.start', { requestId: 'req-1' }), event('platform.runtimeDone', { requestId: 'req-1' })])
    await platform.ready()
    child.kill('SIGSTOP')
    kinesis.hangUp()
    child.kill('SIGCONT')
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(kinesis.batches.map(each => each.sequence)).toEqual(kinesis.batches.map((_, index) => index + 1))
    expect(kinesis.batches.flatMap(each => each.records).filter(each => each.signal === 'weir.end')).toHaveLength(1)
  })

  it('registers for SHUTDOWN only on Managed Instances', async () => {
    const exit = start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' })
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(platform.calls[0]?.body).toBe('{"events":["SHUTDOWN"]}')
    expect(kinesis.batches).toHaveLength(1)
  })

  it('idles where what looks like Node cannot be started', async () => {
    await mkdir(join(root, 'broken/bin'), { recursive: true })
    await mkdir(join(root, 'broken/include/node'), { recursive: true })
    await writeFile(join(root, 'broken/include/node/node_version.h'), '#define NODE_MAJOR_VERSION 22\n')
    await writeFile(join(root, 'broken/bin/node'), Buffer.from('7f454c46ffffffff00', 'hex'), { mode: 0o755 })
    const exit = start({ WEIR_NODE: join(root, 'broken/bin/node') })
    await platform.invoke('a')
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(output).toContain('weir: idle: ')
  })

  it.each([
    ['no stream is named', { WEIR_STREAM_ARN: '' }, 'WEIR_STREAM_ARN: not set'],
    ['there is no Node', { WEIR_NODE: '/does/not/exist' }, 'no Node 18 or later'],
    ['what is named as Node is none', { WEIR_NODE: '/bin/false' }, 'no Node 18 or later'],
    ['the layer is not all there', { WEIR_ROOT: '/does/not/exist' }, 'main.cjs is missing'],
  ])('idles from invocation to invocation in bash where %s', async (_, env, line) => {
    const exit = start(env)
    for (const id of ['a', 'b']) await platform.invoke(id)
    await platform.shutdown()
    expect(await exit).toBe(0)
    expect(output.trim().split('\n')).toEqual([expect.stringContaining(line)])
    expect(kinesis.puts).toHaveLength(0)
  })
})
