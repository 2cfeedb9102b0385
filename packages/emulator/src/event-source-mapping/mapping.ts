import { randomUUID } from 'node:crypto'
import { DescribeStreamSummaryCommand, KinesisClient, ListShardsCommand, type Shard } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { systemClock, type Clock } from '../clock.ts'
import { processBatch, type Condition, type InvokeOutcome, type RetryRules } from './batch.ts'
import { memoryCheckpoints, Progress, SHARD_END, type CheckpointStore } from './checkpoint.ts'
import { kinesisEvent, type KinesisEvent, type SourceRecord } from './event.ts'
import { failureKey, failureRecord, type FailureRecord } from './failure-record.ts'
import { Lane, type LaneRules } from './lane.ts'
import { judge } from './response.ts'
import { ShardReader, type StartingPosition } from './shard-reader.ts'

/** The context of an invocation, as far as a stream function has use for it. */
export interface InvokeContext {
  awsRequestId: string
  functionName: string
  functionVersion: string
  invokedFunctionArn: string
  memoryLimitInMB: string
  logGroupName: string
  logStreamName: string
  callbackWaitsForEmptyEventLoop: boolean
  getRemainingTimeInMillis(): number
}

export interface EventSourceMappingOptions extends Partial<RetryRules>, Partial<LaneRules> {
  /** A client, or the endpoint of a local Kinesis with test credentials. */
  client?: KinesisClient
  endpoint?: string
  region?: string
  /** Name of the stream. */
  stream: string
  /** The function. Its result is read as a response only with reportBatchItemFailures; an error named TooManyRequestsException is a throttle. */
  invoke: (event: KinesisEvent, context: InvokeContext) => Promise<unknown>
  functionName?: string
  account?: string
  /** Default 60. An invocation that takes longer counts as failed; code in this process cannot be stopped, and goes on. */
  timeoutSeconds?: number
  memorySize?: number
  /** FunctionResponseTypes: ReportBatchItemFailures. Default false, as in Lambda. */
  reportBatchItemFailures?: boolean
  /** Batches of one shard that run at the same time, 1–10; order is then kept per partition key. Default 1. */
  parallelizationFactor?: number
  /** Default TRIM_HORIZON. */
  startingPosition?: StartingPosition
  /** On-failure destination, in the shape of an S3 one; `key` is the object key. Without it records that are given up are only counted. */
  onFailure?: (record: FailureRecord, key: string) => Promise<void>
  /** Checkpoints, so that a restart goes on where it stopped. Default: in memory. */
  state?: CheckpointStore
  /** Pause after an empty poll. Lambda polls once a second; a laptop can be quicker within Kinesis' five reads a second. Default 250. */
  pollMs?: number
  clock?: Clock
}

export interface MappingMetrics {
  polls: number
  pollErrors: number
  /** Checkpoints that could not be saved. */
  stateErrors: number
  records: number
  invocations: number
  failures: number
  throttles: number
  retries: number
  bisections: number
  /** Records given up, by condition. */
  discarded: Record<Condition, number>
  /** Milliseconds that the slowest shard is behind, as of its last poll. */
  iteratorAgeMs: number
}

export interface EventSourceMapping {
  readonly id: string
  readonly metrics: MappingMetrics
  /** Resolves when every shard was polled to its tip after this call and all its records are settled. */
  idle(): Promise<void>
  /** Stops polling and lets the running invocations end; what is not settled is read again by the next mapping with the same state. */
  close(): Promise<void>
}

/** Records read ahead of their processing, per shard. */
const READ_AHEAD = { records: 10_000, bytes: 8 * 1024 * 1024 }
const MAX_PAGE = 10_000

interface ShardState {
  id: string
  parents: string[]
  reader: ShardReader
  progress: Progress
  lanes: Lane[]
  heldBytes: number
  behindMs: number
  /** Number of the last poll that found the tip with nothing pending. */
  caughtUp: number
  /** Ends with the last save of the checkpoint; they happen one after the other. */
  saved: Promise<void>
}

/** Starts a local event source mapping. Resolves once every shard has its position, so that LATEST misses nothing put afterwards. */
export async function startEventSourceMapping(options: EventSourceMappingOptions): Promise<EventSourceMapping> {
  const mapping = new Mapping(options)
  await mapping.start()
  return mapping
}

class Mapping implements EventSourceMapping {
  readonly id = randomUUID()
  readonly metrics: MappingMetrics = {
    polls: 0,
    pollErrors: 0,
    stateErrors: 0,
    records: 0,
    invocations: 0,
    failures: 0,
    throttles: 0,
    retries: 0,
    bisections: 0,
    discarded: { RetryAttemptsExhausted: 0, RecordAgeExceeded: 0 },
    iteratorAgeMs: 0,
  }
  readonly #options: EventSourceMappingOptions
  readonly #client: KinesisClient
  readonly #clock: Clock
  readonly #store: CheckpointStore
  readonly #closing = new AbortController()
  readonly #shards = new Map<string, ShardState>()
  readonly #ended = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #rules: RetryRules & LaneRules
  readonly #functionArn: string
  #streamArn = ''
  #region = ''
  #tick = 0
  /** Replaced at every step that may end somebody's waiting: a poll, a settled batch, a wake-up. */
  #changed = Promise.withResolvers<void>()
  #wake = new AbortController()

  constructor(options: EventSourceMappingOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#store = options.state ?? memoryCheckpoints()
    const { region = 'us-east-1', account = '123456789012', functionName = 'local', endpoint } = options
    this.#functionArn = `arn:aws:lambda:${region}:${account}:function:${functionName}`
    // The SDK's default is HTTP/2, which no local Kinesis speaks.
    this.#client =
      options.client ??
      new KinesisClient({
        ...(endpoint !== undefined && { endpoint }),
        region,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        requestHandler: new NodeHttpHandler(),
        maxAttempts: 1,
      })
    this.#rules = {
      batchSize: options.batchSize ?? 100,
      maximumBatchingWindowInSeconds: options.maximumBatchingWindowInSeconds ?? 0,
      bisectBatchOnFunctionError: options.bisectBatchOnFunctionError ?? false,
      maximumRetryAttempts: options.maximumRetryAttempts ?? -1,
      maximumRecordAgeInSeconds: options.maximumRecordAgeInSeconds ?? -1,
      backoff: options.backoff ?? { initialMs: 200, maxMs: 30_000 },
    }
    checkRules(options)
  }

  async start(): Promise<void> {
    const { StreamDescriptionSummary } = await this.#client.send(
      new DescribeStreamSummaryCommand({ StreamName: this.#options.stream }),
    )
    this.#streamArn = StreamDescriptionSummary?.StreamARN ?? ''
    this.#region = this.#streamArn.split(':')[3] ?? ''
    await this.#discover(this.#options.startingPosition ?? 'TRIM_HORIZON')
  }

  async idle(): Promise<void> {
    const since = this.#tick
    this.#wake.abort()
    this.#wake = new AbortController()
    while (!this.#closing.signal.aborted) {
      const shards = [...this.#shards.values()]
      if (shards.every(shard => shard.caughtUp > since && shard.progress.pending === 0)) return
      await this.#changed.promise
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#notify()
    await Promise.all(this.#running)
    if (!this.#options.client) this.#client.destroy()
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Starts every shard whose parents are read to the end. With LATEST, what is closed by now is none of ours. */
  async #discover(start: StartingPosition): Promise<void> {
    const listed = await this.#listShards()
    const ids = new Set(listed.map(shard => shard.ShardId))
    for (const { ShardId: id = '', ParentShardId, AdjacentParentShardId, SequenceNumberRange } of listed) {
      if (this.#shards.has(id) || this.#ended.has(id)) continue
      const checkpoint = await this.#store.load(id)
      const closed = SequenceNumberRange?.EndingSequenceNumber !== undefined
      if (checkpoint === SHARD_END || (start === 'LATEST' && closed && checkpoint === undefined)) {
        this.#ended.add(id)
        continue
      }
      const parents = [ParentShardId, AdjacentParentShardId].filter(parent => parent !== undefined)
      if (parents.some(parent => ids.has(parent) && !this.#ended.has(parent))) continue
      await this.#startShard(id, parents, start, checkpoint)
    }
  }

  async #listShards(): Promise<Shard[]> {
    const shards: Shard[] = []
    let token: string | undefined
    do {
      const input = token === undefined ? { StreamARN: this.#streamArn } : { NextToken: token }
      const page = await this.#client.send(new ListShardsCommand(input))
      shards.push(...(page.Shards ?? []))
      token = page.NextToken
    } while (token !== undefined)
    return shards
  }

  async #startShard(id: string, parents: string[], start: StartingPosition, checkpoint: string | undefined): Promise<void> {
    const reader = new ShardReader(this.#client, this.#streamArn, id, start, checkpoint, this.#clock)
    await reader.open()
    const { signal } = this.#closing
    const lanes = Array.from(
      { length: this.#options.parallelizationFactor ?? 1 },
      () => new Lane(this.#rules, this.#clock, signal),
    )
    const shard: ShardState = {
      id,
      parents,
      reader,
      progress: new Progress(),
      lanes,
      heldBytes: 0,
      behindMs: 0,
      caughtUp: -1,
      saved: Promise.resolve(),
    }
    this.#shards.set(id, shard)
    for (const lane of lanes) this.#track(lane.run(batch => this.#process(shard, batch)))
    this.#track(this.#poll(shard))
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }

  async #poll(shard: ShardState): Promise<void> {
    const { signal } = this.#closing
    const pollMs = this.#options.pollMs ?? 250
    let errors = 0
    while (!signal.aborted) {
      while (!signal.aborted && (shard.progress.pending >= READ_AHEAD.records || shard.heldBytes >= READ_AHEAD.bytes))
        await this.#changed.promise
      const tick = ++this.#tick
      this.metrics.polls++
      try {
        const { records, behindMs, ended } = await shard.reader.next(MAX_PAGE, signal)
        errors = 0
        shard.behindMs = behindMs
        this.metrics.iteratorAgeMs = Math.max(...[...this.#shards.values()].map(({ behindMs }) => behindMs))
        this.#enqueue(shard, records)
        if (ended) return await this.#end(shard)
        if (records.length === 0 && behindMs === 0) {
          shard.caughtUp = tick
          this.#notify()
        }
        // A page means there may be more; an empty one that is still behind is how Kinesis crosses a gap.
        if (records.length > 0 || behindMs > 0) continue
      } catch {
        if (signal.aborted) return
        this.metrics.pollErrors++
        errors++
      }
      await this.#clock.sleep(pollMs * 2 ** Math.min(errors, 6), AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  #enqueue(shard: ShardState, records: readonly SourceRecord[]): void {
    this.metrics.records += records.length
    for (const record of records) {
      shard.progress.add(record.sequenceNumber)
      shard.heldBytes += record.data.length
    }
    const { lanes } = shard
    for (const [index, lane] of lanes.entries()) {
      const own =
        lanes.length === 1 ? records : records.filter(({ partitionKey }) => laneOf(partitionKey, lanes.length) === index)
      if (own.length > 0) lane.push(own)
    }
  }

  /** A closed shard is over when its last record is settled; only then may its children begin. */
  async #end(shard: ShardState): Promise<void> {
    while (shard.progress.pending > 0 && !this.#closing.signal.aborted) await this.#changed.promise
    if (this.#closing.signal.aborted) return
    this.#save(shard, SHARD_END)
    await shard.saved
    this.#ended.add(shard.id)
    for (let errors = 0; !this.#closing.signal.aborted; errors++) {
      try {
        await this.#discover('TRIM_HORIZON')
        break
      } catch {
        this.metrics.pollErrors++
        await this.#clock.sleep(250 * 2 ** Math.min(errors, 6), this.#closing.signal)
      }
    }
    this.#shards.delete(shard.id)
    this.#notify()
  }

  async #process(shard: ShardState, batch: readonly SourceRecord[]): Promise<void> {
    const { account = '123456789012', functionName = 'local' } = this.#options
    const source = { streamArn: this.#streamArn, region: this.#region, roleArn: `arn:aws:iam::${account}:role/${functionName}` }
    let last: { requestId: string; functionError: string | null } = { requestId: randomUUID(), functionError: null }
    await processBatch(batch, this.#rules, {
      clock: this.#clock,
      signal: this.#closing.signal,
      count: what => void this.metrics[what]++,
      settled: records => {
        for (const { data } of records) shard.heldBytes -= data.length
        const checkpoint = shard.progress.settle(records.map(({ sequenceNumber }) => sequenceNumber))
        if (checkpoint !== undefined) this.#save(shard, checkpoint)
        this.#notify()
      },
      invoke: async records => {
        const requestId = randomUUID()
        const outcome = await this.#invoke(kinesisEvent(records, source), requestId)
        last = { requestId, functionError: outcome.kind === 'failure' && outcome.thrown ? 'Unhandled' : null }
        return outcome
      },
      giveUp: async (records, condition, invocations) => {
        const now = this.#clock.now()
        const record = failureRecord({
          records,
          condition,
          invocations,
          ...last,
          functionArn: this.#functionArn,
          streamArn: this.#streamArn,
          event: kinesisEvent(records, source),
          now,
        })
        await this.#options.onFailure?.(record, failureKey(this.id, shard.id, now, randomUUID()))
        this.metrics.discarded[condition] += records.length
      },
    })
    await shard.saved
  }

  /** A checkpoint that cannot be saved costs a second delivery after a restart, no more. */
  #save(shard: ShardState, checkpoint: string): void {
    shard.saved = shard.saved.then(() => this.#store.save(shard.id, checkpoint)).catch(() => void this.metrics.stateErrors++)
  }

  async #invoke(event: KinesisEvent, requestId: string): Promise<InvokeOutcome & { thrown?: boolean }> {
    const {
      invoke,
      reportBatchItemFailures = false,
      timeoutSeconds = 60,
      memorySize = 128,
      functionName = 'local',
    } = this.#options
    const deadline = this.#clock.now() + timeoutSeconds * 1000
    const context: InvokeContext = {
      awsRequestId: requestId,
      functionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: this.#functionArn,
      memoryLimitInMB: String(memorySize),
      logGroupName: `/aws/lambda/${functionName}`,
      logStreamName: this.id,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - this.#clock.now()),
    }
    this.metrics.invocations++
    const over = new AbortController()
    try {
      const timeout = this.#clock.sleep(timeoutSeconds * 1000, over.signal).then(() => {
        throw new Error(`Task timed out after ${timeoutSeconds.toFixed(2)} seconds`)
      })
      timeout.catch(() => {})
      const response = await Promise.race([invoke(event, context), timeout])
      if (!reportBatchItemFailures) return { kind: 'success' }
      const judgement = judge(
        response,
        event.Records.map(({ kinesis }) => kinesis.sequenceNumber),
      )
      if (judgement.kind !== 'success') this.metrics.failures++
      return judgement
    } catch (error) {
      if (error instanceof Error && error.name === 'TooManyRequestsException') {
        this.metrics.throttles++
        return { kind: 'throttled' }
      }
      this.metrics.failures++
      return { kind: 'failure', thrown: true }
    } finally {
      over.abort()
    }
  }
}

/** Which lane a partition key belongs to; any stable spread will do. */
function laneOf(partitionKey: string, lanes: number): number {
  let hash = 0
  for (let i = 0; i < partitionKey.length; i++) hash = (Math.imul(hash, 31) + partitionKey.charCodeAt(i)) | 0
  return Math.abs(hash % lanes)
}

/** Lambda's ranges (AWS: "Lambda parameters for Amazon Kinesis Data Streams event source mappings"). */
const RANGES = {
  batchSize: [1, 10_000],
  maximumBatchingWindowInSeconds: [0, 300],
  maximumRetryAttempts: [-1, 10_000],
  maximumRecordAgeInSeconds: [-1, 604_800],
  parallelizationFactor: [1, 10],
} as const

function checkRules(options: EventSourceMappingOptions): void {
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES]
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max))
      throw new RangeError(`event source mapping: ${name} is ${value}; Lambda takes whole numbers from ${min} to ${max}`)
  }
}
