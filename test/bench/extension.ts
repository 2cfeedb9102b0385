import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aims } from './extension/aims.ts'
import { isApart, runApart } from './extension/apart.ts'
import { type Durations, durations } from './extension/billed.ts'
import { checkBudget } from './extension/budget.ts'
import { type Contender, natives, ours, type Tell } from './extension/contenders.ts'
import { peers } from './extension/peers.ts'
import { type Rie, type RoundTrips, startRie } from './extension/rie.ts'
import { mediansOf, printFigures, type Row } from './extension/table.ts'
import { type Weight, weigh, weighBare } from './extension/weigh.ts'

const ROUNDS = 9
/** In so many of the rounds it is invoked as well, and so often runs the function with it on the emulators. */
const INVOKED_ROUNDS = 3
const INVOCATIONS = 1_000

/**
 * Start, memory, processor time and what is billed of the extension beside others and beside the bare runtime, in turn; or, to check, whether it
 * keeps its budgets. Linux only.
 */
export async function benchExtension({ check = false }: { readonly check?: boolean } = {}): Promise<void> {
  if (process.platform !== 'linux') {
    process.stdout.write('\nextension: skipped, it reads /proc, which only Linux has\n')
    return
  }
  if (!isApart) {
    if (await runApart(['extension', ...(check ? ['--check'] : [])])) return
    process.stdout.write(
      'extension: this machine allows no namespaces, so that extensions see all its processes, and some fail\n',
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  await chmod(folder, 0o755) // AWS's emulator of managed instances runs all that is in it as another user
  try {
    await (check ? checkBudget(folder, tell) : compare(folder, tell))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const tell: Tell = line => void process.stdout.write(`${line}\n`)

async function compare(folder: string, tell: Tell): Promise<void> {
  const own = await ours(folder, tell)
  const weir = [own.onNode, ...(own.onRuntime ? [own.onRuntime] : []), own.withJournal]
  const all = [...weir, ...(await natives(folder, tell)), ...(await peers(folder, tell))]
  const rie = await startRie(folder, tell)
  const figures = new Map<string, Weight[]>()
  const note = (name: string, one: Weight) => figures.set(name, [...(figures.get(name) ?? []), one])
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of all) note(each.name, await weigh(each, round < INVOKED_ROUNDS ? INVOCATIONS : 0))
    for (const each of own.bare) note(each.name, await weighBare(each))
  }
  const added = await whatIsAdded(all, folder, rie, tell)
  const rows = [...figures].map(([name, weights]): Row => {
    const { size } = all.find(each => each.name === name) ?? {}
    return { name, ...mediansOf(weights), ...added.get(name), ...size }
  })
  printFigures(rows, ROUNDS, INVOKED_ROUNDS)
  aims(rows, own)
}

/** What an extension adds to Init and to an invocation, milliseconds. */
export interface Added {
  readonly addedInit?: number | undefined
  readonly addedFirst?: number | undefined
  readonly addedLater?: number | undefined
  /** To what its caller waits for, on AWS's emulator and on its managed instances. */
  readonly addedClassic?: number | undefined
  readonly addedManaged?: number | undefined
}

/** Against the same function without an extension, measured in the same rounds. */
async function whatIsAdded(all: readonly Contender[], folder: string, rie: Rie, tell: Tell): Promise<Map<string, Added>> {
  const runs = new Map<string | undefined, (Durations & RoundTrips)[]>()
  const failed = new Set<string>()
  for (let round = 0; round < INVOKED_ROUNDS; round++) {
    for (const each of [undefined, ...all]) {
      if (each && failed.has(each.name)) continue
      try {
        const one = { ...(await durations(folder, each)), ...(await rie(each)) }
        runs.set(each?.name, [...(runs.get(each?.name) ?? []), one])
      } catch (error) {
        if (!each) throw error
        failed.add(each.name)
        tell(`${each.name}: SKIPPED under the emulators: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const without = mediansOf(runs.get(undefined) ?? [])
  const minus = (with_: number | undefined, none: number | undefined) =>
    with_ === undefined || none === undefined ? undefined : with_ - none
  const added = all.map(({ name }): readonly [string, Added] => {
    const own = mediansOf(runs.get(name) ?? [])
    return [
      name,
      {
        addedInit: minus(own.init, without.init),
        addedFirst: minus(own.first, without.first),
        addedLater: minus(own.later, without.later),
        addedClassic: minus(own.classic, without.classic),
        addedManaged: minus(own.managed, without.managed),
      },
    ]
  })
  return new Map(added)
}
