import { cp, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleExtension, prepareLayer } from '@weir/extension'
import { hold, install, need, type Stand } from '../../counterparts/counterpart.ts'

/** One extension to be weighed. */
export interface Contender {
  readonly name: string
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  /** All that its layer holds, bytes. */
  readonly bytes: number
}

/** Ours, on this very Node, as the layer has it. */
export async function ours(folder: string): Promise<Contender & { readonly script: number }> {
  const root = join(folder, 'opt')
  const command = await prepareLayer(root)
  const { files } = await bundleExtension(join(folder, 'layer'))
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  const script = files.filter(file => file.path.endsWith('.cjs')).reduce((sum, file) => sum + file.bytes.length, 0)
  return {
    name: "Weir's extension, on the function's Node",
    command,
    env: { WEIR_ROOT: root, WEIR_NODE: process.execPath },
    bytes,
    script,
  }
}

/** Those in Go, built by the Go on this machine and kept; `tell` gets why one is missing. */
export async function natives(folder: string, tell: (line: string) => void): Promise<Contender[]> {
  const found: Contender[] = []
  const attempt = (key: string, title: string, env: Contender['env']) =>
    hold(
      {
        name: key,
        async run(stand) {
          const command = await buildGo(stand, key)
          found.push({ name: title, command, env, bytes: (await stat(command)).size })
        },
      },
      line => tell(`${title}: ${line.trim()}`),
    )
  await attempt('native', 'the smallest in Go, reads and forgets', {})
  const config = join(folder, 'collector.yaml')
  await writeFile(config, collectorConfig(folder))
  await attempt('collector', "OpenTelemetry's collector, core only, reads and forgets", { COLLECTOR_CONFIG: config })
  tell(
    "OpenTelemetry's own extension: SKIPPED: its modules replace each other by path, so that Go cannot build it from its module proxy; " +
      'the collector above is less than that',
  )
  return found
}

const VERSION: Readonly<Record<string, string>> = { native: '1', collector: 'v0.160.0-1' } // raise with the source; collector/go.mod

async function buildGo(stand: Stand, key: string): Promise<string> {
  const go = need('go')
  const folder = await stand.installed(`extension-${key}-${VERSION[key]}`, async folder => {
    await mkdir(folder, { recursive: true })
    await cp(fileURLToPath(new URL(key, import.meta.url)), folder, { recursive: true })
    await install(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', key, '.'], {
      cwd: folder,
      env: { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
      seconds: 540,
      log: join(folder, 'install.log'),
    })
  })
  return join(folder, key)
}

const collectorConfig = (folder: string): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
exporters: { file: { path: "${join(folder, 'logs.json')}" } }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines: { logs: { receivers: [otlp], exporters: [file] } }
`
