import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BuiltPack, buildPack, loadRules } from '@weir/ingest'
import { build } from 'esbuild'
import { median, printTable } from '../stats.ts'
import type { Started } from './coldstart.child.ts'
import { cloudPack, type RuleSource, sigmaHq } from './rules.ts'

const run = promisify(execFile)
const TIMES = 9

/**
 * What rules add to a cold start: as a pack (data), as a pack with its module, and for comparison from YAML. Each in new processes with the
 * engine bundled as deploy bundles it; they run in turn, so that a busy minute of the machine meets all of them. `WEIR_BENCH_ROUNDS` changes
 * their number.
 */
export async function benchColdStart(): Promise<void> {
  const times = Number(process.env['WEIR_BENCH_ROUNDS'] ?? TIMES)
  const folder = await mkdtemp(join(tmpdir(), 'weir-coldstart-'))
  try {
    const child = await bundle(folder)
    const empty = join(folder, 'empty.mjs')
    await writeFile(
      empty,
      'const { user, system } = process.cpuUsage(); const loaded = (user + system) / 1000; globalThis.gc?.(); process.stdout.write(JSON.stringify({ loaded, ready: 0, first: 0, second: 0, heap: process.memoryUsage().heapUsed, rules: 0 }))',
    )
    const ways: Way[] = [{ name: 'Node alone', args: [empty], bytes: 0 }]
    const none = await compile({ name: 'no rules', folders: [] }, folder)
    ways.push({ name: "Weir's engine, no rules", args: [child, 'data', none.file], bytes: Buffer.byteLength(none.json) })
    const hq = sigmaHq()
    for (const source of [cloudPack(), ...(hq ? [hq] : [])]) ways.push(...(await waysOf(source, child, folder)))
    await print(ways, times)
    if (!hq) process.stdout.write('SigmaHQ: skipped, ../shared/data/sigma is not there\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Way {
  readonly name: string
  readonly args: readonly string[]
  readonly bytes: number
}

async function bundle(folder: string): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL('coldstart.child.ts', import.meta.url))],
    bundle: true,
    outdir: folder,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true,
    minify: true,
    outExtension: { '.js': '.mjs' },
    banner: { js: "import{createRequire as __weirRequire}from'node:module';const require=__weirRequire(import.meta.url);" },
    define: { 'import.meta.url': JSON.stringify(import.meta.resolve('@weir/detections')) }, // where the field mappings lie
    logLevel: 'error',
  })
  return join(folder, 'coldstart.child.mjs')
}

async function compile({ name, folders }: RuleSource, folder: string): Promise<BuiltPack & { readonly file: string }> {
  const pack = buildPack(await loadRules('.', false, folders))
  const file = join(folder, `${name.replaceAll(' ', '-')}.json`)
  await writeFile(file, pack.json)
  await writeFile(file.replace(/json$/, 'mjs'), pack.module)
  return { ...pack, file }
}

async function waysOf(source: RuleSource, child: string, folder: string): Promise<Way[]> {
  const { json, module, file } = await compile(source, folder)
  const bytes = Buffer.byteLength(json)
  return [
    { name: `${source.name}, pack`, args: [child, 'data', file], bytes },
    { name: `${source.name}, pack and module`, args: [child, 'module', file], bytes: bytes + Buffer.byteLength(module) },
    { name: `${source.name}, YAML`, args: [child, 'yaml', ...source.folders], bytes: 0 },
  ]
}

async function print(ways: readonly Way[], times: number): Promise<void> {
  const started = new Map<string, Started[]>(ways.map(({ name }) => [name, []]))
  for (let i = 0; i < times; i++) {
    for (const { name, args } of ways) {
      const { stdout } = await run(process.execPath, ['--expose-gc', ...args])
      started.get(name)?.push(JSON.parse(stdout) as Started)
    }
  }
  const rows = ways.map(({ name, bytes }) => {
    const all = started.get(name) ?? []
    const of = (key: keyof Started): number => median(all.map(each => each[key]))
    return [
      name,
      String(of('rules')),
      bytes === 0 ? '–' : (bytes / 1000).toFixed(0),
      of('loaded').toFixed(0),
      of('ready').toFixed(1),
      of('first').toFixed(1),
      of('second').toFixed(2),
      (of('heap') / 1e6).toFixed(1),
    ]
  })
  printTable(
    `a cold start: milliseconds of processor time of each step, medians of ${times} processes; heap after a collection`,
    ['', 'rules', 'kB', 'code loaded', '+ rules ready', '+ first events', '+ second', 'heap MB'],
    rows,
  )
}
