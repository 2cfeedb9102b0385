import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, natives, ours } from './extension/contenders.ts'
import { startBenchPlatform } from './extension/platform.ts'
import { cpuOf, memoryOf } from './extension/usage.ts'
import { median, printTable } from './stats.ts'

const ROUNDS = 9
/** In so many of the rounds it is invoked as well. */
const INVOKED_ROUNDS = 3
const WARM_UP = 100
const INVOCATIONS = 1_000
const SETTLE_MS = 300 // after ready, so that memory is that of an idle process

/** Milliseconds from exec, mebibytes, milliseconds of processor time. */
interface Figures {
  readonly registered?: number
  readonly subscribed?: number
  readonly ready: number
  readonly cpuToReady: number
  readonly anonymous: number
  readonly private: number
  readonly rss: number
  readonly anonymousAfter?: number
  readonly cpuPerThousand?: number
}

const COLUMNS: readonly (readonly [key: keyof Figures, title: string, digits: number])[] = [
  ['registered', 'registered ms', 1],
  ['subscribed', 'subscribed ms', 1],
  ['ready', 'ready ms', 1],
  ['cpuToReady', 'CPU to ready ms', 1],
  ['anonymous', 'anonymous MB', 1],
  ['private', 'private MB', 1],
  ['rss', 'RSS MB', 1],
  ['anonymousAfter', 'anonymous MB after 1,000', 1],
  ['cpuPerThousand', 'CPU ms per 1,000', 0],
]

/** Start, memory and processor time of the extension beside others and beside the bare runtime, in turn. Linux only. */
export async function benchExtension(): Promise<void> {
  if (process.platform !== 'linux') {
    process.stdout.write('\nextension: skipped, it reads /proc, which only Linux has\n')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    const weir = await ours(folder)
    const contenders = [weir, ...(await natives(folder, line => void process.stdout.write(`${line}\n`)))]
    const figures = new Map<string, Figures[]>()
    const note = (name: string, one: Figures) => figures.set(name, [...(figures.get(name) ?? []), one])
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of contenders) note(each.name, await weigh(each, round < INVOKED_ROUNDS))
      note(BARE, await weighBare())
    }
    print(figures, new Map(contenders.map(each => [each.name, each.bytes])), weir.name)
    process.stdout.write(`\nlayer of Weir: ${weir.bytes} bytes unzipped, of which JavaScript ${weir.script}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const BARE = 'bare Node, one line, idle'

async function weigh({ command, env }: Contender, invoked: boolean): Promise<Figures> {
  const platform = await startBenchPlatform()
  const began = performance.now()
  const child = spawn(command, [], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${platform.port}`,
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench-secret-key',
      WEIR_STREAM_ARN: 'arn:aws:kinesis:us-east-1:111122223333:stream/telemetry',
      WEIR_KINESIS_ENDPOINT: `http://127.0.0.1:${platform.port}`,
      WEIR_TELEMETRY_HOST: '127.0.0.1',
      ...env,
    },
  })
  try {
    const pid = pidOf(child)
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${command} ended by itself`)))
    const readyAt = await Promise.race([platform.readyAt, gone])
    const cpuToReady = cpuOf(pid)
    await platform.init()
    const idle = await settled(pid)
    const [registered, subscribed] = await Promise.all([platform.registeredAt, platform.subscribedAt])
    const start = { registered: registered - began, subscribed: subscribed - began, ready: readyAt - began, cpuToReady, ...idle }
    if (!invoked) return start
    for (let n = 0; n < WARM_UP; n++) await Promise.race([platform.invoke(), gone])
    const before = cpuOf(pid)
    for (let n = 0; n < INVOCATIONS; n++) await Promise.race([platform.invoke(), gone])
    const cpuPerThousand = ((cpuOf(pid) - before) * 1_000) / INVOCATIONS
    return { ...start, cpuPerThousand, anonymousAfter: memoryOf(pid).anonymousKb / 1024 }
  } finally {
    child.kill('SIGKILL')
    platform.close()
  }
}

/** The runtime alone, with nothing to do: what any JavaScript extension pays before its first line. */
async function weighBare(): Promise<Figures> {
  const began = performance.now()
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x");setInterval(()=>{},1e9)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await once(child.stdout, 'data')
    const ready = performance.now() - began
    const cpuToReady = cpuOf(pidOf(child))
    return { ready, cpuToReady, ...(await settled(pidOf(child))) }
  } finally {
    child.kill('SIGKILL')
  }
}

async function settled(pid: number): Promise<{ anonymous: number; private: number; rss: number }> {
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const { anonymousKb, privateKb, rssKb } = memoryOf(pid)
  return { anonymous: anonymousKb / 1024, private: privateKb / 1024, rss: rssKb / 1024 }
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start')
  return child.pid
}

function print(figures: ReadonlyMap<string, readonly Figures[]>, bytes: ReadonlyMap<string, number>, first: string): void {
  const medians = new Map(
    [...figures].map(([name, all]) => {
      const of = (key: keyof Figures): number | undefined => {
        const values = all.map(each => each[key]).filter(value => value !== undefined)
        return values.length > 0 ? median(values) : undefined
      }
      return [name, COLUMNS.map(([key]) => of(key))] as const
    }),
  )
  const rows = [...medians].map(([name, values]) => [
    name,
    ...values.map((value, index) => value?.toFixed(COLUMNS[index]?.[2]) ?? '–'),
    bytes.has(name) ? ((bytes.get(name) ?? 0) / 2 ** 20).toFixed(2) : '–',
  ])
  const head = ['process', ...COLUMNS.map(([, title]) => title), 'size MB']
  printTable(
    `Extension: medians of ${ROUNDS} starts, and of ${INVOKED_ROUNDS} times 1,000 invocations with 8 JSON lines each`,
    head,
    rows,
  )

  const own = [...(medians.get(first) ?? []), bytes.get(first)]
  const ratios = [...medians]
    .filter(([name]) => name !== first)
    .map(([name, values]) => [
      name,
      ...[...values, bytes.get(name)].map((value, index) => {
        const of = own[index]
        return value === undefined || of === undefined ? '–' : `${(value / of).toFixed(2)}×`
      }),
    ])
  printTable('The others, as multiples of ours', head, ratios)
}
