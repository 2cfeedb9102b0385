import { execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { counted } from './stress-books.ts'
import type { Order } from './stress-function.ts'
import { allArrived, isRoot, type Scenario, type Seen, type Stage } from './stress-stage.ts'

type Vandal = Extract<Order, { do: 'vandal' }>['how']

const lines = (stage: Stage, name: string, count = 100) => stage.invoke({ do: 'lines', name, count })
const throttle = ({ kinesis: { faults } }: Stage) => {
  faults.call = () => ({ kind: 'error', type: 'ProvisionedThroughputExceededException' })
}
const heal = ({ kinesis: { faults } }: Stage) => void delete faults.call
const journalsOf = ({ books }: Seen) => books.own.get('weir.journal') ?? []

/** The journal's folder is spoilt while a journal is open, with the stream away and back. */
const spoilt = (how: Vandal, what: string): Scenario => ({
  name: `tmp-${how}`,
  what,
  atLeast: 426,
  async play(stage) {
    await lines(stage, 'before')
    throttle(stage)
    await lines(stage, 'waits')
    await stage.invoke({ do: 'vandal', how })
    await lines(stage, 'spoilt')
    await stage.invoke({ do: 'lines', name: 'much', count: 25, bytes: 10_000, noise: true })
    heal(stage)
    await lines(stage, 'after')
  },
  wrong: allArrived,
})

/** The runtime crashes while the stream is away, so that the extension ends with lines that it could not ship. */
const crash = (name: string, what: string, before: readonly Order[], wrong: (seen: Seen) => string[]): Scenario => ({
  name,
  what,
  lives: 2,
  // What the platform reports after a crash is told to nobody.
  loose: before.length > 0 ? 'lines' : 'events',
  async play(stage) {
    await lines(stage, 'before')
    throttle(stage)
    await lines(stage, 'waits')
    for (const order of before) await stage.invoke(order)
    await stage.invoke({ do: 'crash' })
    heal(stage)
    await lines(stage, 'after')
  },
  wrong,
})

/** A disk of so many megabytes at the journal's place. */
const disk = (megabytes: number, more = '') => ({
  skip: needsMount,
  prepare: async (folder: string) => {
    const at = join(folder, 'tmp')
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m${more}`, 'weir-stress', at])
    return { env: {}, close: async () => void execFileSync('umount', ['-l', at]) }
  },
})

const runs = (command: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const needsMount = (): string | undefined =>
  isRoot() && runs('unshare', '-m', 'true') ? undefined : 'a small disk can be mounted by root only, outside of a container'
/** Root may read and write anything; this takes that right away. */
const WITHOUT_RIGHTS = ['--bounding-set', '-dac_override,-dac_read_search'] as const

/** What a function can do inside its sandbox, and how narrow that can be. */
export const SANDBOX: readonly Scenario[] = [
  {
    name: 'attack',
    what: '200 connections to the listener: garbage, slow, forged, bombs',
    loose: 'events',
    untimed: true,
    atLeast: 220,
    async play(stage) {
      await lines(stage, 'before')
      await stage.invoke({ do: 'attack' })
      await lines(stage, 'after')
    },
    wrong: seen => [
      ...allArrived(seen),
      ...(seen.books.forged > 0 ? [] : ['the attack did not find the listener']),
      ...(seen.books.dropped.has('forged') ? [] : ['no forged event of ours was counted']),
    ],
  },
  {
    name: 'never-reads',
    what: 'a connection to the listener that asks and never reads an answer, 15 s',
    loose: 'events',
    untimed: true,
    atLeast: 201,
    async play(stage) {
      await lines(stage, 'before')
      await stage.invoke({ do: 'never-read', seconds: 15 })
      await lines(stage, 'after')
    },
    wrong: allArrived,
  },
  spoilt('link', '/tmp/.weir becomes a link to elsewhere'),
  spoilt('file', '/tmp/.weir becomes a file'),
  {
    ...spoilt('closed', '/tmp/.weir becomes a folder of mode 0'),
    ...(isRoot() && { shell: `PREFIX="setpriv ${WITHOUT_RIGHTS.join(' ')} --"` }),
    skip: () =>
      isRoot() && !runs('setpriv', ...WITHOUT_RIGHTS, 'true')
        ? 'root may read anything, and setpriv cannot change that'
        : undefined,
  },
  spoilt('scribble', 'bytes of the open journal are changed'),
  { ...spoilt('fill', '/tmp is filled to the last byte'), ...disk(48) },
  { ...spoilt('read', '/tmp is read-only'), name: 'tmp-read-only', ...disk(48, ',ro') },
  {
    name: 'tmp-plant',
    what: 'the next process finds 100 journals of nobody, some of 40 MB or garbage, a folder and /dev/zero',
    atLeast: 101,
    lives: 2,
    // The journals that were planted are in quarantine: nobody has their keys.
    loose: 'lines',
    async play(stage) {
      await stage.invoke({ do: 'vandal', how: 'plant' })
      await stage.invoke({ do: 'crash' })
      for (let n = 0; n < 25; n++) await lines(stage, `after-${n}`, 4)
    },
    wrong: seen => [...allArrived(seen), ...(journalsOf(seen).length > 0 ? [] : ['nothing was told of what was planted'])],
  },
  crash('crash', 'the runtime crashes with the stream away; the next process ships the journal', [], allArrived),
  crash('crash-tampered', 'the same, with bytes of the journal changed before', [{ do: 'vandal', how: 'scribble' }], seen => {
    const told = seen.books.quarantined > 0 || journalsOf(seen).some(({ lost }) => Number(lost) > 0)
    return told ? [] : allArrived(seen).map(each => `${each}, and nobody says so`)
  }),
  {
    name: 'few-files',
    what: 'ulimit -n 32, and 200 connections to the listener',
    shell: 'ulimit -n 32',
    loose: 'events',
    untimed: true,
    atLeast: 1_220,
    async play(stage) {
      for (let n = 0; n < 10; n++) await lines(stage, `few-${n}`)
      await stage.invoke({ do: 'attack' })
      for (let n = 0; n < 2; n++) await lines(stage, `after-${n}`)
    },
    wrong: allArrived,
  },
  {
    name: 'small-heap',
    what: 'a third of the heap, with the stream away: bombs, many lines, long ones',
    only: 'node',
    async prepare(folder) {
      const node = join(folder, 'bin/node')
      const flags = '"${@/--max-old-space-size=64/--max-old-space-size=22}"'
      await mkdir(join(folder, 'bin'))
      await writeFile(node, `#!/bin/bash\nexec '${process.execPath}' ${flags}\n`)
      await chmod(node, 0o755)
      return { env: { WEIR_NODE: node } }
    },
    async play(stage) {
      throttle(stage)
      await stage.invoke({ do: 'bombs' })
      await stage.invoke({ do: 'lines', name: 'line', count: 50_000 })
      await stage.invoke({ do: 'lines', name: 'wide', count: 50, bytes: 1_000_000, noise: true })
      heal(stage)
      await lines(stage, 'after')
    },
    wrong: ({ books }) => (counted(books) > 0 ? [] : ['nothing was too much for it: that is no trial']),
  },
]
