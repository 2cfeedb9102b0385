import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KinesisServer, startKinesis } from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { type Batch, decodeBatch, readBody } from '@weir/schema'
import type { Counterpart, Stand } from './counterpart.ts'
import { holdScenarios } from './rie-conformance.ts'
import { holdLayers } from './rie-layer.ts'
import { emulator, type RieSandbox, startRie, stuck, TRIES } from './rie-sandbox.ts'
import { ACCOUNT, REGION } from './samples.ts'

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

async function open(
  stand: Stand,
  name: string,
  kinesis: KinesisServer,
  env: Readonly<Record<string, string>>,
): Promise<RieSandbox> {
  const root = join(stand.temp, name)
  await furnish(root)
  return startRie(stand, root, '/var/runtime/bootstrap', {
    WEIR_NODE: process.execPath,
    WEIR_STREAM_ARN: kinesis.arn('telemetry'),
    WEIR_KINESIS_ENDPOINT: kinesis.endpoint,
    WEIR_BIND: '127.0.0.1',
    ...env,
  })
}

const shipped = (kinesis: KinesisServer): Batch[] => kinesis.records('telemetry').map(({ data }) => decodeBatch(data))

/** AWS's Runtime Interface Emulator: its Extensions API, its refusal of the Telemetry API, and its real one for managed instances. */
export const rie: Counterpart = {
  name: 'rie',
  async run(stand) {
    stand.note(await emulator(stand))
    const kinesis = await startKinesis({ streams: { telemetry: 1 }, region: REGION, account: ACCOUNT })
    await classic(stand, kinesis)
    await kinesis.close()
    await managed(stand)
    await holdLayers(stand)
    await holdScenarios(stand)
  },
}

async function classic(stand: Stand, kinesis: KinesisServer): Promise<void> {
  const sandbox = await open(stand, 'classic', kinesis, {})
  await stand.step('without a Telemetry API the function answers, again and again', async () => {
    for (const order of [1, 2, 3]) assert.deepEqual(await sandbox.invoke({ order }), { order })
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
      answers.push(...(await Promise.all(pair.map(order => sandbox.invoke({ order })))))
  } catch (error) {
    if (!stuck(sandbox) || tries === TRIES) throw error
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
