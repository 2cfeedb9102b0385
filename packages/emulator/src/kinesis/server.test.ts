import { request } from 'node:http'
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, describe, expect, it } from 'vitest'
import { manualClock } from '../manual-clock.ts'
import type { Credentials } from './sigv4.ts'
import { startKinesis, type KinesisOptions, type KinesisServer } from './server.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: KinesisOptions = {}): Promise<{ kinesis: KinesisServer; client: KinesisClient }> {
  const kinesis = await startKinesis({ streams: { s: 1 }, ...options })
  const client = clientOf(kinesis)
  closing.push(() => kinesis.close())
  return { kinesis, client }
}

function clientOf(
  kinesis: KinesisServer,
  credentials: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
): KinesisClient {
  const client = new KinesisClient({
    endpoint: kinesis.endpoint,
    region: 'us-east-1',
    credentials,
    requestHandler: new NodeHttpHandler({ requestTimeout: 2000 }),
    maxAttempts: 1,
  })
  closing.push(() => client.destroy())
  return client
}

const put = (client: KinesisClient, ...data: (string | Buffer)[]) =>
  client.send(
    new PutRecordsCommand({ StreamName: 's', Records: data.map(item => ({ PartitionKey: 'k', Data: Buffer.from(item) })) }),
  )
const errors = (answer: { Records?: { ErrorCode?: string | undefined }[] | undefined }) =>
  answer.Records?.map(({ ErrorCode }) => ErrorCode)
const horizon = async (client: KinesisClient) =>
  (
    await client.send(
      new GetShardIteratorCommand({ StreamName: 's', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
    )
  ).ShardIterator

/** A call without the SDK. */
function raw(kinesis: KinesisServer, headers: Record<string, string>, body = '{}'): Promise<{ status: number; type: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      kinesis.endpoint,
      { method: 'POST', headers: { 'content-type': 'application/x-amz-json-1.1', ...headers } },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: JSON.parse(Buffer.concat(chunks).toString()).__type }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('signatures', () => {
  it('must be there', async () => {
    const { kinesis } = await start()
    expect(await raw(kinesis, { 'x-amz-target': 'Kinesis_20131202.ListStreams' })).toEqual({
      status: 400,
      type: 'MissingAuthenticationTokenException',
    })
  })

  it.each([
    ['another secret', { accessKeyId: 'test', secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
    ['another key', { accessKeyId: 'other', secretAccessKey: 'test' }, 'UnrecognizedClientException'],
  ])('of %s are refused', async (_, credentials, name) => {
    const { kinesis } = await start()
    await expect(put(clientOf(kinesis, credentials), 'a')).rejects.toMatchObject({ name })
  })

  it('with a session token need that very token', async () => {
    const { kinesis } = await start({ credentials: { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'right' } })
    const token = (sessionToken: string) => clientOf(kinesis, { accessKeyId: 'test', secretAccessKey: 'test', sessionToken })
    await expect(put(token('wrong'), 'a')).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    expect(await put(token('right'), 'a')).toMatchObject({ FailedRecordCount: 0 })
  })

  it('are refused when they are old', async () => {
    const { client } = await start({ signatureClock: { now: () => Date.now() + 6 * 60_000 } })
    await expect(put(client, 'a')).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  })

  it('are refused for another service, or half', async () => {
    const { kinesis } = await start()
    const target = { 'x-amz-target': 'Kinesis_20131202.ListStreams' }
    const authorization = (text: string) => raw(kinesis, { ...target, authorization: text })
    const scope = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/firehose/aws4_request, SignedHeaders=host, Signature=00'
    expect((await authorization(scope)).type).toBe('InvalidSignatureException')
    expect((await authorization('AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request')).type).toBe(
      'IncompleteSignatureException',
    )
    expect((await authorization('Basic dGVzdA==')).type).toBe('IncompleteSignatureException')
  })

  it('need only the scope where verification is off', async () => {
    const { kinesis } = await start({ credentials: false })
    expect(await put(clientOf(kinesis, { accessKeyId: 'any', secretAccessKey: 'any' }), 'a')).toMatchObject({
      FailedRecordCount: 0,
    })
  })
})

describe('a hostile body', () => {
  it.each([
    ['no JSON', '{', 'SerializationException'],
    ['a list', '[]', 'SerializationException'],
    ['nested 100,000 deep', '['.repeat(100_000), 'SerializationException'],
    ['a number for a name', '{"StreamName":1,"Records":[]}', 'SerializationException'],
    ['__proto__', '{"__proto__":{"StreamName":"s"}}', 'InvalidArgumentException'],
    ['no base64', '{"StreamName":"s","Records":[{"PartitionKey":"k","Data":"*"}]}', 'SerializationException'],
    ['an entry that is no object', '{"StreamName":"s","Records":[null]}', 'SerializationException'],
  ])('with %s is refused', async (_, body, type) => {
    const { kinesis } = await start({ credentials: false })
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00'
    expect(await raw(kinesis, { 'x-amz-target': 'Kinesis_20131202.PutRecords', authorization }, body)).toEqual({
      status: 400,
      type,
    })
  })

  it('with an unknown operation or another protocol is refused', async () => {
    const { kinesis } = await start({ credentials: false })
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00'
    for (const target of ['Kinesis_20131202.constructor', 'Kinesis_20131202.', 'Other.PutRecords'])
      expect((await raw(kinesis, { 'x-amz-target': target, authorization })).type).toBe('UnknownOperationException')
    expect((await raw(kinesis, { 'content-type': 'application/cbor', authorization })).type).toBe('UnknownOperationException')
  })
})

describe('limits', () => {
  it('let 1,000 records a second into a shard, and more a second later', async () => {
    const clock = manualClock(1_000_000)
    const { client } = await start({ clock })
    const batch = Array.from({ length: 500 }, () => 'x')
    expect((await put(client, ...batch)).FailedRecordCount).toBe(0)
    expect((await put(client, ...batch)).FailedRecordCount).toBe(0)
    expect((await put(client, 'one more')).FailedRecordCount).toBe(1)
    await clock.advance(1000)
    expect((await put(client, 'one more')).FailedRecordCount).toBe(0)
  })

  it('let five reads a second out of a shard', async () => {
    const clock = manualClock(1_000_000)
    const { client } = await start({ clock })
    const ShardIterator = await horizon(client)
    const read = () => client.send(new GetRecordsCommand({ ShardIterator }))
    for (let i = 0; i < 5; i++) await read()
    await expect(read()).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' })
    await clock.advance(200)
    await read()
  })

  it('return 10 MiB at most in one read, and make a large read wait for the next', async () => {
    const clock = manualClock(1_000_000)
    const { client } = await start({ clock })
    for (let i = 0; i < 12; i++) {
      await put(client, Buffer.alloc(1_000_000))
      await clock.advance(1000)
    }
    const ShardIterator = await horizon(client)
    const first = await client.send(new GetRecordsCommand({ ShardIterator }))
    expect(first.Records).toHaveLength(10)
    expect(first.MillisBehindLatest).toBe(2000)
    const second = () => client.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }))
    await expect(second()).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' })
    await clock.advance(5000)
    expect((await second()).Records).toHaveLength(2)
  })

  it('take records up to 10 MiB where the stream allows it', async () => {
    const { client, kinesis } = await start()
    const record = { StreamName: 's', PartitionKey: 'k', Data: Buffer.alloc(5 * 1024 * 1024) }
    await expect(client.send(new PutRecordCommand(record))).rejects.toMatchObject({ name: 'ValidationException' })
    await client.send(new UpdateMaxRecordSizeCommand({ StreamARN: kinesis.arn('s'), MaxRecordSizeInKiB: 10_240 }))
    await client.send(new PutRecordCommand(record))
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: 's' }))
    expect(StreamDescriptionSummary?.MaxRecordSizeInKiB).toBe(10_240)
  })

  it('expire an iterator after five minutes', async () => {
    const clock = manualClock(1_000_000)
    const { client } = await start({ clock })
    const ShardIterator = await horizon(client)
    await clock.advance(5 * 60_000)
    await client.send(new GetRecordsCommand({ ShardIterator }))
    await clock.advance(1)
    await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject({
      name: 'ExpiredIteratorException',
    })
  })

  it('forget records after their retention, and the oldest when memory is full', async () => {
    const clock = manualClock(1_000_000)
    const { client, kinesis } = await start({ clock, maxBytesPerStream: 10_000, throttle: false })
    await put(client, 'old')
    await clock.advance(24 * 3_600_000 + 1)
    await put(client, 'new')
    expect(kinesis.records('s').map(({ data }) => data.toString())).toEqual(['new'])
    for (let i = 0; i < 30; i++) await put(client, Buffer.alloc(1000, i))
    const held = kinesis.records('s')
    expect(held.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(10_000)
    expect(held.at(-1)?.data[0]).toBe(29)
    expect(kinesis.trimmed('s')).toBe(32 - held.length)
    expect((await client.send(new GetRecordsCommand({ ShardIterator: await horizon(client) }))).Records).toHaveLength(held.length)
  })
})

describe('resharding', () => {
  it('doubles and halves, and keeps every hash key with one open shard', async () => {
    const { client } = await start({ streams: { s: 2 } })
    for (const TargetShardCount of [4, 8, 4]) {
      await client.send(new UpdateShardCountCommand({ StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING' }))
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 's' }))
      const open = Shards.filter(shard => !shard.SequenceNumberRange?.EndingSequenceNumber)
        .map(
          ({ HashKeyRange }) => [BigInt(HashKeyRange?.StartingHashKey ?? 0), BigInt(HashKeyRange?.EndingHashKey ?? 0)] as const,
        )
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
      expect(open).toHaveLength(TargetShardCount)
      let next = 0n
      for (const [from, to] of open) {
        expect(from).toBe(next)
        next = to + 1n
      }
      expect(next).toBe(2n ** 128n)
    }
    const odd = new UpdateShardCountCommand({ StreamName: 's', TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' })
    await expect(client.send(odd)).rejects.toMatchObject({ name: 'ValidationException' })
  })
})

describe('faults', () => {
  it('fail single records of a call', async () => {
    const { client, kinesis } = await start()
    kinesis.faults.putRecords = entries =>
      entries.map(({ data }) => (Buffer.from(data).toString() === 'bad' ? { errorCode: 'InternalFailure' } : undefined))
    const answer = await put(client, 'a', 'bad', 'b')
    expect(errors(answer)).toEqual([undefined, 'InternalFailure', undefined])
    expect(answer.FailedRecordCount).toBe(1)
    expect(kinesis.records('s').map(({ data }) => data.toString())).toEqual(['a', 'b'])
  })

  it('fail whole calls before or after they have taken effect', async () => {
    const { client, kinesis } = await start()
    kinesis.faults.call = () => ({ kind: 'error', type: 'KMSAccessDeniedException' })
    await expect(put(client, 'a')).rejects.toMatchObject({ name: 'KMSAccessDeniedException' })
    kinesis.faults.call = () => ({ kind: 'reset' })
    await expect(put(client, 'a')).rejects.toThrow()
    expect(kinesis.records('s')).toHaveLength(0)
    kinesis.faults.call = () => ({ kind: 'reset', after: true })
    await expect(put(client, 'a')).rejects.toThrow()
    expect(kinesis.records('s')).toHaveLength(1)
    kinesis.faults.call = () => ({ kind: 'delay', ms: 1 })
    await put(client, 'b')
    expect(kinesis.records('s')).toHaveLength(2)
  })
})
