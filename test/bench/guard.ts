import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bundleExtension } from '@weir/extension'
import { median, printTable } from './stats.ts'

const ROUNDS = 9
const CHILD = fileURLToPath(new URL('./guard/work.child.mjs', import.meta.url))
const run = promisify(execFile)

interface Told {
  readonly readyMs: number
  readonly readyCpuMs: number
  readonly anonymous: number
  readonly anonymousAfter: number
  readonly micros: Readonly<Record<string, { readonly wall: number; readonly cpu: number }>>
}

/** What the guard inside a Node function costs it: to start, and for each kind of work that it watches. */
export async function benchGuard(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  const server = createServer((_, res) => res.end('ok'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await bundleExtension(folder)
    const guard = join(folder, 'weir/guard.mjs')
    if (!existsSync(guard)) {
      process.stdout.write('guard: SKIPPED: the layer has none\n')
      return
    }
    const env = {
      PATH: process.env['PATH'],
      TMPDIR: folder,
      WEIR_TMP: folder,
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: folder,
    }
    const one = async (flags: readonly string[]): Promise<Told> => {
      const { stdout } = await run(process.execPath, [...flags, CHILD, String(port)], { env })
      return JSON.parse(stdout) as Told
    }
    const [without, with_]: Told[][] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      without?.push(await one([]))
      with_?.push(await one(['--import', guard]))
    }
    print(without ?? [], with_ ?? [])
  } finally {
    server.close()
    server.closeAllConnections()
    await rm(folder, { recursive: true, force: true })
  }
}

function print(without: readonly Told[], with_: readonly Told[]): void {
  const medianOf = (runs: readonly Told[], of: (told: Told) => number | undefined): number =>
    median(runs.map(told => of(told) ?? Number.NaN))
  const three = (unit: string, of: (told: Told) => number | undefined): readonly string[] => {
    const [none, own] = [medianOf(without, of), medianOf(with_, of)]
    return [none, own, own - none].map(value => `${value.toFixed(1)} ${unit}`)
  }
  const work = Object.keys(without[0]?.micros ?? {})
  printTable(
    `Guard: medians of ${ROUNDS} processes, in turn`,
    ['what', 'without', 'with', 'added', 'added processor time'],
    [
      ['start', ...three('ms', told => told.readyMs), three('ms', told => told.readyCpuMs)[2] ?? ''],
      ['anonymous memory', ...three('MB', told => told.anonymous), ''],
      ['anonymous memory after the work', ...three('MB', told => told.anonymousAfter), ''],
      ...work.map(what => [
        what,
        ...three('µs', told => told.micros[what]?.wall),
        three('µs', told => told.micros[what]?.cpu)[2] ?? '',
      ]),
    ],
  )
}
