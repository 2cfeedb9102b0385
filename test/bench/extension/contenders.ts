import { generateKeyPairSync } from 'node:crypto'
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { bundleExtension, ORDINARY, prepareLayer } from '@weir/extension'
import { runtimeProgram, runtimeSettings } from '@weir/extension/runtime'
import { hold, install, need, type Stand } from '../../counterparts/counterpart.ts'
import { isApart } from './apart.ts'

/** One extension to be weighed. */
export interface Contender {
  readonly name: string
  readonly command: string
  readonly args?: readonly string[]
  /** Its variables, where `port` of loopback has a stream and intakes that take everything. */
  readonly env: (port: number) => Readonly<Record<string, string>>
  readonly size?: Size
}

/** A runtime with nothing to run but one line. */
export interface Bare {
  readonly name: string
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

/** All that the layers hold, bytes, and about what a zip of them has (each file deflated at the highest level). */
export interface Size {
  readonly bytes: number
  readonly zipped: number
}

export type Tell = (line: string) => void

export const sizeOf = (files: readonly Uint8Array[]): Size => ({
  bytes: files.reduce((sum, file) => sum + file.length, 0),
  zipped: files.reduce((sum, file) => sum + deflateRawSync(file, { level: 9 }).length, 0),
})

export interface Ours {
  /** On this very Node, as the layer has it. */
  readonly onNode: Contender
  /** On the runtime that the second layer brings. */
  readonly onRuntime?: Contender
  /** On this Node, with a journal in a folder of the bench. */
  readonly withJournal: Contender
  readonly bare: readonly Bare[]
  /** JavaScript, bytes: what is read before it is ready, and what each sandbox reads in the end. */
  readonly script: { readonly first: number; readonly ordinary: number }
}

export async function ours(folder: string, tell: Tell): Promise<Ours> {
  const root = join(folder, 'opt')
  const command = await prepareLayer(root)
  const { files } = await bundleExtension(join(folder, 'layer'))
  const layer = files.map(file => file.bytes)
  const bytesOf = (paths: readonly string[]) =>
    files.filter(({ path }) => paths.includes(path)).reduce((sum, { bytes }) => sum + bytes.length, 0)
  const temp = join(folder, 'tmp')
  await mkdir(temp, { mode: 0o777 })
  const contender = (
    name: string,
    node: string,
    parts: readonly Uint8Array[],
    more: Readonly<Record<string, string>> = {},
  ): Contender => ({
    name,
    command,
    env: port => ({
      WEIR_ROOT: root,
      WEIR_NODE: node,
      WEIR_STREAM_ARN: 'arn:aws:kinesis:us-east-1:111122223333:stream/telemetry',
      WEIR_KINESIS_ENDPOINT: `http://127.0.0.1:${port}`,
      ...(isApart ? {} : { WEIR_TELEMETRY_HOST: '127.0.0.1' }),
      WEIR_BIND: '127.0.0.1',
      WEIR_TMP: temp,
      ...more,
    }),
    size: sizeOf(parts),
  })
  const onNode = contender("Weir, on the function's Node", process.execPath, layer)
  const key = generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const withJournal = contender("Weir, on the function's Node, with its journal", process.execPath, layer, {
    WEIR_JOURNAL_KEY: key.toString('base64'),
  })
  const bare = [{ name: 'bare Node, one line, idle', command: process.execPath, env: {} }]
  const script = { first: bytesOf(['weir/main.cjs']), ordinary: bytesOf(ORDINARY.files) }
  const program = await runtimeProgram(tell)
  if (program === undefined) {
    tell('Weir, on the bundled runtime: SKIPPED: see above')
    return { onNode, withJournal, bare, script }
  }
  await mkdir(join(root, 'weir/rt'), { recursive: true })
  await copyFile(program.path, join(root, 'weir/rt/weir'))
  const onRuntime = contender('Weir, on the bundled runtime', join(root, 'none'), [...layer, await readFile(program.path)])
  const bareRuntime = {
    name: 'bare bundled runtime, one line, idle',
    command: program.path,
    env: { BUN_BE_BUN: '1', ...(await runtimeSettings()) },
  }
  return { onNode, onRuntime, withJournal, bare: [...bare, bareRuntime], script }
}

/** The smallest that can be, by the compilers of this machine, and OpenTelemetry's core; built once and kept. `tell` gets why one is missing. */
export async function natives(
  folder: string,
  tell: Tell,
  wanted: readonly string[] = ['rust', 'native', 'collector'],
): Promise<Contender[]> {
  const config = join(folder, 'collector.yaml')
  await writeFile(config, collectorConfig(folder))
  const found: Contender[] = []
  for (const { key, name, build } of NATIVES.filter(each => wanted.includes(each.key))) {
    await hold(
      {
        name: key,
        async run(stand) {
          const command = await build(stand, key)
          found.push({ name, command, env: () => ({ COLLECTOR_CONFIG: config }), size: sizeOf([await readFile(command)]) })
        },
      },
      line => tell(`${name}: ${line.trim()}`),
    )
  }
  return found
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const NATIVES = [
  { key: 'rust', name: 'the smallest in Rust, reads and forgets', build: buildRust },
  { key: 'native', name: 'the smallest in Go, reads and forgets', build: buildGo },
  { key: 'collector', name: "OpenTelemetry's collector, core only, reads and forgets", build: buildGo },
] as const

/** To be raised with the source; that of the collector is in its go.mod too. */
const VERSION = { rust: '2', native: '2', collector: 'v0.160.0-1' } as const

async function buildGo(stand: Stand, key: keyof typeof VERSION): Promise<string> {
  const go = need('go')
  const folder = await stand.installed(`extension-${key}-${VERSION[key]}`, async folder => {
    await mkdir(folder, { recursive: true })
    await cp(here(key), folder, { recursive: true })
    await install(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', key, '.'], {
      cwd: folder,
      env: { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
      seconds: 540,
      log: join(folder, 'install.log'),
    })
  })
  return join(folder, key)
}

const SMALL = ['opt-level=z', 'lto=fat', 'codegen-units=1', 'panic=abort', 'strip=symbols'].flatMap(option => ['-C', option])

async function buildRust(stand: Stand): Promise<string> {
  const rustc = need('rustc')
  const folder = await stand.installed(`extension-rust-${VERSION.rust}`, async folder => {
    await install(rustc, ['--edition', '2021', ...SMALL, '-o', join(folder, 'smallest'), here('rust/main.rs')], {
      seconds: 120,
      log: join(folder, 'install.log'),
    })
  })
  return join(folder, 'smallest')
}

const collectorConfig = (folder: string): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
exporters: { file: { path: "${join(folder, 'logs.json')}" } }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines: { logs: { receivers: [otlp], exporters: [file] } }
`
