import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type FunctionHandle,
  type FunctionOptions,
  type KinesisServer,
  type LambdaEvent,
  startKinesis,
  startLambda,
} from '@weir/emulator'
import { makeKeys } from '@weir/schema/open'
import { type Books, readBooks } from './stress-books.ts'
import type { Order } from './stress-function.ts'
import { type Peak, watchProcess } from './stress-process.ts'

/** What the extension runs on: the layer in `root`, started by its launcher, with these variables. */
export interface Vehicle {
  readonly name: 'node' | 'bun'
  readonly launcher: string
  readonly env: Readonly<Record<string, string>>
}

/** Where a scenario is played, once without the extension and once with it. */
export interface Stage {
  readonly folder: string
  readonly kinesis: KinesisServer
  readonly function: FunctionHandle
  /** Resolves when the sandbox is frozen; a failing function is a result. */
  readonly invoke: (order: Order) => Promise<void>
}

/** One thing that a function, a stream or a disk can do to the extension. */
export interface Scenario {
  readonly name: string
  /** What it is the limit of, in a few words for the table. */
  readonly what: string
  readonly only?: Vehicle['name']
  readonly options?: Partial<FunctionOptions>
  /** Why it cannot be played on this machine. */
  skip?(): string | undefined
  /** Lines of shell before the launcher starts, with `$FOLDER`. */
  readonly shell?: string
  /** Variables of the extension, and whatever must be there for it. `close` takes it away again. */
  prepare?(
    folder: string,
    kinesis: KinesisServer,
  ): Promise<{ readonly env: Readonly<Record<string, string>>; close?(): Promise<void> }>
  play(stage: Stage): Promise<void>
  /** Lines that the platform must have seen: the scenario did what it says. */
  readonly atLeast?: number
  /** Processes of the extension, where the function crashes or the platform makes it end. */
  readonly lives?: number
  /** The stream takes any key: somebody in front of it looks. */
  readonly anyKeys?: boolean
  /**
   * Where the books cannot be closed to the last record. `events`: what is counted is more than what the platform has told, because the function
   * has its own records there, or a crash has eaten the platform's last ones. `lines`: lines that are lost are told otherwise; `wrong` looks.
   */
  readonly loose?: 'events' | 'lines'
  /** The function does not do the same without the extension, so that times cannot be compared. */
  readonly untimed?: boolean
  /** What else must hold, as sentences that say what does not. */
  wrong?(seen: Seen, stage: Stage): string[]
}

export interface Invocation {
  /** Status, error and body, without the id of the request. */
  readonly result: string
  readonly handlerMs: number
  /** To the end of the phase, with what the extension adds. */
  readonly wholeMs: number
  readonly addedMs: number
}

/** What was seen of a scenario. */
export interface Seen {
  readonly invocations: readonly Invocation[]
  /** What the platform had to tell: lines, and all events. */
  readonly printed: number
  readonly told: number
  readonly books: Books
  readonly peak: Peak
  readonly processes: number
  /** Those that had not ended within the two seconds of SHUTDOWN. */
  readonly late: readonly string[]
  readonly output: readonly string[]
  readonly wrong: readonly string[]
}

const HANDLER = fileURLToPath(new URL('stress-function.ts', import.meta.url))
export const STREAM = 'telemetry'

/** Plays a scenario on the emulator. Without a vehicle there is no extension. */
export async function perform(scenario: Scenario, vehicle?: Vehicle): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-stress-'))
  for (const name of ['extensions', 'task', 'tmp', 'sandboxes']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'task/index.mjs'), `export { handler } from ${JSON.stringify(HANDLER)}\n`)
  const keys = makeKeys()
  const kinesis = await startKinesis({
    streams: { [STREAM]: 4 },
    throttle: false,
    maxBytesPerStream: 1e9,
    ...(scenario.anyKeys && { credentials: false }),
  })
  const prepared = await scenario.prepare?.(folder, kinesis)
  const wrapper = join(folder, 'extensions/weir')
  if (vehicle) await wrap(wrapper, folder, scenario.shell ?? '', vehicle)
  const log = listen()
  const lambda = startLambda({ tempFolder: join(folder, 'sandboxes'), onEvent: event => log.take(event) })
  const watch = watchProcess(join(folder, 'pids'))
  const stressed = lambda.createFunction({
    name: 'stressed',
    taskRoot: join(folder, 'task'),
    timeoutSeconds: 60,
    maxConcurrency: 1,
    ...scenario.options,
    env: { STRESS_TMP: join(folder, 'tmp'), ...scenario.options?.env },
    extensions: vehicle
      ? [
          {
            path: wrapper,
            env: {
              WEIR_STREAM_ARN: kinesis.arn(STREAM),
              WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
              WEIR_TELEMETRY_HOST: '127.0.0.1',
              WEIR_BIND: '127.0.0.1',
              WEIR_TMP: join(folder, 'tmp'),
              WEIR_JOURNAL_KEY: keys.public,
              WEIR_BUDGET_MS: '1000',
              WEIR_INVENTORY: '0',
              ...vehicle.env,
              ...prepared?.env,
            },
          },
        ]
      : [],
  })
  const results: string[] = []
  const stage: Stage = {
    folder,
    kinesis,
    function: stressed,
    async invoke(order) {
      const { statusCode, functionError, body, requestId } = await stressed.invoke(order)
      results.push(`${statusCode} ${functionError ?? ''} ${body.toString().replaceAll(requestId, 'ID').slice(0, 1_000)}`)
      await stressed.idle()
    },
  }
  try {
    await scenario.play(stage)
    delete kinesis.faults.call
    delete kinesis.faults.putRecords
    await lambda.close()
    const peak = watch.stop()
    const seen: Seen = {
      ...log.told(results),
      books: await readBooks(kinesis, STREAM, keys.private),
      peak,
      processes: vehicle ? (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').length : 0,
      wrong: [],
    }
    return { ...seen, wrong: vehicle ? (scenario.wrong?.(seen, stage) ?? []) : [] }
  } finally {
    watch.stop()
    await lambda.close()
    await prepared?.close?.()
    await kinesis.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function wrap(wrapper: string, folder: string, shell: string, { launcher, env }: Vehicle): Promise<void> {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`)
  await writeFile(
    wrapper,
    `#!/bin/bash\necho "$$" >>'${folder}/pids'\nFOLDER='${folder}'\n${variables.join('\n')}\n${shell}\nexec $PREFIX '${launcher}'\n`,
  )
  await chmod(wrapper, 0o755)
}

/** Counts what the platform tells, without keeping the lines. */
function listen() {
  const handlers = new Map<string, number>()
  const reports: { readonly requestId: string; readonly wholeMs: number; readonly addedMs: number }[] = []
  const late: string[] = []
  const output: string[] = []
  let printed = 0
  let told = 0
  return {
    take({ type, record }: LambdaEvent) {
      const { requestId, metrics, spans, killed } = Object(record) as {
        readonly requestId: string
        readonly metrics: { readonly durationMs: number }
        readonly spans?: readonly { readonly name: string; readonly durationMs: number }[]
        readonly killed: readonly string[]
      }
      if (type === 'function') printed++
      if (type === 'function' || type.startsWith('platform.')) told++
      if (type === 'extension') output.push(String(record).trim())
      if (type === 'emulator.shutdown') late.push(...killed)
      if (type === 'platform.runtimeDone') handlers.set(requestId, metrics.durationMs)
      if (type === 'platform.report') {
        const addedMs = spans?.find(({ name }) => name === 'extensionOverhead')?.durationMs ?? 0
        reports.push({ requestId, wholeMs: metrics.durationMs, addedMs })
      }
    },
    told: (results: readonly string[]) => ({
      printed,
      told,
      late,
      output,
      invocations: reports.map(({ requestId, ...times }, index) => ({
        result: results[index] ?? '',
        handlerMs: handlers.get(requestId) ?? 0,
        ...times,
      })),
    }),
  }
}

export const isRoot = (): boolean => process.getuid?.() === 0
/** For scenarios in which nothing may be lost. */
export const allArrived = ({ books, printed }: Seen): string[] =>
  books.lines === printed ? [] : [`${printed - books.lines} lines of ${printed} did not arrive`]
