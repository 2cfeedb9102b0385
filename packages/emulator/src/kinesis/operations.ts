import { KinesisError, invalidArgument, validation } from './errors.ts'
import type { KinesisFaults } from './faults.ts'
import { blob, list, number, optionalNumber, optionalString, string, timestamp, type Input } from './input.ts'
import { type Iterators } from './iterator.ts'
import { LIMITS } from './limits.ts'
import { compareSequence } from './sequence.ts'
import { hashKey, type Shard } from './shard.ts'
import { Stream } from './stream.ts'

/** What the operations work on. */
export interface Kinesis {
  region: string
  account: string
  streams: Map<string, Stream>
  iterators: Iterators
  faults: KinesisFaults
  now: () => number
  throttle: boolean
  createStreamMs: number
  maxBytesPerStream: number
}

type Operation = (kinesis: Kinesis, input: Input) => Record<string, unknown> | undefined

const NAME = /^[a-zA-Z0-9_.-]+$/
const SHARD_ID = /^[a-zA-Z0-9_.-]+$/
const HASH = /^(0|[1-9]\d{0,38})$/
const SEQUENCE = /^(0|[1-9]\d{0,128})$/

export const streamArn = ({ region, account }: Pick<Kinesis, 'region' | 'account'>, name: string): string =>
  `arn:aws:kinesis:${region}:${account}:stream/${name}`

function find(kinesis: Kinesis, input: Input): Stream {
  const arn = optionalString(input, 'StreamARN', /^arn:aws.*:kinesis:.*:\d{12}:stream\/\S+$/)
  const name = optionalString(input, 'StreamName', NAME, 128)
  if (arn === undefined && name === undefined) throw invalidArgument('Either StreamName or StreamARN should be provided.')
  const fromArn = arn?.slice(arn.indexOf(':stream/') + ':stream/'.length)
  if (name !== undefined && fromArn !== undefined && name !== fromArn)
    throw invalidArgument('StreamName and StreamARN do not name the same stream.')
  const stream = kinesis.streams.get(name ?? fromArn ?? '')
  if (!stream || (arn !== undefined && arn !== stream.arn))
    throw new KinesisError('ResourceNotFoundException', `Stream ${name ?? fromArn} under account ${kinesis.account} not found.`)
  return stream
}

function active(kinesis: Kinesis, input: Input): Stream {
  const stream = find(kinesis, input)
  if (stream.status(kinesis.now()) !== 'ACTIVE')
    throw new KinesisError('ResourceInUseException', `Stream ${stream.name} under account ${kinesis.account} is not ACTIVE.`)
  stream.expire(kinesis.now())
  return stream
}

const describeShard = (shard: Shard) => ({
  ShardId: shard.id,
  ...(shard.parents[0] && { ParentShardId: shard.parents[0] }),
  ...(shard.parents[1] && { AdjacentParentShardId: shard.parents[1] }),
  HashKeyRange: { StartingHashKey: String(shard.startHash), EndingHashKey: String(shard.endHash) },
  SequenceNumberRange: {
    StartingSequenceNumber: shard.startingSequence,
    ...(shard.endingSequence && { EndingSequenceNumber: shard.endingSequence }),
  },
})

const summary = (stream: Stream, now: number) => ({
  StreamName: stream.name,
  StreamARN: stream.arn,
  StreamStatus: stream.status(now),
  StreamModeDetails: { StreamMode: stream.onDemand ? 'ON_DEMAND' : 'PROVISIONED' },
  RetentionPeriodHours: stream.retentionHours,
  StreamCreationTimestamp: stream.createdMs / 1000,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
})

/** Reads one record of PutRecord or PutRecords and finds its shard. */
function entry(stream: Stream, input: Input) {
  const partitionKey = string(input, 'PartitionKey', undefined, LIMITS.partitionKeyChars)
  const explicit = optionalString(input, 'ExplicitHashKey', HASH)
  const hash = explicit === undefined ? hashKey(partitionKey) : BigInt(explicit)
  if (hash >> 128n)
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicit}`,
    )
  const data = blob(input, 'Data')
  const bytes = data.length + Buffer.byteLength(partitionKey)
  if (bytes > stream.maxRecordKiB * 1024)
    throw validation(
      `1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to ${stream.maxRecordKiB * 1024}`,
    )
  return { partitionKey, data, bytes, shard: stream.owner(hash), hash }
}

const overLimit = (shard: Shard, stream: Stream, kinesis: Kinesis) =>
  `Rate exceeded for shard ${shard.id} in stream ${stream.name} under account ${kinesis.account}.`

function position(stream: Stream, shard: Shard, input: Input): number {
  const sequence = (offset: number) => {
    const text = string(input, 'StartingSequenceNumber', SEQUENCE)
    const counter = shard.counterOf(text)
    if (counter === undefined || counter > shard.tip)
      throw invalidArgument(
        `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shard.id} in stream ${stream.name} is invalid.`,
      )
    return counter + offset
  }
  const types: Record<string, () => number> = {
    TRIM_HORIZON: () => shard.horizon,
    LATEST: () => shard.tip,
    AT_SEQUENCE_NUMBER: () => sequence(0),
    AFTER_SEQUENCE_NUMBER: () => sequence(1),
    AT_TIMESTAMP: () => {
      const ms = timestamp(input, 'Timestamp')
      if (ms === undefined) throw invalidArgument('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.')
      return shard.counterAt(ms)
    },
  }
  const type = string(input, 'ShardIteratorType')
  const counter = Object.hasOwn(types, type) ? types[type] : undefined
  if (!counter)
    throw validation(
      `1 validation error detected: Value '${type.slice(0, 40)}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [${Object.keys(types).join(', ')}]`,
    )
  return counter()
}

/** The shards to list, after an optional start and at most `limit`. */
function page(shards: readonly Shard[], after: string | undefined, limit: number) {
  const from = after === undefined ? 0 : shards.findIndex(shard => shard.id > after)
  const rest = from < 0 ? [] : shards.slice(from)
  return { shards: rest.slice(0, limit).map(describeShard), more: rest.length > limit }
}

/** One entry an operation, by the name in `x-amz-target` after `Kinesis_20131202.`. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateStream(kinesis, input) {
    const name = string(input, 'StreamName', NAME, 128)
    const mode = input['StreamModeDetails']
    const onDemand = typeof mode === 'object' && mode !== null && 'StreamMode' in mode && mode.StreamMode === 'ON_DEMAND'
    const shardCount = onDemand ? 4 : number(input, 'ShardCount', 1, 1000)
    if (kinesis.streams.has(name))
      throw new KinesisError('ResourceInUseException', `Stream ${name} under account ${kinesis.account} already exists.`)
    const now = kinesis.now()
    const stream = new Stream({
      name,
      arn: streamArn(kinesis, name),
      shardCount,
      onDemand,
      createdMs: now,
      activeMs: now + kinesis.createStreamMs,
      throttle: kinesis.throttle,
      maxBytes: kinesis.maxBytesPerStream,
    })
    stream.maxRecordKiB =
      optionalNumber(input, 'MaxRecordSizeInKiB', LIMITS.maxRecordKiB.min, LIMITS.maxRecordKiB.max) ?? stream.maxRecordKiB
    kinesis.streams.set(name, stream)
    return undefined
  },

  DeleteStream(kinesis, input) {
    kinesis.streams.delete(find(kinesis, input).name)
    return undefined
  },

  DescribeStream(kinesis, input) {
    const stream = find(kinesis, input)
    const limit = optionalNumber(input, 'Limit', 1, 10_000) ?? 100
    const { shards, more } = page(stream.shards, optionalString(input, 'ExclusiveStartShardId', SHARD_ID), limit)
    return { StreamDescription: { ...summary(stream, kinesis.now()), Shards: shards, HasMoreShards: more } }
  },

  DescribeStreamSummary(kinesis, input) {
    const stream = find(kinesis, input)
    return {
      StreamDescriptionSummary: {
        ...summary(stream, kinesis.now()),
        OpenShardCount: stream.openShards.length,
        ConsumerCount: 0,
        MaxRecordSizeInKiB: stream.maxRecordKiB,
      },
    }
  },

  ListStreams(kinesis, input) {
    const limit = optionalNumber(input, 'Limit', 1, 10_000) ?? 100
    const after = optionalString(input, 'ExclusiveStartStreamName', NAME, 128) ?? optionalString(input, 'NextToken') ?? ''
    const all = [...kinesis.streams.values()].filter(stream => stream.name > after).sort((a, b) => (a.name < b.name ? -1 : 1))
    const shown = all.slice(0, limit)
    const more = all.length > limit
    return {
      StreamNames: shown.map(stream => stream.name),
      StreamSummaries: shown.map(stream => {
        const { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } = summary(stream, kinesis.now())
        return { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp }
      }),
      HasMoreStreams: more,
      ...(more && { NextToken: shown.at(-1)?.name }),
    }
  },

  ListShards(kinesis, input) {
    const limit = optionalNumber(input, 'MaxResults', 1, 10_000) ?? 1000
    const token = optionalString(input, 'NextToken', undefined, 1_048_576)
    const [name, after] = token === undefined ? [] : token.split('/', 2)
    if (token !== undefined && (input['StreamName'] ?? input['StreamARN']) !== undefined)
      throw invalidArgument('NextToken and StreamName cannot be provided together.')
    const stream = find(kinesis, name === undefined ? input : { StreamName: name })
    const { shards, more } = page(stream.shards, after ?? optionalString(input, 'ExclusiveStartShardId', SHARD_ID), limit)
    return { Shards: shards, ...(more && { NextToken: `${stream.name}/${shards.at(-1)?.ShardId}` }) }
  },

  PutRecord(kinesis, input) {
    const stream = active(kinesis, input)
    const now = kinesis.now()
    const { partitionKey, data, bytes, shard } = entry(stream, input)
    const fault = kinesis.faults.putRecords?.([{ partitionKey, data, shardId: shard.id }])?.[0]
    if (fault)
      throw new KinesisError(
        fault.errorCode,
        fault.errorMessage ?? 'Internal service failure.',
        fault.errorCode === 'InternalFailure' ? 500 : 400,
      )
    if (!stream.mayWrite(shard, bytes, now))
      throw new KinesisError('ProvisionedThroughputExceededException', overLimit(shard, stream, kinesis))
    const { sequenceNumber } = stream.append(shard, partitionKey, data, now)
    return { ShardId: shard.id, SequenceNumber: sequenceNumber, EncryptionType: 'NONE' }
  },

  /** A bad entry refuses the whole call; a throttled or injected one fails alone, and the others are stored. */
  PutRecords(kinesis, input) {
    const stream = active(kinesis, input)
    const now = kinesis.now()
    const entries = list(input, 'Records', LIMITS.recordsPerPut).map(record => entry(stream, record))
    if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > LIMITS.bytesPerPut)
      throw invalidArgument(`Records size exceeds ${LIMITS.bytesPerPut / 1024 / 1024} MB limit`)
    const faults = kinesis.faults.putRecords?.(
      entries.map(({ partitionKey, data, shard }) => ({ partitionKey, data, shardId: shard.id })),
    )
    let failed = 0
    const results = entries.map(({ partitionKey, data, bytes, shard }, index) => {
      const fault =
        faults?.[index] ??
        (stream.mayWrite(shard, bytes, now)
          ? undefined
          : { errorCode: 'ProvisionedThroughputExceededException', errorMessage: overLimit(shard, stream, kinesis) })
      if (fault) {
        failed++
        return { ErrorCode: fault.errorCode, ErrorMessage: fault.errorMessage ?? 'Internal Service Failure' }
      }
      return { ShardId: shard.id, SequenceNumber: stream.append(shard, partitionKey, data, now).sequenceNumber }
    })
    return { FailedRecordCount: failed, Records: results, EncryptionType: 'NONE' }
  },

  GetShardIterator(kinesis, input) {
    const stream = active(kinesis, input)
    const shard = stream.shard(string(input, 'ShardId', SHARD_ID, 128))
    const counter = position(stream, shard, input)
    return { ShardIterator: kinesis.iterators.issue({ stream: stream.name, shard: shard.id, counter }, kinesis.now()) }
  },

  GetRecords(kinesis, input) {
    const now = kinesis.now()
    const limit = optionalNumber(input, 'Limit', 1, LIMITS.recordsPerGet) ?? LIMITS.recordsPerGet
    const at = kinesis.iterators.read(string(input, 'ShardIterator', undefined, 1024), now)
    const stream = active(kinesis, { StreamName: at.stream })
    const shard = stream.shard(at.shard)
    if (!stream.mayRead(shard, now))
      throw new KinesisError('ProvisionedThroughputExceededException', overLimit(shard, stream, kinesis))
    const { records, next } = shard.read(at.counter, limit, LIMITS.bytesPerGet)
    stream.chargeRead(
      shard,
      records.reduce((sum, { data }) => sum + data.length, 0),
      now,
    )
    const drained = !shard.open && next >= shard.tip
    const children = stream.shards.filter(child => child.parents.includes(shard.id))
    return {
      Records: records.map(record => ({
        SequenceNumber: record.sequenceNumber,
        PartitionKey: record.partitionKey,
        Data: record.data.toString('base64'),
        ApproximateArrivalTimestamp: record.arrival / 1000,
        EncryptionType: 'NONE',
      })),
      MillisBehindLatest: shard.behind(next, now),
      ...(drained
        ? {
            ChildShards: children.map(child => ({
              ShardId: child.id,
              ParentShards: child.parents,
              HashKeyRange: describeShard(child).HashKeyRange,
            })),
          }
        : { NextShardIterator: kinesis.iterators.issue({ ...at, counter: next }, now) }),
    }
  },

  SplitShard(kinesis, input) {
    active(kinesis, input).split(
      string(input, 'ShardToSplit', SHARD_ID, 128),
      BigInt(string(input, 'NewStartingHashKey', HASH)),
      kinesis.now(),
    )
    return undefined
  },

  MergeShards(kinesis, input) {
    active(kinesis, input).merge(
      string(input, 'ShardToMerge', SHARD_ID, 128),
      string(input, 'AdjacentShardToMerge', SHARD_ID, 128),
      kinesis.now(),
    )
    return undefined
  },

  UpdateShardCount(kinesis, input) {
    const stream = active(kinesis, input)
    const target = number(input, 'TargetShardCount', 1, 1000)
    const current = stream.openShards.length
    stream.scale(target, kinesis.now())
    return { StreamName: stream.name, StreamARN: stream.arn, CurrentShardCount: current, TargetShardCount: target }
  },

  IncreaseStreamRetentionPeriod(kinesis, input) {
    return retention(kinesis, input, (next, current) => next >= current)
  },

  DecreaseStreamRetentionPeriod(kinesis, input) {
    return retention(kinesis, input, (next, current) => next <= current)
  },

  UpdateMaxRecordSize(kinesis, input) {
    active(kinesis, input).maxRecordKiB = number(input, 'MaxRecordSizeInKiB', LIMITS.maxRecordKiB.min, LIMITS.maxRecordKiB.max)
    return undefined
  },
}

function retention(kinesis: Kinesis, input: Input, allowed: (next: number, current: number) => boolean): undefined {
  const stream = active(kinesis, input)
  const hours = number(input, 'RetentionPeriodHours', LIMITS.retentionHours.min, LIMITS.retentionHours.max)
  if (!allowed(hours, stream.retentionHours))
    throw invalidArgument(
      `Requested retention period (${hours} hours) for stream ${stream.name} does not go the way of this call (${stream.retentionHours} hours now).`,
    )
  stream.retentionHours = hours
  return undefined
}

/** Records of a stream that are still held, over all shards, in the order of arrival (within one millisecond: by sequence number). */
export const recordsOf = (stream: Stream) =>
  stream.shards
    .flatMap(shard => shard.records)
    .sort((a, b) => a.arrival - b.arrival || compareSequence(a.sequenceNumber, b.sequenceNumber))
