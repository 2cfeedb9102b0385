import {
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  type KinesisClient,
  type ShardIteratorType,
} from '@aws-sdk/client-kinesis'
import type { Clock } from '../clock.ts'
import type { SourceRecord } from './event.ts'

/** One answer of GetRecords. `ended` says that the shard is closed and read to its end. */
export interface Page {
  records: SourceRecord[]
  behindMs: number
  ended: boolean
}

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | { timestamp: Date }

/** Reads one shard page by page, renewing the iterator when it has expired. It never skips a record. */
export class ShardReader {
  readonly #client: KinesisClient
  readonly #streamArn: string
  readonly shardId: string
  readonly #clock: Clock
  #start: StartingPosition
  #after: string | undefined
  #iterator: string | undefined

  /** `after` is the checkpoint; without one reading begins at `start`. */
  constructor(
    client: KinesisClient,
    streamArn: string,
    shardId: string,
    start: StartingPosition,
    after: string | undefined,
    clock: Clock,
  ) {
    this.#client = client
    this.#streamArn = streamArn
    this.shardId = shardId
    this.#start = start
    this.#after = after
    this.#clock = clock
  }

  /** Takes the position, so that with LATEST nothing that is put from now on is missed. */
  async open(): Promise<void> {
    const position: { ShardIteratorType: ShardIteratorType; StartingSequenceNumber?: string; Timestamp?: Date } =
      this.#after !== undefined
        ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: this.#after }
        : typeof this.#start === 'string'
          ? { ShardIteratorType: this.#start }
          : { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: this.#start.timestamp }
    try {
      const { ShardIterator } = await this.#client.send(
        new GetShardIteratorCommand({ StreamARN: this.#streamArn, ShardId: this.shardId, ...position }),
      )
      this.#iterator = ShardIterator
      // Should the iterator expire before a record came, the tip of that later moment would skip what was put in between.
      if (this.#start === 'LATEST') this.#start = { timestamp: new Date(this.#clock.now()) }
    } catch (error) {
      // The stream was made anew and does not know the checkpoint: read all that it has.
      if (this.#after === undefined || !(error instanceof InvalidArgumentException)) throw error
      this.#after = undefined
      const { ShardIterator } = await this.#client.send(
        new GetShardIteratorCommand({ StreamARN: this.#streamArn, ShardId: this.shardId, ShardIteratorType: 'TRIM_HORIZON' }),
      )
      this.#iterator = ShardIterator
    }
  }

  async next(limit: number, signal: AbortSignal): Promise<Page> {
    if (this.#iterator === undefined) await this.open()
    try {
      const command = new GetRecordsCommand({ ShardIterator: this.#iterator, Limit: limit, StreamARN: this.#streamArn })
      const answer = await this.#client.send(command, { abortSignal: signal })
      const records = (answer.Records ?? []).map(record => ({
        shardId: this.shardId,
        sequenceNumber: record.SequenceNumber ?? '',
        partitionKey: record.PartitionKey ?? '',
        data: record.Data ?? new Uint8Array(),
        arrivalMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
      }))
      this.#after = records.at(-1)?.sequenceNumber ?? this.#after
      this.#iterator = answer.NextShardIterator
      return { records, behindMs: answer.MillisBehindLatest ?? 0, ended: answer.NextShardIterator === undefined }
    } catch (error) {
      if (!(error instanceof ExpiredIteratorException)) throw error
      await this.open()
      return { records: [], behindMs: 1, ended: false }
    }
  }
}
