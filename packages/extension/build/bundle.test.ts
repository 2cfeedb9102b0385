import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../src/version.ts'
import { LAZY } from './builtins.ts'
import { bundleExtension, MAX_BUNDLE_BYTES, ORDINARY, prepareLayer } from './bundle.ts'
import { onStage, PROCESS_CHECKS, type Stage } from './process-checks.ts'
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
      ['weir/dictionary', 0o644],
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
    const sum = once.files.filter(({ path }) => ORDINARY.files.some(each => each === path)).map(({ bytes }) => bytes.length)
    expect(sum).toHaveLength(ORDINARY.files.length)
    expect(sum.reduce((a, b) => a + b)).toBeLessThan(ORDINARY.maxBytes)
    expect(once.files.map(({ bytes }) => Buffer.from(bytes))).toEqual(again.files.map(({ bytes }) => Buffer.from(bytes)))
  })

  it('depends on nothing but the host, and on nothing that Node 18 lacks', async () => {
    const texts = await Promise.all(['main.cjs', 'flight.cjs'].map(each => readFile(join(root, 'weir', each), 'utf8')))
    const text = texts.join('\n')
    const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(each => each[1])
    const beside = ['./main.cjs', ...SIDE.map(({ file }) => file.replace('weir/', './'))]
    expect(new Set(required.filter(each => !beside.includes(each ?? '')))).toEqual(
      new Set(['node:crypto', 'node:fs', 'node:net', 'node:tls', 'node:zlib']),
    )
    // ES2023 and later library functions: the compiler translates syntax, not these.
    const newer =
      /\.(?:toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|toBase64|toHex|union|difference)\(|withResolvers|Object\.groupBy|fromAsync|RegExp\.escape/g
    expect([...text.matchAll(newer)].map(each => each[0])).toEqual([])
  })

  it('has what its files share in the first one only', async () => {
    const text = async (file: string) => readFile(join(root, file), 'utf8')
    // A header that only our client writes, and one that only our parser reads.
    for (const word of ['Content-Length: ', 'transfer-encoding']) {
      expect(await text('weir/main.cjs')).toContain(word)
      expect(await text('weir/flight.cjs')).not.toContain(word)
    }
    expect(await text('weir/otlp.cjs')).not.toContain('transfer-encoding')
  })

  it('knows by name all that is used of the built-ins that it loads late', async () => {
    const used = new Map<string, Set<string>>()
    for (const folder of ['../src/', '../../schema/src/batch/', '../../schema/src/redact/', '../../schema/src/seal/']) {
      const base = new URL(folder, import.meta.url)
      for (const file of await readdir(base, { recursive: true })) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts') || /(?:testing|decode|measure|open\.)/.test(file)) continue
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
  const onNode = (work: (stage: Stage) => Promise<void>) =>
    onStage(launcher, { WEIR_ROOT: root, WEIR_NODE: process.execPath }, work)

  it.each(PROCESS_CHECKS.map(check => [check.what, check] as const))('%s', (_, { run }) => onNode(run))

  const notHere = Buffer.from('7f454c46ffffffff00', 'hex')

  it('does not start as many threads as the function asks for', () =>
    onNode(async ({ folder, start, signal }) => {
      await mkdir(join(folder, 'bin'))
      await mkdir(join(folder, 'include/node'), { recursive: true })
      await writeFile(join(folder, 'include/node/node_version.h'), '#define NODE_MAJOR_VERSION 22\n')
      const node = join(folder, 'bin/node')
      await writeFile(node, `#!/bin/bash\necho "$UV_THREADPOOL_SIZE" >"${folder}/threads"\n`, { mode: 0o755 })
      await start({ WEIR_NODE: node, UV_THREADPOOL_SIZE: '512' })
      expect(await readFile(join(folder, 'threads'), 'utf8')).toBe('1\n')
      signal('SIGKILL')
    }))

  it('idles where what looks like Node cannot be started', () =>
    onNode(async stage => {
      await mkdir(join(stage.folder, 'bin'))
      await mkdir(join(stage.folder, 'include/node'), { recursive: true })
      await writeFile(join(stage.folder, 'include/node/node_version.h'), '#define NODE_MAJOR_VERSION 22\n')
      await writeFile(join(stage.folder, 'bin/node'), notHere, { mode: 0o755 })
      await idles(stage, { WEIR_NODE: join(stage.folder, 'bin/node') }, /weir: idle: no Node 18/)
    }))

  it('idles where the runtime layer is one of another architecture', () =>
    onNode(async stage => {
      await mkdir(join(stage.folder, 'weir/rt'), { recursive: true })
      await writeFile(join(stage.folder, 'weir/rt/weir'), notHere, { mode: 0o755 })
      await idles(
        stage,
        { WEIR_ROOT: stage.folder, WEIR_NODE: '/does/not/exist' },
        /weir: idle: .*rt\/weir cannot be started here/,
      )
    }))

  it.each([
    ['no stream is named', { WEIR_STREAM_ARN: '' }, /^weir: idle: WEIR_STREAM_ARN: not set.*\n$/],
    ['there is no Node', { WEIR_NODE: '/does/not/exist' }, /^weir: idle: no Node 18 or later.*\n$/],
    ['what is named as Node is none', { WEIR_NODE: '/bin/false' }, /^weir: idle: no Node 18 or later.*\n$/],
    ['the layer is not all there', { WEIR_ROOT: '/does/not/exist' }, /^weir: idle: .*main.cjs is missing\n$/],
  ])('idles from invocation to invocation in bash where %s', (_, env, line) => onNode(stage => idles(stage, env, line)))
})

async function idles({ platform, kinesis, start, output }: Stage, env: Record<string, string>, line: RegExp): Promise<void> {
  const exit = start(env)
  for (const id of ['a', 'b']) await platform.invoke(id)
  await platform.shutdown()
  expect(await exit).toBe(0)
  expect(output()).toMatch(line)
  expect(kinesis.puts).toHaveLength(0)
}
