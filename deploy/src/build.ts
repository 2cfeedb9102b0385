// `npm run build [-- --config weir.yaml] [--out DIR]`: everything a deployment needs, made offline.
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ConfigError } from '@weir/ingest'
import { release } from './release.ts'

const USAGE = `usage: npm run build [-- [--config FILE] [--out DIR]]

Makes the layer zip, the ingest zip with your rules, and the config as JSON, each named by its hash; the config's JSON Schema; and the
CloudFormation template.
`
const root = fileURLToPath(new URL('../..', import.meta.url))

try {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, out: { type: 'string', default: 'dist' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) process.stdout.write(USAGE)
  else await main(values.config, resolve(root, values.out))
} catch (error) {
  const usage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  const mendable = usage || error instanceof ConfigError
  process.stderr.write(`weir: ${mendable ? (error as Error).message : (error as Error).stack}\n${usage ? USAGE : ''}`)
  process.exitCode = mendable ? 2 : 1
}

async function main(config: string | undefined, out: string): Promise<void> {
  process.chdir(root) // so that --config is relative to it, and errors name the file as given
  const { made, warnings } = await release(config, out)
  for (const { name, file, bytes, sha256 } of made) {
    process.stdout.write(`${name.padEnd(9)} ${relative(root, file)}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}\n`)
  }
  for (const warning of warnings) process.stderr.write(`weir: ${warning}\n`)
}
