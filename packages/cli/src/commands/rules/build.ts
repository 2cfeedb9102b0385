import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type BuiltPack, buildPack, ConfigError, type LoadedRules, packPlace, publishPack, readConfigFile } from '@weir/ingest'
import { type Command, EXIT, type World } from '../../command.ts'
import { loadRules } from '../../rules.ts'
import { counted } from '../../terminal.ts'
import { tellRefusals } from './refusals.ts'

/** `weir rules build`: compiles rules into a pack, and publishes it where functions follow it. */
export const build: Command = {
  name: 'rules build',
  summary: 'Compile rules into a rule pack; publish it for functions that follow packs.',
  usage: ['[PATH...] --out DIR [--config FILE]', '[PATH...] --publish s3://BUCKET/PREFIX [--config FILE]'],
  options: {
    out: { type: 'string', value: 'DIR', description: 'Write the pack, its module and the pointer to it into this folder.' },
    publish: {
      type: 'string',
      value: 'PLACE',
      description:
        'Upload the pack, then move the pointer: `rules.pack` of the config. The stack looks in weir/rules of its own bucket.',
    },
    config: { type: 'string', value: 'FILE', description: 'Build the rules of this weir.yaml, and those under PATH.' },
    'no-builtin': { type: 'boolean', description: "Leave Weir's own pack out." },
    json: { type: 'boolean', description: 'One JSON object about the pack on standard output.' },
  },
  help: `Writes <sha256>.json, the pack as data, <sha256>.mjs, its conditions as a module, and at last current.json, which names the pack: a function
that looks meanwhile finds the old pack or the new one. Exit code 3 when a rule is refused: then nothing is written.

A config that is deployed with a pack in the zip needs no build; this is for rules that change without a deploy:

    weir rules build --config weir.yaml --publish s3://BUCKET/weir/rules`,
  async run(args, world) {
    const [out, publish] = [args.text('out'), args.text('publish')]
    if (out === undefined && publish === undefined)
      throw new ConfigError('rules build: say where to: --out DIR, --publish s3://BUCKET/PREFIX, or both')
    const rules = await loadAll(world, args.text('config'), args.positionals, !args.flag('no-builtin'))
    if (rules.refused.length > 0) return tellRefusals(rules.refused, world)
    const pack = buildPack(rules)
    if (out !== undefined) {
      const folder = resolve(world.cwd, out)
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, `${pack.sha256}.mjs`), pack.module)
      await publishPack(packPlace(folder), pack)
    }
    if (publish !== undefined) await publishTo(publish, pack, world)
    tell(pack, rules, args.flag('json'), world)
    return EXIT.ok
  },
}

async function loadAll(
  world: World,
  config: string | undefined,
  paths: readonly string[],
  builtin: boolean,
): Promise<LoadedRules> {
  const { cwd, terminal } = world
  const { rules } = config === undefined ? { rules: undefined } : await readConfigFile(resolve(cwd, config))
  // As deploy does it: the files of a config are named relative to it, and so is what refusals and findings say of them.
  const from = config === undefined ? cwd : dirname(resolve(cwd, config))
  const all = [...(rules?.paths ?? []), ...paths.map(path => resolve(cwd, path))]
  const onProgress = (read: number, of: number): void => terminal.progress(`${read} of ${of} rule files`)
  const loaded = await loadRules(from, builtin && (rules?.builtin ?? true), all, 'rules build', { ...rules, onProgress })
  terminal.progress('')
  return loaded
}

async function publishTo(at: string, pack: BuiltPack, { cwd }: World): Promise<void> {
  const place = packPlace(at.includes('://') ? at : resolve(cwd, at))
  try {
    await publishPack(place, pack)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { name, message } = error as Error
    throw new ConfigError(`--publish ${at}: the pointer has not moved: ${name}: ${message}`, { cause: error })
  }
}

function tell({ name, sha256, json, module }: BuiltPack, rules: LoadedRules, asJson: boolean, world: World): void {
  const counts = { rules: rules.rules.length, correlations: rules.correlations.length }
  const bytes = { pack: Buffer.byteLength(json), module: Buffer.byteLength(module) }
  if (asJson) world.out.write(`${JSON.stringify({ name, sha256, ...counts, bytes })}\n`)
  else
    world.terminal.line(
      `pack ${name}: ${counted(counts.rules, 'rule')}, ${counted(counts.correlations, 'correlation')}; ${sha256}.json ${bytes.pack} bytes, .mjs ${bytes.module} bytes`,
    )
}
