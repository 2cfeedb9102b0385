import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KinesisServer, startKinesis } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { type Batch, decodeBatch, readBody } from '@weir/schema'
import { type Counterpart, eventually, freePort, need, Skipped, serving, type Stand, type Started, which } from './counterpart.ts'
import { ACCOUNT, REGION } from './samples.ts'

/** AWS's own emulator, where there is one: it is published as a binary and within AWS's base images. */
function emulator(): string {
  const named = process.env['WEIR_RIE'] ?? which('aws-lambda-rie')
  if (named === undefined || !existsSync(named)) {
    throw new Skipped(
      "no aws-lambda-rie on this machine: put AWS's Runtime Interface Emulator on the PATH, or name its file in WEIR_RIE",
    )
  }
  return named
}

/**
 * A mount namespace with a sandbox's /opt and /var: the emulator starts extensions and runtimes from there and nowhere else, and this
 * machine's own are left alone.
 */
function privately(root: string, ...command: readonly string[]): readonly [string, readonly string[]] {
  const unshare = need('unshare')
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const apart = [...asRoot, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const mount = 'mount --bind "$0/opt" /opt && mount --bind "$0/var" /var && cd /var/task && exec "$@"'
  const args = [...apart, 'sh', '-c', mount, root]
  if (!existsSync('/opt') || spawnSync(unshare, [...args, 'true']).status !== 0) {
    throw new Skipped('this machine allows no private mounts over /opt and /var')
  }
  return [unshare, [...args, ...command]]
}

/** The sandbox's folders: Weir's layer, a function, and aws-lambda-ric (its transport ours, as the emulator package starts it). */
async function furnish(root: string): Promise<void> {
  const emulatorPackage = fileURLToPath(new URL('../../packages/emulator/package.json', import.meta.url))
  const client = createRequire(emulatorPackage).resolve('aws-lambda-ric/index.mjs')
  const transport = join(emulatorPackage, '../src/lambda/ric-transport.cjs')
  await prepareLayer(join(root, 'opt'))
  for (const folder of ['task', 'runtime']) await mkdir(join(root, 'var', folder), { recursive: true })
  await writeFile(
    join(root, 'var/task/index.mjs'),
    `export const handler = async event => { console.log('order', event.order, 'paid'); return { order: event.order } }\n`,
  )
  const bootstrap = join(root, 'var/runtime/bootstrap')
  // That transport has one connection, on which an answer would wait behind the next invocations that a managed instance asks for at once.
  const wider = join(root, 'var/runtime/wider.cjs')
  await writeFile(
    wider,
    `const http = require('node:http')\nconst { Agent } = http\nhttp.Agent = class extends Agent { constructor(options) { super({ ...options, maxSockets: Infinity }) } }\n`,
  )
  const preloaded = [wider.slice(root.length), transport].map(file => `--require '${file}'`).join(' ')
  await writeFile(bootstrap, `#!/bin/sh\nexec '${process.execPath}' ${preloaded} '${client}'\n`)
  await chmod(bootstrap, 0o755)
}

interface Sandbox {
  readonly process: Started
  invoke(order: number): Promise<unknown>
}

async function open(stand: Stand, name: string, kinesis: KinesisServer, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const root = join(stand.temp, name)
  await furnish(root)
  const [port, api] = [await freePort(), await freePort()]
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`, '--runtime-api-address', `127.0.0.1:${api}`]
  const [command, args] = privately(root, emulator(), ...addresses, '/var/runtime/bootstrap', 'index.handler')
  const process_ = stand.start(command, args, {
    env: {
      AWS_LAMBDA_FUNCTION_NAME: 'orders',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_FUNCTION_TIMEOUT: '10',
      AWS_ACCOUNT_ID: ACCOUNT,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SESSION_TOKEN: 'test',
      LAMBDA_TASK_ROOT: '/var/task',
      WEIR_NODE: process.execPath,
      WEIR_STREAM_ARN: kinesis.arn('telemetry'),
      WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
      WEIR_BIND: '127.0.0.1',
      ...env,
    },
  })
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  await serving(name, process_, `http://127.0.0.1:${port}/`)
  return {
    process: process_,
    // A managed instance turns away what comes before its next worker is ready; its callers ask again.
    invoke: order =>
      eventually('an answer', async () => {
        const response = await fetch(url, {
          method: 'POST',
          body: JSON.stringify({ order }),
          signal: AbortSignal.timeout(15_000),
        })
        const answer: unknown = await response.json()
        return (answer as { errorType?: string }).errorType === 'Runtime.Unavailable' ? undefined : answer
      }),
  }
}

const shipped = (kinesis: KinesisServer): Batch[] => kinesis.records('telemetry').map(({ data }) => decodeBatch(data))

/** AWS's Runtime Interface Emulator: its Extensions API, its refusal of the Telemetry API, and its real one for managed instances. */
export const rie: Counterpart = {
  name: 'rie',
  async run(stand) {
    stand.note(emulator())
    const kinesis = await startKinesis({ streams: { telemetry: 1 }, region: REGION, account: ACCOUNT })
    await classic(stand, kinesis)
    await kinesis.close()
    await managed(stand)
  },
}

async function classic(stand: Stand, kinesis: KinesisServer): Promise<void> {
  const sandbox = await open(stand, 'classic', kinesis, {})
  await stand.step('without a Telemetry API the function answers, again and again', async () => {
    for (const order of [1, 2, 3]) assert.deepEqual(await sandbox.invoke(order), { order })
  })
  await sandbox.process.stop()
  const batches = shipped(kinesis)
  const found = new Map(batches.flatMap(({ records }) => records.map(record => [record.signal, readBody(record)] as const)))
  await stand.step('the extension says that it hears nothing, waits from invocation to invocation, and ends at SHUTDOWN', () => {
    assert.doesNotMatch(sandbox.process.output(), /Extension\.(Crash|ExitError)|weir:/)
    assert.partialDeepStrictEqual(found.get('weir.start'), { mode: 'no-telemetry' })
    assert.deepEqual(found.get('weir.fault'), { kind: 'telemetry:unsupported', count: 1 })
    assert.ok(found.has('weir.end'))
  })
  await stand.step('its batches are one sandbox, numbered without gaps', () => {
    assert.equal(new Set(batches.map(({ sandbox }) => sandbox)).size, 1)
    assert.deepEqual(
      batches.map(({ sequence }) => sequence),
      batches.map((_, i) => i + 1),
    )
  })
}

const ORDERS = [1, 2, 3, 4, 5, 6]
const TRIES = 4
/** The emulator's own fault: when it drops a batch because the one before is still under way, it waits for itself for ever. */
const STUCK = /previous batch hasn't processed yet/

interface Ran {
  readonly answers: readonly unknown[]
  readonly output: string
  readonly batches: readonly Batch[]
}

/** A managed instance from start to shutdown, two invocations at a time; again where the emulator got stuck. */
async function runManaged(stand: Stand, tries = 1): Promise<Ran> {
  const kinesis = await startKinesis({ streams: { telemetry: 1 }, region: REGION, account: ACCOUNT })
  const sandbox = await open(stand, `managed-${tries}`, kinesis, { AWS_LAMBDA_MAX_CONCURRENCY: '2' })
  const answers: unknown[] = []
  try {
    for (const pair of [ORDERS.slice(0, 2), ORDERS.slice(2, 4), ORDERS.slice(4)])
      answers.push(...(await Promise.all(pair.map(order => sandbox.invoke(order)))))
  } catch (error) {
    if (!STUCK.test(sandbox.process.output()) || tries === TRIES) throw error
    stand.note('the emulator is stuck on a batch that it dropped; once more')
    return await runManaged(stand, tries + 1)
  } finally {
    await sandbox.process.stop()
    await kinesis.close()
  }
  return { answers, output: sandbox.process.output(), batches: shipped(kinesis) }
}

async function managed(stand: Stand): Promise<void> {
  const { answers, output, batches } = await runManaged(stand)
  await stand.step('on a managed instance the function answers, two invocations at a time', () =>
    assert.deepEqual(
      answers,
      ORDERS.map(order => ({ order })),
    ),
  )
  const records = batches.flatMap(batch => batch.records)
  const bodies = (signal: string): Record<string, unknown>[] =>
    records.filter(record => record.signal === signal).map(record => readBody(record) as Record<string, unknown>)
  await stand.step("AWS's own Telemetry API takes the subscription, and what it tells arrives on the stream", () => {
    assert.match(output, /Telemetry subscription created/)
    assert.partialDeepStrictEqual(bodies('weir.start')[0], { mode: 'managed-instances', schema: '2025-01-29', faults: [] })
    assert.equal(bodies('platform.initStart').length, 1)
    assert.partialDeepStrictEqual(bodies('platform.initReport')[0], { status: 'success' })
    assert.equal(bodies('weir.end').length, 1)
    assert.equal(batches[0]?.function.arn, `arn:aws:lambda:${REGION}:${ACCOUNT}:function:orders`)
    assert.equal(batches[0]?.function.initializationType, 'lambda-managed-instances')
    assert.equal(batches.at(-1)?.emitted, records.length)
    assert.deepEqual(
      batches.flatMap(({ dropped }) => dropped),
      [],
    )
  })
  await stand.step("every invocation has its start, its report and its line of log, none under another's id", () => {
    const ids = bodies('platform.start').map(({ requestId }) => String(requestId))
    assert.equal(new Set(ids).size, ORDERS.length)
    for (const signal of ['platform.start', 'platform.report']) {
      const told = records.filter(record => record.signal === signal)
      assert.deepEqual(told.map(({ invocation }) => invocation).toSorted(), ids.toSorted(), signal)
    }
    const lines = records.filter(({ signal }) => signal === 'function')
    const said = lines.map(line => ({ line, log: JSON.parse(String(readBody(line))) as { message: string; requestId: string } }))
    assert.deepEqual(
      said.map(({ log }) => log.message).toSorted(),
      ORDERS.map(order => `order ${order} paid`),
    )
    for (const { line, log } of said) assert.ok(['', log.requestId].includes(line.invocation), 'a line under another invocation')
  })
}
