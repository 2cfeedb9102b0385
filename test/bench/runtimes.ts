import { readFile } from 'node:fs/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isApart, runApart } from './extension/apart.ts'
import { type Bare, ours, sizeOf, type Tell } from './extension/contenders.ts'
import { mediansOf } from './extension/table.ts'
import { type Weight, weigh, weighBare } from './extension/weigh.ts'
import { printTable } from './stats.ts'

const ROUNDS = 9
const INVOCATIONS = 1_000
const SMALLEST = fileURLToPath(new URL('./runtimes/smallest.mjs', import.meta.url))

/** What runtimes of JavaScript cost by themselves, and with the smallest extension: on this Node, on the bundled runtime, on LLRT where it is named. */
export async function benchRuntimes(): Promise<void> {
  if (process.platform !== 'linux' || (!isApart && (await runApart(['runtimes'])))) return
  const tell: Tell = line => void process.stdout.write(`${line}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    const { bare } = await ours(folder, tell)
    const llrt = process.env['WEIR_LLRT']
    if (llrt === undefined)
      tell('LLRT: SKIPPED: name its program in WEIR_LLRT: it comes from its releases, not from a package registry')
    const runtimes: readonly Bare[] = [...bare, ...(llrt === undefined ? [] : [{ name: 'LLRT', command: llrt, env: {} }])]
    const [idle, loaded] = [new Map<string, Weight[]>(), new Map<string, Weight[]>()]
    const note = (to: Map<string, Weight[]>, name: string, one: Weight) => to.set(name, [...(to.get(name) ?? []), one])
    for (let round = 0; round < ROUNDS; round++) {
      for (const runtime of runtimes) {
        note(idle, runtime.name, await weighBare(runtime))
        const extension = { ...runtime, args: [SMALLEST], env: () => runtime.env }
        note(loaded, runtime.name, await weigh(extension, round < 3 ? INVOCATIONS : 0))
      }
    }
    await print(runtimes, idle, loaded)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function print(
  runtimes: readonly Bare[],
  idle: ReadonlyMap<string, readonly Weight[]>,
  loaded: ReadonlyMap<string, readonly Weight[]>,
): Promise<void> {
  const show = (value: number | undefined): string => value?.toFixed(1) ?? '–'
  const head = [
    'runtime',
    'one line: ready ms',
    'anonymous MB',
    'smallest extension: ready ms',
    'CPU to ready ms',
    'anonymous MB',
  ]
  const rows: string[][] = []
  for (const { name, command } of runtimes) {
    const [alone, own] = [mediansOf(idle.get(name) ?? []), mediansOf(loaded.get(name) ?? [])]
    const { bytes, zipped } = sizeOf([await readFile(command)])
    rows.push([
      name.replace(/, one line, idle$/, ''),
      ...[alone.ready, alone.anonymous, own.ready, own.cpuToReady, own.anonymous, own.private, own.cpuPerThousand].map(show),
      ...[bytes, zipped].map(size => show(size / 2 ** 20)),
    ])
  }
  printTable(
    `Runtimes: medians of ${ROUNDS} starts, and of 3 times 1,000 invocations`,
    [...head, 'private MB', 'CPU ms per 1,000', 'size MB', 'zipped MB'],
    rows,
  )
}
