import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
  type GetShardIteratorCommandInput,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKinesis } from './server.ts'

const require = createRequire(import.meta.url)

type Peer = 'ours' | 'kinesis-local' | 'kinesalite'

interface Running {
  endpoint: string
  close: () => Promise<void>
}

/** The same cases against three implementations: ours, and two that others wrote. */
const PEERS: Record<Peer, () => Promise<Running>> = {
  ours: () => startKinesis(),

  async kinesalite() {
    const server = require('kinesalite')({ createStreamMs: 10, deleteStreamMs: 10, updateStreamMs: 10, shardLimit: 100 })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return {
      endpoint: `http://127.0.0.1:${server.address().port}`,
      close: () => new Promise(resolve => server.close(() => resolve())),
    }
  },

  /** Opens its certificate relative to the working directory, and takes no host to bind. */
  async 'kinesis-local'() {
    const main = require.resolve('kinesis-local')
    const loopback = fileURLToPath(new URL('fixtures/loopback.cjs', import.meta.url))
    const child = spawn(process.execPath, ['--require', loopback, main], {
      cwd: dirname(main),
      env: {
        PATH: process.env['PATH'],
        LOG_LEVEL: 'ERROR',
        SHARD_LIMIT: '100',
        CREATE_STREAM_DURATION: '10ms',
        DELETE_STREAM_DURATION: '10ms',
        SPLIT_SHARD_DURATION: '10ms',
        MERGE_SHARDS_DURATION: '10ms',
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', message => resolve(typeof message === 'object' && 'port' in message ? Number(message.port) : 0))
      child.once('exit', code => reject(new Error(`kinesis-local ended with ${code}`)))
    })
    return {
      endpoint: `http://127.0.0.1:${port}`,
      close: async () => {
        child.kill('SIGKILL')
        await exited
      },
    }
  },
}

/** What a case works with: a client, and an ACTIVE stream of two shards that no other case uses. */
interface Bench {
  client: KinesisClient
  stream: string
  arn: string
  put: (...data: string[]) => Promise<string[]>
  read: (shard: number, position: Omit<GetShardIteratorCommandInput, 'ShardId'>) => Promise<string[]>
  active: () => Promise<void>
}

interface Case {
  it: string
  /** Why another implementation is known to fail this case; the test then demands that it does, so that the list stays true. */
  known?: Partial<Record<Peer, string>>
  run: (bench: Bench) => Promise<void>
}

const FIRST_HALF = '0'
/** Asks again until it is so; the test's own timeout bounds it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}
const text = (data: Uint8Array | undefined) => Buffer.from(data ?? []).toString()
const errorName = (error: unknown) => (error instanceof Error ? error.name : '')
const refused = (work: Promise<unknown>) => work.then(() => 'accepted', errorName)

const CASES: Case[] = [
  {
    it: 'describes a new stream with shards that cover every hash key once',
    known: { 'kinesis-local': 'its first shard ends one hash key early' },
    async run({ client, stream }) {
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: stream }))
      expect(StreamDescription).toMatchObject({
        StreamName: stream,
        StreamStatus: 'ACTIVE',
        RetentionPeriodHours: 24,
        HasMoreShards: false,
      })
      expect(StreamDescription?.Shards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000000', 'shardId-000000000001'])
      const [a, b] = StreamDescription?.Shards ?? []
      expect(a?.HashKeyRange).toEqual({ StartingHashKey: '0', EndingHashKey: String(2n ** 127n - 1n) })
      expect(b?.HashKeyRange).toEqual({ StartingHashKey: String(2n ** 127n), EndingHashKey: String(2n ** 128n - 1n) })
    },
  },
  {
    it: 'summarizes and lists it',
    async run({ client, stream }) {
      const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: stream }))
      expect(StreamDescriptionSummary).toMatchObject({ StreamName: stream, OpenShardCount: 2, ConsumerCount: 0 })
      const { StreamNames } = await client.send(new ListStreamsCommand({ Limit: 100 }))
      expect(StreamNames).toContain(stream)
    },
  },
  {
    it: 'refuses a name that is taken, and one that is not there',
    async run({ client, stream }) {
      expect(await refused(client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 })))).toBe(
        'ResourceInUseException',
      )
      expect(await refused(client.send(new DescribeStreamCommand({ StreamName: 'absent' })))).toBe('ResourceNotFoundException')
      expect(
        await refused(client.send(new PutRecordCommand({ StreamName: 'absent', PartitionKey: 'k', Data: Buffer.from('d') }))),
      ).toBe('ResourceNotFoundException')
    },
  },
  {
    it: 'puts a record on the shard that owns the MD5 of its partition key',
    async run({ client, stream }) {
      for (const key of ['a', 'b', 'c', 'd', 'sandbox-1', 'ü']) {
        const upper = (createHash('md5').update(key).digest()[0] ?? 0) >= 128
        const { ShardId } = await client.send(
          new PutRecordCommand({ StreamName: stream, PartitionKey: key, Data: Buffer.from('d') }),
        )
        expect(ShardId).toBe(upper ? 'shardId-000000000001' : 'shardId-000000000000')
      }
    },
  },
  {
    it: 'follows an explicit hash key',
    async run({ client, stream }) {
      const put = (ExplicitHashKey: string) =>
        client.send(new PutRecordCommand({ StreamName: stream, PartitionKey: 'k', ExplicitHashKey, Data: Buffer.from('d') }))
      expect((await put('0')).ShardId).toBe('shardId-000000000000')
      expect((await put(String(2n ** 128n - 1n))).ShardId).toBe('shardId-000000000001')
      expect(await refused(put(String(2n ** 128n)))).toBe('InvalidArgumentException')
    },
  },
  {
    it: 'answers PutRecords in the order of its records, with rising sequence numbers of 56 digits',
    async run({ client, stream }) {
      const Records = ['a', 'b', 'c'].map(data => ({ PartitionKey: 'k', ExplicitHashKey: FIRST_HALF, Data: Buffer.from(data) }))
      const answer = await client.send(new PutRecordsCommand({ StreamName: stream, Records }))
      expect(answer.FailedRecordCount).toBe(0)
      const numbers = answer.Records?.map(({ SequenceNumber }) => SequenceNumber ?? '') ?? []
      expect(numbers.map(number => number.length)).toEqual([56, 56, 56])
      expect(numbers.toSorted()).toEqual(numbers)
    },
  },
  {
    it: 'reads from TRIM_HORIZON what was put, in order',
    async run({ put, read }) {
      await put('a', 'b', 'c')
      expect(await read(0, { StreamName: undefined, ShardIteratorType: 'TRIM_HORIZON' })).toEqual(['a', 'b', 'c'])
    },
  },
  {
    it: 'reads AT and AFTER a sequence number',
    async run({ put, read }) {
      const [, second] = await put('a', 'b', 'c')
      expect(
        await read(0, { StreamName: undefined, ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: second }),
      ).toEqual(['b', 'c'])
      expect(
        await read(0, { StreamName: undefined, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: second }),
      ).toEqual(['c'])
    },
  },
  {
    it: 'reads AT a timestamp',
    async run({ put, read }) {
      await put('a', 'b')
      const at = (Timestamp: Date) => read(0, { StreamName: undefined, ShardIteratorType: 'AT_TIMESTAMP', Timestamp })
      expect(await at(new Date(Date.now() - 60_000))).toEqual(['a', 'b'])
    },
  },
  {
    it: 'reads from LATEST only what comes later',
    async run({ client, stream, put }) {
      await put('a')
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'LATEST' }),
      )
      await put('b')
      const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }))
      expect(Records?.map(({ Data }) => text(Data))).toEqual(['b'])
    },
  },
  {
    it: 'pages by Limit and is 0 ms behind at the tip',
    async run({ client, stream, put }) {
      await put('a', 'b', 'c')
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
      )
      const first = await client.send(new GetRecordsCommand({ ShardIterator, Limit: 2 }))
      expect(first.Records?.map(({ Data }) => text(Data))).toEqual(['a', 'b'])
      const second = await client.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator, Limit: 2 }))
      expect(second.Records?.map(({ Data }) => text(Data))).toEqual(['c'])
      expect(second.MillisBehindLatest).toBe(0)
      expect(second.Records?.[0]?.ApproximateArrivalTimestamp).toBeInstanceOf(Date)
    },
  },
  {
    it: 'reads the same records again through the same iterator',
    async run({ client, stream, put }) {
      await put('a')
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
      )
      for (let i = 0; i < 2; i++) expect((await client.send(new GetRecordsCommand({ ShardIterator }))).Records).toHaveLength(1)
    },
  },
  {
    it: 'refuses what is no iterator',
    known: { 'kinesis-local': 'it answers an error without a type' },
    async run({ client }) {
      expect(await refused(client.send(new GetRecordsCommand({ ShardIterator: 'AAAA' })))).toBe('InvalidArgumentException')
    },
  },
  {
    it: 'refuses a shard that is not there',
    async run({ client, stream }) {
      const input = { StreamName: stream, ShardId: 'shardId-000000000009', ShardIteratorType: 'LATEST' } as const
      expect(await refused(client.send(new GetShardIteratorCommand(input)))).toBe('ResourceNotFoundException')
    },
  },
  {
    it: 'refuses 501 records in one call',
    known: { 'kinesis-local': 'it takes them' },
    async run({ client, stream }) {
      const Records = Array.from({ length: 501 }, () => ({ PartitionKey: 'k', Data: Buffer.from('d') }))
      expect(await refused(client.send(new PutRecordsCommand({ StreamName: stream, Records })))).toBe('ValidationException')
    },
  },
  {
    it: 'refuses a call with a record over 1 MiB',
    known: { 'kinesis-local': 'it fails that record alone, in a call that succeeds' },
    async run({ client, stream }) {
      const Records = [{ PartitionKey: 'k', Data: Buffer.alloc(1024 * 1024 + 1) }]
      expect(await refused(client.send(new PutRecordsCommand({ StreamName: stream, Records })))).toBe('ValidationException')
    },
  },
  {
    it: 'refuses an empty list of records',
    known: { 'kinesis-local': 'it takes it' },
    async run({ client, stream }) {
      expect(await refused(client.send(new PutRecordsCommand({ StreamName: stream, Records: [] })))).toBe('ValidationException')
    },
  },
  {
    it: 'refuses an empty partition key',
    known: { 'kinesis-local': 'it answers InvalidArgumentException' },
    async run({ client, stream }) {
      const record = { StreamName: stream, PartitionKey: '', Data: Buffer.from('d') }
      expect(await refused(client.send(new PutRecordCommand(record)))).toBe('ValidationException')
    },
  },
  {
    it: 'is addressed by ARN too',
    known: { kinesalite: 'it is older than StreamARN' },
    async run({ client, arn }) {
      const { ShardId } = await client.send(new PutRecordCommand({ StreamARN: arn, PartitionKey: 'k', Data: Buffer.from('d') }))
      expect(ShardId).toMatch(/^shardId-/)
      expect((await client.send(new ListShardsCommand({ StreamARN: arn }))).Shards).toHaveLength(2)
    },
  },
  {
    it: 'lists shards in pages',
    known: { kinesalite: 'it ignores MaxResults' },
    async run({ client, stream }) {
      const first = await client.send(new ListShardsCommand({ StreamName: stream, MaxResults: 1 }))
      expect(first.Shards).toHaveLength(1)
      const second = await client.send(new ListShardsCommand({ NextToken: first.NextToken }))
      expect(second.Shards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000001'])
      expect(second.NextToken).toBeUndefined()
    },
  },
  {
    it: 'splits a shard: the parent closes, two children name it, and its reader comes to an end',
    async run({ client, stream, put, active }) {
      await put('a')
      await client.send(
        new SplitShardCommand({
          StreamName: stream,
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(2n ** 126n),
        }),
      )
      await active()
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }))
      expect(Shards.filter(({ ParentShardId }) => ParentShardId === 'shardId-000000000000')).toHaveLength(2)
      expect(Shards[0]?.SequenceNumberRange?.EndingSequenceNumber).toBeDefined()
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
      )
      let iterator = ShardIterator
      const seen: string[] = []
      for (let calls = 0; iterator && calls < 5; calls++) {
        const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }))
        seen.push(...(page.Records ?? []).map(({ Data }) => text(Data)))
        iterator = page.NextShardIterator
      }
      expect(seen).toEqual(['a'])
      expect(iterator).toBeUndefined()
    },
  },
  {
    it: 'names the children at the end of a closed shard',
    known: { kinesalite: 'it is older than ChildShards' },
    async run({ client, stream, active }) {
      await client.send(
        new SplitShardCommand({
          StreamName: stream,
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(2n ** 126n),
        }),
      )
      await active()
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
      )
      const { ChildShards } = await client.send(new GetRecordsCommand({ ShardIterator }))
      expect(ChildShards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000002', 'shardId-000000000003'])
    },
  },
  {
    it: 'merges two neighbours into a child of both',
    async run({ client, stream, active }) {
      await client.send(
        new MergeShardsCommand({
          StreamName: stream,
          ShardToMerge: 'shardId-000000000000',
          AdjacentShardToMerge: 'shardId-000000000001',
        }),
      )
      await active()
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }))
      expect(Shards[2]).toMatchObject({
        ParentShardId: 'shardId-000000000000',
        AdjacentParentShardId: 'shardId-000000000001',
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
      })
    },
  },
  {
    it: 'keeps records longer on demand',
    async run({ client, stream }) {
      await client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName: stream, RetentionPeriodHours: 48 }))
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: stream }))
      expect(StreamDescription?.RetentionPeriodHours).toBe(48)
    },
  },
  {
    it: 'takes 1 MB a second and shard, and fails the records above it one by one',
    known: { kinesalite: 'it has no rates', 'kinesis-local': 'it has no rates' },
    async run({ client, stream }) {
      const Records = Array.from({ length: 4 }, () => ({
        PartitionKey: 'k',
        ExplicitHashKey: FIRST_HALF,
        Data: Buffer.alloc(400_000),
      }))
      const answer = await client.send(new PutRecordsCommand({ StreamName: stream, Records }))
      expect(answer.FailedRecordCount).toBe(2)
      expect(answer.Records?.map(({ ErrorCode }) => ErrorCode)).toEqual([
        undefined,
        undefined,
        'ProvisionedThroughputExceededException',
        'ProvisionedThroughputExceededException',
      ])
    },
  },
  {
    it: 'forgets a deleted stream',
    async run({ client, stream }) {
      await client.send(new DeleteStreamCommand({ StreamName: stream }))
      await until(
        async () =>
          (await refused(client.send(new DescribeStreamCommand({ StreamName: stream })))) === 'ResourceNotFoundException',
      )
    },
  },
]

describe.each(Object.keys(PEERS) as Peer[])('Kinesis API: %s', peer => {
  let server: Running
  let client: KinesisClient
  let streams = 0

  beforeAll(async () => {
    server = await PEERS[peer]()
    client = new KinesisClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    })
    // kinesis-local listens before it is ready to answer.
    await until(async () => (await refused(client.send(new ListStreamsCommand({})))) === 'accepted')
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })

  async function bench(): Promise<Bench> {
    const stream = `s${streams++}`
    await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 2 }))
    const describe = () => client.send(new DescribeStreamCommand({ StreamName: stream }))
    const active = () => until(async () => (await describe()).StreamDescription?.StreamStatus === 'ACTIVE')
    await active()
    return {
      client,
      stream,
      arn: (await describe()).StreamDescription?.StreamARN ?? '',
      active,
      async put(...data) {
        const numbers: string[] = []
        for (const item of data) {
          const record = { StreamName: stream, PartitionKey: 'k', ExplicitHashKey: FIRST_HALF, Data: Buffer.from(item) }
          numbers.push((await client.send(new PutRecordCommand(record))).SequenceNumber ?? '')
        }
        return numbers
      },
      async read(shard, position) {
        const ShardId = `shardId-00000000000${shard}`
        const { ShardIterator } = await client.send(new GetShardIteratorCommand({ ...position, StreamName: stream, ShardId }))
        const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }))
        return (Records ?? []).map(({ Data }) => text(Data))
      },
    }
  }

  for (const { it: title, known, run } of CASES) {
    const reason = known?.[peer]
    if (reason) it.fails(`${title} (known deviation: ${reason})`, async () => run(await bench()))
    else it(title, async () => run(await bench()))
  }
})
