import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type FaultProxy,
  type FunctionHandle,
  type FunctionOptions,
  startFaultProxy,
  startKinesis,
  startLambda,
} from '@weir/emulator'
import { prepareLayer } from '@weir/extension'
import { type Batch, decodeBatch, readBody } from '@weir/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { field } from './platform.ts'

/** Weir's own extension in the ways that Lambda makes and uses environments, on our emulator. */

const FUNCTION = `
export const handler = async event => { console.log('line', event.n); return { n: event.n } }
export const stream = awslambda.streamifyResponse(async (event, answer) => {
  for (const part of ['a', 'b', 'c']) { answer.write(part.repeat(1000)); await new Promise(resolve => setTimeout(resolve, 20)) }
  answer.end()
})
`
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-modes-'))
  await prepareLayer(join(folder, 'opt'))
  await mkdir(join(folder, 'task'))
  await writeFile(join(folder, 'task/index.mjs'), FUNCTION)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Seen {
  readonly batches: readonly Batch[]
  /** The bodies of a signal, in the order of the stream. */
  bodies(signal: string): unknown[]
}

/** Runs `play` on a function with Weir's layer, ends it in order, and answers what came on the stream. */
async function watched(
  options: Partial<FunctionOptions>,
  play: (f: FunctionHandle, network: FaultProxy) => Promise<void>,
  root = join(folder, 'opt'),
): Promise<Seen> {
  const kinesis = await startKinesis({ streams: { telemetry: 1 } })
  const network = await startFaultProxy({ port: Number(new URL(kinesis.endpoint).port) })
  const lambda = startLambda({ tempFolder: folder })
  try {
    const env = {
      WEIR_STREAM_ARN: kinesis.arn('telemetry'),
      WEIR_KINESIS_ENDPOINT: network.url,
      WEIR_TELEMETRY_HOST: '127.0.0.1',
      WEIR_BIND: '127.0.0.1',
      WEIR_ROOT: root,
      WEIR_NODE: process.execPath,
    }
    const f = lambda.createFunction({
      name: 'orders',
      taskRoot: join(folder, 'task'),
      timeoutSeconds: 20,
      maxConcurrency: 1,
      extensions: [{ path: join(root, 'extensions/weir'), env }],
      ...options,
    })
    await play(f, network)
    await lambda.close()
    const batches = kinesis.records('telemetry').map(({ data }) => decodeBatch(data))
    const records = batches.flatMap(batch => batch.records)
    return { batches, bodies: signal => records.filter(record => record.signal === signal).map(record => readBody(record)) }
  } finally {
    await lambda.close()
    await network.close()
    await kinesis.close()
  }
}

const lines = (seen: Seen): string[] => seen.bodies('function').map(body => /line \d+/.exec(JSON.stringify(body))?.[0] ?? '')
const lost = ({ batches }: Seen): unknown[] => batches.flatMap(({ dropped }) => dropped)

describe('Weir on a function', { timeout: 60_000 }, () => {
  it('with SnapStart comes back as another sandbox, with the credentials of after the restore', async () => {
    const seen = await watched({ initializationType: 'snap-start' }, async (f, network) => {
      await f.provision()
      // What was open when the snapshot was taken is not when it comes back.
      network.cut()
      for (const n of [1, 2]) expect((await f.invoke({ n })).payload).toEqual({ n })
    })
    // Keys of the snapshot would have been refused, and what they were used for lost or late.
    expect(seen.bodies('weir.fault').filter(body => JSON.stringify(body).includes('kinesis:'))).toEqual([])
    expect(lines(seen)).toEqual(['line 1', 'line 2'])
    expect(seen.bodies('platform.restoreReport')).toHaveLength(1)
    const after = seen.batches.filter(({ records }) => records.some(({ signal }) => signal === 'function'))
    expect(new Set(after.map(({ sandbox }) => sandbox)).size).toBe(1)
    expect(after[0]?.function.initializationType).toBe('snap-start')
    expect(seen.bodies('weir.end')).toHaveLength(1)
  })

  it('with response streaming tells how much was streamed and for how long', async () => {
    const seen = await watched({ handler: 'index.stream' }, async f => {
      expect((await f.invoke()).body.length).toBe(3000)
    })
    const done = seen.bodies('platform.runtimeDone')[0]
    expect(field(done, 'metrics', 'producedBytes')).toBe(3000)
    const spans = field(done, 'spans')
    expect(Array.isArray(spans) ? spans.map(span => field(span, 'name')) : []).toContain('responseDuration')
  })

  it('on a managed instance ships each of several invocations at a time', async () => {
    const managed = {
      initializationType: 'lambda-managed-instances',
      perExecutionEnvironmentMaxConcurrency: 4,
      logFormat: 'JSON',
    } as const
    const seen = await watched(managed, async f => {
      const answers = await Promise.all([1, 2, 3, 4].map(n => f.invoke({ n })))
      expect(answers.map(({ payload }) => payload)).toEqual([1, 2, 3, 4].map(n => ({ n })))
    })
    expect(seen.bodies('weir.start')).toMatchObject([{ mode: 'managed-instances', schema: '2025-01-29' }])
    expect(seen.bodies('platform.start')).toHaveLength(4)
    expect(seen.bodies('platform.report')).toHaveLength(4)
    expect(new Set(lines(seen))).toEqual(new Set(['line 1', 'line 2', 'line 3', 'line 4']))
    expect(lost(seen)).toEqual([])
    expect(seen.bodies('weir.end')).toHaveLength(1)
  })

  it('with provisioned concurrency waits, frozen, from Init to its first invocation', async () => {
    const seen = await watched({ initializationType: 'provisioned-concurrency' }, async f => {
      await f.provision()
      expect((await f.invoke({ n: 1 })).payload).toEqual({ n: 1 })
    })
    expect(lines(seen)).toEqual(['line 1'])
    expect(seen.batches[0]?.function.initializationType).toBe('provisioned-concurrency')
    expect(seen.bodies('platform.initStart')).toHaveLength(1)
  })

  it('in a container image, its files copied into a read-only /opt, writes nothing there', async () => {
    const image = join(folder, 'image')
    await prepareLayer(image)
    const tree = () =>
      readdirSync(image, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .toSorted()
        .map(file => [file, readFileSync(file).toString('base64')])
    const before = tree()
    for (const [file = ''] of before) chmodSync(file, file.endsWith('/weir') ? 0o555 : 0o444)
    const seen = await watched({}, async f => expect((await f.invoke({ n: 1 })).payload).toEqual({ n: 1 }), image)
    expect(lines(seen)).toEqual(['line 1'])
    expect(tree()).toEqual(before)
  })

  it('without a Telemetry API answers as ever, and Weir says that it hears nothing', async () => {
    const seen = await watched({ telemetry: 'unsupported' }, async f => {
      for (const n of [1, 2, 3]) expect((await f.invoke({ n })).payload).toEqual({ n })
    })
    expect(seen.bodies('weir.start')).toMatchObject([{ mode: 'no-telemetry' }])
    expect(seen.bodies('weir.fault')).toContainEqual({ kind: 'telemetry:unsupported', count: 1 })
    expect(seen.bodies('weir.end')).toHaveLength(1)
  })

  it('whose processes are killed comes back, in the same sandbox folder, as another process', async () => {
    const seen = await watched({}, async f => {
      expect((await f.invoke({ n: 1 })).payload).toEqual({ n: 1 })
      await f.idle()
      const [sandbox] = f.sandboxes
      sandbox?.killProcesses()
      // The invocation that finds the processes gone fails, and the one after it begins anew.
      expect((await f.invoke({ n: 2 })).functionError).toBe('Unhandled')
      await f.idle()
      expect((await f.invoke({ n: 3 })).payload).toEqual({ n: 3 })
      expect(f.sandboxes).toEqual([sandbox])
    })
    expect(lines(seen)).toContain('line 3')
    expect(seen.bodies('weir.start').length).toBeGreaterThan(0)
    expect(seen.bodies('weir.end')).toHaveLength(1)
  })
})
