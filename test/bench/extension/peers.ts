import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Contender, sizeOf, type Tell } from './contenders.ts'

interface Peer {
  readonly name: string
  /** Where its program is: the file of its layer's `extensions` folder. */
  readonly variable: string
  /** What it must be called, because it registers under that name. */
  readonly file: string
  readonly why: string
  readonly env: (port: number, folder: string) => Readonly<Record<string, string>>
}

/** Those that are in use. None can be had from a package registry, so that whoever has one names its program. Each sends the function's logs on. */
const PEERS: readonly Peer[] = [
  {
    name: "OpenTelemetry's extension",
    variable: 'WEIR_OTEL_LAMBDA',
    file: 'collector',
    why: 'its modules replace each other by path, so that the Go module proxy has no whole of them; the collector above is less than it',
    env: (port, folder) => ({
      OPENTELEMETRY_COLLECTOR_CONFIG_URI: join(folder, 'config.yaml'),
      INTAKE: `http://127.0.0.1:${port}`,
    }),
  },
  {
    name: "Datadog's extension",
    variable: 'WEIR_DATADOG_EXTENSION',
    file: 'datadog-agent',
    why: 'crates of it are in git repositories only, and its build downloads a library from its releases',
    env: port => {
      const intake = `http://127.0.0.1:${port}`
      const urls = { DD_URL: intake, DD_LOGS_CONFIG_LOGS_DD_URL: intake, DD_APM_DD_URL: intake }
      return { DD_API_KEY: 'a'.repeat(32), DD_LOG_LEVEL: 'error', DD_HTTP_PROTOCOL: 'http1', ...urls }
    },
  },
  {
    name: "Rotel's extension",
    variable: 'WEIR_ROTEL_EXTENSION',
    file: 'rotel-extension',
    why: 'crates of it are in git repositories only',
    env: port => ({
      ROTEL_TELEMETRY_ENDPOINT: '127.0.0.1:8990',
      ROTEL_OTLP_EXPORTER_ENDPOINT: `http://127.0.0.1:${port}`,
      ROTEL_OTLP_EXPORTER_PROTOCOL: 'http',
    }),
  },
]

/** What its layer comes with, and the function's logs. */
const OTEL_CONFIG = `
receivers:
  telemetryapi: { types: [platform, function] }
  otlp: { protocols: { grpc: { endpoint: "127.0.0.1:0" }, http: { endpoint: "127.0.0.1:0" } } }
exporters: { otlphttp: { endpoint: "\${env:INTAKE}" } }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    logs: { receivers: [telemetryapi], exporters: [otlphttp] }
    traces: { receivers: [otlp], exporters: [otlphttp] }
    metrics: { receivers: [otlp], exporters: [otlphttp] }
`

/** Those whose program is named in a variable; `tell` gets why each of the others is missing. */
export async function peers(folder: string, tell: Tell): Promise<Contender[]> {
  const found: Contender[] = []
  for (const { name, variable, file, why, env } of PEERS) {
    const program = process.env[variable]
    if (program === undefined) {
      tell(`${name}: SKIPPED: name its program in ${variable}: ${why}`)
      continue
    }
    const own = join(folder, file)
    await mkdir(own, { recursive: true })
    await symlink(program, join(own, file))
    await writeFile(join(own, 'config.yaml'), OTEL_CONFIG)
    const variables = (port: number): Readonly<Record<string, string>> => env(port, own)
    found.push({ name, command: join(own, file), env: variables, size: sizeOf([await readFile(program)]) })
  }
  return found
}
