// `npm run build [-- --config weir.yaml] [--out DIR]`: everything a deployment needs, made offline.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ConfigError, parseConfig } from '@weir/ingest'
import { parse } from 'yaml'
import { synthesize } from './app.ts'
import { type Artefact, buildConfig, buildIngest, buildLayer, buildSchema, describeFile } from './artefacts.ts'

const USAGE = `usage: npm run build [-- [--config FILE] [--out DIR]]

Makes the layer zip, the ingest zip, the config as JSON named by its hash, its JSON Schema, and the CloudFormation template.
`
const root = fileURLToPath(new URL('../..', import.meta.url))

try {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, out: { type: 'string', default: 'dist' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) process.stdout.write(USAGE)
  else await main(values.config, resolve(root, values.out))
} catch (error) {
  const mendable = error instanceof ConfigError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`weir: ${mendable ? (error as Error).message : (error as Error).stack}\n${mendable ? USAGE : ''}`)
  process.exitCode = mendable ? 2 : 1
}

async function main(configFile: string | undefined, out: string): Promise<void> {
  let document: { streams?: object } = {
    streams: { telemetry: { sources: ['weir'] }, trail: { sources: ['cloudtrail', 'cloudwatch-logs'] } },
  }
  if (configFile) {
    const text = await readFile(resolve(root, configFile), 'utf8')
    parseConfig(text, configFile) // for its errors, which name the line
    document = parse(text) as typeof document
  }
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  const made: Artefact[] = [
    await buildLayer(out),
    await buildIngest(out),
    await buildConfig(out, document),
    await buildSchema(out),
  ]
  const { template } = synthesize(resolve(out, 'cdk.out'), Object.keys(document.streams ?? { telemetry: {} }))
  const file = resolve(out, 'weir.template.json')
  await writeFile(file, `${JSON.stringify(template, null, 2)}\n`)
  made.push(await describeFile('template', file))
  for (const { name, file: path, bytes, sha256 } of made) {
    process.stdout.write(`${name.padEnd(9)} ${relative(root, path)}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}\n`)
  }
}
