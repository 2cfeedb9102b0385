// `npm run build [-- --config weir.yaml] [--out DIR] [--runtime]`: everything a deployment needs, made offline but for the runtime layers.
// `npm run build -- layer [--out DIR]`: the layers alone.
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { RuntimeError } from '@weir/extension/runtime'
import { ConfigError } from '@weir/ingest'
import { type Artefact, buildLayers } from './artefacts.ts'
import { release } from './release.ts'

const USAGE = `usage: npm run build [-- [--config FILE] [--out DIR] [--runtime]]
       npm run build -- layer [--out DIR]

Makes the layer zip, the ingest zip with your rules, and the config as JSON, each named by its hash; the config's JSON Schema; and the
CloudFormation template. With --runtime also the layers for functions without Node, x86_64 and arm64: those bring Bun from npm, once.
With layer: weir-extension.zip, weir-runtime-x86_64.zip and weir-runtime-arm64.zip, and nothing else.
`
const root = fileURLToPath(new URL('../..', import.meta.url))

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      out: { type: 'string', default: 'dist' },
      runtime: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [word, ...more] = positionals
  if (values.help) process.stdout.write(USAGE)
  else if (more.length > 0 || (word !== undefined && word !== 'layer')) fail(`what is ${[word, ...more].join(' ')}?`, USAGE)
  else if (word === 'layer' && (values.config !== undefined || values.runtime))
    fail('layer makes all layers, and reads no config', USAGE)
  else if (word === 'layer') await layers(resolve(root, values.out))
  else await everything(values.config, resolve(root, values.out), values.runtime)
} catch (error) {
  const usage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  const mendable = usage || error instanceof ConfigError || error instanceof RuntimeError
  if (mendable) fail((error as Error).message, usage ? USAGE : '')
  else {
    process.stderr.write(`weir: ${(error as Error).stack}\n`)
    process.exitCode = 1
  }
}

async function everything(config: string | undefined, out: string, runtime = false): Promise<void> {
  process.chdir(root) // so that --config is relative to it, and errors name the file as given
  const { made, warnings } = await release(config, out, runtime ? say : undefined)
  for (const each of made) print(each)
  for (const warning of warnings) say(warning)
}

async function layers(out: string): Promise<void> {
  for await (const each of buildLayers(out, say)) print(each)
}

function print({ name, file, bytes, sha256 }: Artefact): void {
  process.stdout.write(`${name.padEnd(14)} ${relative(root, file)}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}\n`)
}

function say(line: string): void {
  process.stderr.write(`weir: ${line}\n`)
}

function fail(line: string, usage: string): void {
  process.stderr.write(`weir: ${line}\n${usage}`)
  process.exitCode = 2
}
