import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleExtension } from '@weir/extension'
import { type Architecture, ARCHITECTURES, bundleRuntime, type Say } from '@weir/extension/runtime'
import { buildPack, configSchema, type LoadedRules, validateConfig } from '@weir/ingest'
import { build, type Plugin } from 'esbuild'
import { writeZip, type ZipEntry } from './zip.ts'

const lambdaEntry = fileURLToPath(import.meta.resolve('@weir/ingest/lambda'))

/** A file of a release. */
export interface Artefact {
  readonly name: string
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** The Lambda layer: `extensions/weir` and what it runs. Any architecture: it holds a script and JavaScript. */
export async function buildLayer(out: string): Promise<Artefact> {
  const { files } = await bundleExtension(join(out, 'layer'))
  return zip(out, 'layer', files)
}

/**
 * The runtime layers, one an architecture, for functions without a Node of their own: the extension compiled with Bun, which comes from npm. Throws
 * RuntimeError where it cannot be had.
 */
export async function buildRuntimes(out: string, say: Say): Promise<Record<Architecture, Artefact>> {
  const made: Partial<Record<Architecture, Artefact>> = {}
  for (const architecture of ARCHITECTURES) {
    const { files } = await bundleRuntime(architecture, say)
    say(`zipping the runtime layer for ${architecture}`)
    made[architecture] = await zip(out, `runtime-${architecture}`, files)
  }
  return made as Record<Architecture, Artefact>
}

/** The layers alone, by names that stay: `weir-extension.zip`, `weir-runtime-x86_64.zip`, `weir-runtime-arm64.zip`. */
export async function* buildLayers(out: string, say: Say): AsyncGenerator<Artefact> {
  await mkdir(out, { recursive: true })
  const write = async (name: string, files: readonly ZipEntry[]) => {
    const file = join(out, `weir-${name}.zip`)
    await writeZip(file, files)
    return describeFile(name, file)
  }
  yield await write('extension', (await bundleExtension(join(out, 'layer'))).files)
  for (const architecture of ARCHITECTURES) {
    const { files } = await bundleRuntime(architecture, say)
    say(`zipping the runtime layer for ${architecture}`)
    yield await write(`runtime-${architecture}`, files)
  }
}

/** The ingest function: one bundle with two doors (`index.handler`, `index.tick`), and its rules compiled: a pack and the module of its conditions. */
export async function buildIngest(out: string, rules: LoadedRules): Promise<Artefact> {
  const bundle = await build({
    entryPoints: { index: lambdaEntry },
    bundle: true,
    write: false,
    outdir: join(out, 'ingest'),
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true,
    minify: true,
    legalComments: 'linked',
    outExtension: { '.js': '.mjs' },
    // CommonJS packages inside an ES module ask for require at run time.
    banner: { js: "import{createRequire as __weirRequire}from'node:module';const require=__weirRequire(import.meta.url);" },
    plugins: [requiredHttp],
    logLevel: 'warning',
  })
  const { json, module } = buildPack(rules)
  return zip(out, 'ingest', [
    ...bundle.outputFiles.map(({ path, contents }) => ({
      path: path.slice(join(out, 'ingest').length + 1),
      bytes: contents,
      mode: 0o644,
    })),
    { path: 'rules.json', bytes: Buffer.from(json), mode: 0o644 },
    { path: 'rules.mjs', bytes: Buffer.from(module), mode: 0o644 },
  ])
}

/**
 * An `import` of node:http reads all that it exports, WebSocket among it, and so loads Node's whole `fetch`, which nothing here uses: a tenth of a
 * cold start. `require` reads nothing.
 */
const requiredHttp: Plugin = {
  name: 'required-http',
  setup(bundling) {
    bundling.onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : { path, external: true },
    )
    bundling.onLoad({ filter: /^/, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  },
}

/** A zip named by its hash, `weir-ingest-<first 16 digits>.zip`: CloudFormation sees new code by its key only. */
async function zip(out: string, name: string, entries: readonly ZipEntry[]): Promise<Artefact> {
  await mkdir(out, { recursive: true })
  const unnamed = join(out, `weir-${name}.zip`)
  await writeZip(unnamed, entries)
  const { sha256 } = await describeFile(name, unnamed)
  const file = join(out, `weir-${name}-${sha256.slice(0, 16)}.zip`)
  await rename(unnamed, file)
  return describeFile(name, file)
}

/** The config as JSON, named by its hash, so that Lambda parses no YAML and a deployed config cannot change under its name. */
export async function buildConfig(out: string, document: unknown): Promise<Artefact> {
  validateConfig(document)
  const text = JSON.stringify(document)
  const sha256 = createHash('sha256').update(text).digest('hex')
  await mkdir(join(out, 'config'), { recursive: true })
  const file = join(out, 'config', `${sha256}.json`)
  await writeFile(file, text)
  return describeFile('config', file)
}

/** The JSON Schema of weir.yaml. */
export async function buildSchema(out: string): Promise<Artefact> {
  const file = join(out, 'weir.schema.json')
  await writeFile(file, `${JSON.stringify(configSchema(), null, 2)}\n`)
  return describeFile('schema', file)
}

export async function describeFile(name: string, file: string): Promise<Artefact> {
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
  return { name, file, bytes: (await stat(file)).size, sha256 }
}
