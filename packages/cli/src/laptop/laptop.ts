import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import {
  type EventSourceMapping,
  type FunctionHandle,
  startEventSourceMapping,
  startInvokeEndpoint,
  startKinesis,
  startLambda,
} from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import {
  type Assembled,
  check as checkLedger,
  ConfigError,
  createHandler,
  createLog,
  ledgerLines,
  packPlace,
  quarantineFailure,
  startTelemetry,
  summarize,
  tick,
  validateConfig,
} from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { makeKeys } from '@weir/schema/open'
import { runRules } from '@weir/sigma'
import type { World } from '../command.ts'
import { findingLines } from '../findings.ts'
import { openWeir } from '../open.ts'
import { loadRules } from '../rules.ts'
import { complain } from '../terminal.ts'
import { SAMPLE_FUNCTIONS } from './functions.ts'
import { putAll } from './put.ts'
import { startTicker } from './ticker.ts'

export const ACCOUNT = '111122223333' // an account of AWS's documentation
export const REGION = 'us-east-1'
const TICK_MS = 5_000 // a minute in AWS; nobody wants to wait that long in front of a terminal
const FLOW_MS = 1_000
const LAST_ENTRIES = 1_000
const JOURNAL_KEY = 'WEIR_LAPTOP_JOURNAL'
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** The whole flow on this machine. */
export interface Laptop {
  readonly functions: ReadonlyMap<string, FunctionHandle>
  readonly weir: Assembled
  /** Findings so far, in order. */
  readonly findings: readonly OcsfEvent[]
  /** Puts records on a stream, as the service that owns it would. */
  put(stream: 'telemetry' | 'trail', records: readonly { readonly key: string; readonly data: Uint8Array }[]): Promise<void>
  /** Resolves when everything on the streams has been processed. */
  settled(): Promise<void>
  /** One line of what has moved since the last such line; nothing where nothing has. */
  flow(): Promise<void>
  /** Tells how to invoke a function by hand, and from then on shows each invocation. */
  invite(): void
  /** Whether the ledger added up at the end. */
  readonly balanced: boolean
  close(): Promise<void>
}

/** Starts the embedded Kinesis, the Lambda emulator with Weir's layer, ingest behind a local event source mapping, and a local sink. */
export async function openLaptop(
  world: World,
  options: { readonly port: number; readonly pack?: string | undefined },
): Promise<Laptop> {
  const { terminal } = world
  const began = performance.now()
  const closers: (() => Promise<unknown>)[] = []
  const report = (what: string) => (error: unknown) =>
    complain(terminal, `${what}: ${error instanceof Error ? error.message : String(error)}`)
  let balanced = false
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) {
      await closer().catch(report('closing'))
    }
    closers.length = 0
  }
  try {
    const scratch = await mkdtemp(join(tmpdir(), 'weir-'))
    closers.push(() => rm(scratch, { recursive: true, force: true }))
    const data = await runFolder(join(world.cwd, '.weir'))

    const kinesis = await startKinesis({ streams: { telemetry: 2, trail: 2 }, account: ACCOUNT, region: REGION })
    closers.push(() => kinesis.close())
    const client = new KinesisClient({
      endpoint: kinesis.endpoint,
      region: REGION,
      credentials: CREDENTIALS,
      requestHandler: new NodeHttpHandler(), // the default speaks HTTP/2, which no emulator does
    })
    closers.push(async () => client.destroy())
    terminal.line(`${terminal.paint('gray', 'kinesis')}    ${kinesis.endpoint}, streams telemetry and trail`)

    const journal = makeKeys() // thrown away with this run
    const findings: OcsfEvent[] = []
    const loaded = await loadRules(world.cwd, true, [])
    const { pack } = options
    const place = pack === undefined ? undefined : packPlace(pack.includes('://') ? pack : resolve(world.cwd, pack))
    const weir = await openWeir(laptopConfig(data), {
      pack: runRules(loaded, loaded.pack),
      env: { ...world.env, [JOURNAL_KEY]: journal.private },
      telemetry: await startTelemetry(world.env),
      log: createLog(place ? 'info' : 'warn'), // which says when a pack is taken over
      ...(place ? { follow: { place } } : {}),
      tap: {
        finding(finding) {
          if (findings.some(seen => seen.metadata.uid === finding.metadata.uid)) return
          findings.push(finding)
          for (const line of findingLines(finding, terminal)) terminal.line(line)
        },
      },
    })
    closers.push(() => weir.close())
    terminal.line(
      `${terminal.paint('gray', 'ingest')}     ${loaded.rules.length} rules, ${weir.parts.detections.detectors.length} detectors; sink local → ${relative(world.cwd, join(data, 'events.ndjson'))}`,
    )
    const handler = createHandler(weir)
    const mappings: EventSourceMapping[] = []
    for (const stream of ['telemetry', 'trail']) {
      const mapping = await startEventSourceMapping({
        account: ACCOUNT,
        region: REGION,
        pollMs: 100,
        client,
        stream,
        invoke: (event, context) => handler(event, context),
        batchSize: 100,
        reportBatchItemFailures: true,
        bisectBatchOnFunctionError: true,
        maximumRetryAttempts: 5,
        onFailure: (record, key) => quarantineFailure(key, Buffer.from(JSON.stringify(record)), weir.parts),
      })
      mappings.push(mapping)
      closers.push(() => mapping.close())
    }
    const ticker = startTicker(TICK_MS, () => tick(weir, Date.now() + TICK_MS), report('tick'))
    closers.push(() => ticker.stop())

    let showInvocations = false
    const lambda = startLambda({
      tempFolder: scratch,
      account: ACCOUNT,
      region: REGION,
      onEvent({ type, functionName, record }) {
        const { status, metrics } = (record ?? {}) as { status?: string; metrics?: { durationMs?: number } }
        if (!showInvocations || type !== 'platform.runtimeDone') return
        terminal.line(
          `${terminal.paint('gray', 'invoked')}    ${functionName}: ${status}, ${Math.round(metrics?.durationMs ?? 0)} ms`,
        )
      },
    })
    closers.push(() => lambda.close())
    const extension = await prepareLayer(join(scratch, 'opt'))
    const functions = new Map<string, FunctionHandle>()
    for (const { name, taskRoot, memorySize, timeoutSeconds, extensions } of SAMPLE_FUNCTIONS) {
      functions.set(
        name,
        lambda.createFunction({
          name,
          taskRoot,
          handler: 'index.handler',
          memorySize,
          timeoutSeconds,
          env: {},
          freeze: true,
          maxConcurrency: 4,
          telemetry: 'full',
          extensions: [
            {
              path: extension,
              env: {
                WEIR_STREAM_ARN: kinesis.arn('telemetry'),
                WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
                WEIR_TELEMETRY_HOST: '127.0.0.1',
                WEIR_BIND: '127.0.0.1',
                WEIR_ROOT: join(scratch, 'opt'),
                WEIR_NODE: process.execPath,
                WEIR_TMP: '$TMPDIR', // each sandbox has its own
                WEIR_JOURNAL_KEY: journal.public,
              },
            },
            ...extensions.map(path => ({ path, env: {} })),
          ],
        }),
      )
    }
    const door = await startInvokeEndpoint(lambda, { port: options.port }).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be used (${cause.code ?? cause.message})`
      throw new ConfigError(`--port ${options.port}: ${why}; name another, or leave it out`, { cause })
    })
    closers.push(() => door.close())
    terminal.line(
      `${terminal.paint('gray', 'lambda')}     ${[...functions.keys()].join(', ')}; real runtime client, Weir's layer in each sandbox (${Math.round(performance.now() - began)} ms)`,
    )

    const settled = async (): Promise<void> => {
      for (const mapping of mappings) await mapping.idle()
    }
    closers.push(async () => {
      // Sandboxes first: each ships what it still holds at SHUTDOWN; then the streams run dry, then the sum.
      await Promise.all([...functions.values()].map(each => each.shutdown()))
      await settled()
      await ticker.stop()
      // As a tick does, but without the lease, which the last one may still hold: nobody else drains this run's spool.
      for (const sink of weir.parts.routes.keys())
        await weir.forwarder.drain(sink, {
          deadline: Date.now() + TICK_MS,
          limit: LAST_ENTRIES,
          settle: rows => weir.ledger.record(rows),
        })
      const summary = await summarize(weir.ledger)
      terminal.line()
      terminal.line(terminal.paint('bold', 'ledger'))
      for (const line of ledgerLines(summary)) terminal.line(line)
      const wrong = checkLedger(summary)
      balanced = wrong.length === 0
      for (const line of wrong) terminal.line(`${terminal.paint('red', 'does not add up:')} ${line}`)
      terminal.line(`${findings.length} findings; events in ${relative(world.cwd, join(data, 'events.ndjson'))}`)
    })

    let before = { records: 0, decoded: 0, quarantined: 0, findings: 0, delivered: 0 }
    const flow = async (): Promise<void> => {
      const { totals, sinks } = await summarize(weir.ledger)
      const { records, decoded, quarantined } = totals
      const now = {
        records,
        decoded,
        quarantined,
        findings: findings.length,
        delivered: sinks.reduce((sum, sink) => sum + sink.delivered, 0),
      }
      const since = (key: keyof typeof now): number => now[key] - before[key]
      if (Object.keys(now).every(key => since(key as keyof typeof now) === 0)) return
      terminal.line(
        terminal.paint(
          'gray',
          `flow       ${since('records')} records → ${since('decoded')} events, ${since('quarantined')} quarantined → ${since('findings')} findings → ${since('delivered')} delivered`,
        ),
      )
      before = now
    }

    return {
      functions,
      flow,
      weir,
      findings,
      settled,
      close,
      get balanced() {
        return balanced
      },
      async put(stream, records) {
        await putAll(
          records.map(({ key, data: Data }) => ({ PartitionKey: key, Data })),
          async Records => (await client.send(new PutRecordsCommand({ StreamName: stream, Records }))).Records ?? [],
        )
      },
      invite() {
        showInvocations = true
        const timer = setInterval(() => void flow().catch(() => clearInterval(timer)), FLOW_MS)
        closers.push(async () => clearInterval(timer))
        terminal.line()
        terminal.line(
          'Invoke a function and watch its telemetry arrive, for example with something that looks like a key in its log:',
        )
        terminal.line(
          terminal.paint(
            'bold',
            `  curl ${door.url}/2015-03-31/functions/hello/invocations -d '{"name":"you","log":"password=hunter2-${'x'.repeat(8)}"}'`,
          ),
        )
        terminal.line('Ctrl-C stops and prints the ledger.')
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The demo's thresholds are small, so that a few seconds are enough to cross them. */
function laptopConfig(data: string) {
  return validateConfig({
    streams: { telemetry: { sources: ['weir'] }, trail: { sources: ['cloudtrail'] } },
    detections: { billedUsdPerWindow: 0.0002, failuresPerWindow: 3, windowMinutes: 5 },
    sinks: [{ name: 'local', type: 'file', route: 'all', path: join(data, 'events.ndjson') }],
    journal: { key: `env:${JOURNAL_KEY}` },
    state: { type: 'sqlite', path: join(data, 'state.db') },
    spool: { type: 'files', path: join(data, 'spool') },
    quarantine: { type: 'files', path: join(data, 'quarantine') },
    log: 'warn',
  })
}

/** A folder for this run; those of runs that are over are removed. */
async function runFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1])
    if (pid && !alive(pid)) await rm(join(parent, name), { recursive: true, force: true })
  }
  const folder = join(parent, `run-${process.pid}`)
  await mkdir(folder, { recursive: true })
  return folder
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
