import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Say } from '@weir/extension/runtime'
import { bucketOf } from '@weir/ingest'
import { synthesize } from './app.ts'
import { type Artefact, buildConfig, buildIngest, buildLayer, buildRuntimes, buildSchema, describeFile } from './artefacts.ts'
import { readLambdaConfig } from './lambda-config.ts'

/** What a build made, and what its user should know. */
export interface Release {
  readonly made: readonly Artefact[]
  readonly warnings: readonly string[]
}

/**
 * Makes all that a deployment needs, offline, from a `weir.yaml` or none. The template names the zips and the config by their hashes, as
 * literals: an update of the stack always rolls out what was built with it, whatever parameters the last one was given. With `runtimes`, which is
 * told what takes long, the runtime layers too; those need npm, once.
 */
export async function release(configFile: string | undefined, out: string, runtimes?: Say): Promise<Release> {
  const { document, config, rules } = await readLambdaConfig(configFile)
  await clear(out)
  const layer = await buildLayer(out)
  const ingest = await buildIngest(out, rules)
  const json = await buildConfig(out, document)
  const rt = runtimes && (await buildRuntimes(out, runtimes))
  const key = ({ file }: Artefact): string => relative(out, file).replaceAll('\\', '/')
  const { template } = synthesize(join(out, 'cdk.out'), {
    streams: Object.keys(config.streams),
    packs: config.rules.pack === undefined ? undefined : bucketOf(config.rules.pack),
    artefacts: {
      layer: key(layer),
      ingest: key(ingest),
      config: key(json),
      ...(rt && { runtimes: { x86_64: key(rt.x86_64), arm64: key(rt.arm64) } }),
    },
  })
  const file = join(out, 'weir.template.json')
  await writeFile(file, JSON.stringify(template)) // CloudFormation takes 51,200 bytes in a request, spaces included
  const warnings: string[] = []
  if (config.sinks.length === 0) {
    const given = configFile === undefined ? 'no config was given' : `${configFile} names none`
    warnings.push(`this stack has no sinks (${given}): its findings go nowhere; build with \`-- --config weir.yaml\``)
  }
  const made = [layer, ...Object.values(rt ?? {}), ingest, json, await buildSchema(out), await describeFile('template', file)]
  return { made, warnings }
}

/** Takes away what an earlier build left, and nothing else: `--out` may name a folder that holds more. */
async function clear(out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  const ours = /^(weir-((layer|ingest)(-[0-9a-f]{16})?|runtime-(x86_64|arm64)-[0-9a-f]{16})\.zip|weir\.(template|schema)\.json)$/
  for (const name of await readdir(out)) if (ours.test(name)) await rm(join(out, name))
  const configs = await readdir(join(out, 'config')).catch(() => [])
  for (const name of configs) if (/^[0-9a-f]{64}\.json$/.test(name)) await rm(join(out, 'config', name))
}
