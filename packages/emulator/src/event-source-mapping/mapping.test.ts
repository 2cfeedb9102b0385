import { KinesisClient, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startKinesis, type KinesisServer } from '../kinesis/server.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import type { KinesisEvent } from './event.ts'
import type { FailureRecord } from './failure-record.ts'
import { startEventSourceMapping, type EventSourceMapping, type EventSourceMappingOptions } from './mapping.ts'

let kinesis: KinesisServer
let client: KinesisClient
let mappings: EventSourceMapping[] = []

beforeEach(async () => {
  kinesis = await startKinesis({ streams: { s: 2 }, throttle: false })
  client = new KinesisClient({
    endpoint: kinesis.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  })
})
afterEach(async () => {
  await Promise.all(mappings.map(mapping => mapping.close()))
  mappings = []
  client.destroy()
  await kinesis.close()
})

async function start(options: Omit<EventSourceMappingOptions, 'stream'>): Promise<EventSourceMapping> {
  const backoff = { initialMs: 1, maxMs: 2 }
  const mapping = await startEventSourceMapping({ endpoint: kinesis.endpoint, stream: 's', pollMs: 5, backoff, ...options })
  mappings.push(mapping)
  return mapping
}

async function put(...records: [key: string, data: string][]): Promise<void> {
  const Records = records.map(([PartitionKey, data]) => ({ PartitionKey, Data: Buffer.from(data) }))
  await client.send(new PutRecordsCommand({ StreamName: 's', Records }))
}

const decode = (event: KinesisEvent) => event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString())

describe('an event source mapping', () => {
  it("invokes with Lambda's event", async () => {
    const events: KinesisEvent[] = []
    const mapping = await start({ invoke: async event => void events.push(event), functionName: 'ingest' })
    await put(['key', 'hello'])
    await mapping.idle()
    const [stored] = kinesis.records('s')
    expect(events).toEqual([
      {
        Records: [
          {
            kinesis: {
              kinesisSchemaVersion: '1.0',
              partitionKey: 'key',
              sequenceNumber: stored?.sequenceNumber,
              data: 'aGVsbG8=',
              approximateArrivalTimestamp: (stored?.arrival ?? 0) / 1000,
            },
            eventSource: 'aws:kinesis',
            eventVersion: '1.0',
            eventID: `${stored?.shardId}:${stored?.sequenceNumber}`,
            eventName: 'aws:kinesis:record',
            invokeIdentityArn: 'arn:aws:iam::123456789012:role/ingest',
            awsRegion: 'us-east-1',
            eventSourceARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/s',
          },
        ],
      },
    ])
  })

  it('gives the function its context', async () => {
    const contexts: { id: string; left: number }[] = []
    const invoke: EventSourceMappingOptions['invoke'] = async (_, context) =>
      void contexts.push({ id: context.awsRequestId, left: context.getRemainingTimeInMillis() })
    const mapping = await start({ invoke, timeoutSeconds: 30 })
    await put(['k', 'a'])
    await mapping.idle()
    expect(contexts[0]?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(contexts[0]?.left).toBeLessThanOrEqual(30_000)
  })

  it('cuts batches by size and by the 6 MB of an event', async () => {
    const sizes: number[] = []
    await put(...Array.from({ length: 25 }, (_, i): [string, string] => ['same', String(i)]))
    const mapping = await start({ batchSize: 10, invoke: async event => void sizes.push(event.Records.length) })
    await mapping.idle()
    expect(sizes).toEqual([10, 10, 5])
    sizes.length = 0
    await put(...Array.from({ length: 9 }, (): [string, string] => ['same', 'x'.repeat(1_000_000)]))
    await mapping.idle()
    expect(sizes.reduce((a, b) => a + b)).toBe(9)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4)
  })

  it('waits for its batching window to fill a batch', async () => {
    const sizes: number[] = []
    const mapping = await start({
      batchSize: 3,
      maximumBatchingWindowInSeconds: 300,
      invoke: async event => void sizes.push(event.Records.length),
    })
    await put(['k', 'a'])
    await put(['k', 'b'])
    await put(['k', 'c'])
    await mapping.idle()
    expect(sizes).toEqual([3])
  })

  it('from LATEST sees only what is put after it has started', async () => {
    const seen: string[] = []
    await put(['k', 'before'])
    const mapping = await start({ startingPosition: 'LATEST', invoke: async event => void seen.push(...decode(event)) })
    await put(['k', 'after'])
    await mapping.idle()
    expect(seen).toEqual(['after'])
  })

  it('ignores the response unless ReportBatchItemFailures is on', async () => {
    const invoke = async (event: KinesisEvent) => ({
      batchItemFailures: [{ itemIdentifier: event.Records[0]?.kinesis.sequenceNumber }],
    })
    const mapping = await start({ invoke })
    await put(['k', 'a'])
    await mapping.idle()
    expect(mapping.metrics).toMatchObject({ invocations: 1, failures: 0 })
  })

  it('hands what it gives up to the on-failure destination, whole', async () => {
    const failures: { record: FailureRecord; key: string }[] = []
    const mapping = await start({
      maximumRetryAttempts: 1,
      functionName: 'ingest',
      onFailure: async (record, key) => void failures.push({ record, key }),
      invoke: async () => {
        throw new Error('no')
      },
    })
    await put(['k', 'a'], ['k', 'b'])
    await mapping.idle()
    const [first, last] = kinesis.records('s')
    expect(failures[0]?.record).toMatchObject({
      requestContext: {
        functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:ingest',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      KinesisBatchInfo: {
        shardId: first?.shardId,
        startSequenceNumber: first?.sequenceNumber,
        endSequenceNumber: last?.sequenceNumber,
        batchSize: 2,
        streamArn: kinesis.arn('s'),
      },
    })
    const event: KinesisEvent = JSON.parse(failures[0]?.record.payload ?? '')
    expect(decode(event)).toEqual(['a', 'b'])
    expect(failures[0]?.key).toMatch(
      new RegExp(
        `^aws/lambda/${mapping.id}/shardId-0{11}[01]/\\d{4}/\\d\\d/\\d\\d/\\d{4}-\\d\\d-\\d\\dT\\d\\d\\.\\d\\d\\.\\d\\d-[0-9a-f-]{36}$`,
      ),
    )
    expect(mapping.metrics.discarded.RetryAttemptsExhausted).toBe(2)
  })

  it('counts an invocation that takes too long as failed', async () => {
    let calls = 0
    const mapping = await start({
      timeoutSeconds: 0.05,
      invoke: () => (++calls === 1 ? new Promise(() => {}) : Promise.resolve()),
    })
    await put(['k', 'a'])
    await mapping.idle()
    expect(mapping.metrics).toMatchObject({ invocations: 2, failures: 1 })
  })

  it('goes on after its checkpoint when it is started again', async () => {
    const state = memoryCheckpoints()
    const seen: string[] = []
    const invoke = async (event: KinesisEvent) => void seen.push(...decode(event))
    const first = await start({ state, invoke })
    await put(['k', 'a'])
    await first.idle()
    await first.close()
    await put(['k', 'b'])
    await (await start({ state, invoke })).idle()
    expect(seen).toEqual(['a', 'b'])
  })

  it.each(['before', 'after'])('reads a parent shard to its end before its children, when it starts %s the split', async when => {
    const seen: string[] = []
    const reads = () => kinesis.calls.get('GetRecords') ?? 0
    const invoke = async (event: KinesisEvent) => {
      // The parent's records take their time; children that are read already would overtake them.
      const until = reads() + 10
      while (decode(event).includes('1') && reads() < until) await new Promise(resolve => setImmediate(resolve))
      seen.push(...decode(event))
    }
    const options = { batchSize: 2, invoke }
    const early = when === 'before' ? await start(options) : undefined
    await put(['k', '1'], ['k', '2'], ['k', '3'])
    const shard = kinesis.records('s')[0]?.shardId ?? ''
    const middle = (shard.endsWith('0') ? 0n : 2n ** 127n) + 2n ** 126n
    await client.send(new SplitShardCommand({ StreamName: 's', ShardToSplit: shard, NewStartingHashKey: String(middle) }))
    await put(['k', '4'], ['k', '5'])
    const mapping = early ?? (await start(options))
    await mapping.idle()
    expect(seen).toEqual(['1', '2', '3', '4', '5'])
  })

  it('gets over throttled and broken reads', async () => {
    let calls = 0
    kinesis.faults.call = operation =>
      operation === 'GetRecords' && ++calls % 2 === 1
        ? calls % 4 === 1
          ? { kind: 'reset' }
          : { kind: 'error', type: 'ProvisionedThroughputExceededException' }
        : undefined
    const seen: string[] = []
    const mapping = await start({ invoke: async event => void seen.push(...decode(event)) })
    await put(['k', 'a'], ['k', 'b'])
    await mapping.idle()
    expect(seen).toEqual(['a', 'b'])
    expect(mapping.metrics.pollErrors).toBeGreaterThan(0)
  })

  it('refuses what Lambda would refuse', async () => {
    await expect(start({ invoke: async () => {}, batchSize: 10_001 })).rejects.toThrow(
      /batchSize is 10001; Lambda takes whole numbers from 1 to 10000/,
    )
    await expect(start({ invoke: async () => {}, parallelizationFactor: 0 })).rejects.toThrow(/parallelizationFactor/)
  })

  it('processes or gives up every record, in order per partition key, whatever the function does', async () => {
    const behaviour = fc.constantFrom('ok', 'ok', 'ok', 'throw', 'partial', 'nonsense')
    const rules = fc.record({
      batchSize: fc.integer({ min: 1, max: 7 }),
      parallelizationFactor: fc.integer({ min: 1, max: 4 }),
      bisectBatchOnFunctionError: fc.boolean(),
      maximumRetryAttempts: fc.integer({ min: 0, max: 2 }),
    })
    let round = 0
    await fc.assert(
      fc.asyncProperty(
        rules,
        fc.array(behaviour, { maxLength: 30 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }),
        async (chosen, script, keys) => {
          const prefix = `r${round++}-`
          const handled = new Map<string, string[]>()
          const settle = (key: string, data: string) => handled.set(key, [...(handled.get(key) ?? []), data])
          let call = 0
          const mapping = await start({
            ...chosen,
            startingPosition: 'LATEST',
            reportBatchItemFailures: true,
            onFailure: async record => {
              const event: KinesisEvent = JSON.parse(record.payload)
              for (const [at, data] of decode(event).entries()) settle(event.Records[at]?.kinesis.partitionKey ?? '', data)
            },
            invoke: async event => {
              const step = script[call++] ?? 'ok'
              if (step === 'throw') throw new Error('on purpose')
              if (step === 'nonsense') return { batchItemFailures: [{ itemIdentifier: 'nobody' }] }
              const from = step === 'partial' ? call % event.Records.length : event.Records.length
              for (const [at, data] of decode(event).slice(0, from).entries())
                settle(event.Records[at]?.kinesis.partitionKey ?? '', data)
              return {
                batchItemFailures: event.Records.slice(from).map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })),
              }
            },
          })
          await put(...keys.map((key, at): [string, string] => [`${prefix}${key}`, String(at)]))
          await mapping.idle()
          await mapping.close()
          const expected = new Map<string, string[]>()
          for (const [at, key] of keys.entries())
            expected.set(`${prefix}${key}`, [...(expected.get(`${prefix}${key}`) ?? []), String(at)])
          expect(handled).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
  })
})
