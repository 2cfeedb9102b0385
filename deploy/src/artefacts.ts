import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadPack, packDocument } from '@weir/detections'
import { bundleExtension } from '@weir/extension'
import { configSchema, validateConfig } from '@weir/ingest'
import { build } from 'esbuild'
import { writeZip } from './zip.ts'

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
  const file = join(out, 'weir-layer.zip')
  const { files } = await bundleExtension(join(out, 'layer'))
  await writeZip(file, files)
  return describeFile('layer', file)
}

/** The ingest function: one bundle with two doors (`index.handler`, `index.tick`), and the rule pack as data. */
export async function buildIngest(out: string): Promise<Artefact> {
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
    logLevel: 'warning',
  })
  const pack = await loadPack()
  if (pack.refused.length > 0) {
    throw new Error(
      `the rule pack does not load: ${pack.refused.map(({ file, line, reason }) => `${file}:${line} ${reason}`).join('; ')}`,
    )
  }
  const file = join(out, 'weir-ingest.zip')
  await writeZip(file, [
    ...bundle.outputFiles.map(({ path, contents }) => ({
      path: path.slice(join(out, 'ingest').length + 1),
      bytes: contents,
      mode: 0o644,
    })),
    { path: 'rules.json', bytes: Buffer.from(JSON.stringify(packDocument(pack))), mode: 0o644 },
  ])
  return describeFile('ingest', file)
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
