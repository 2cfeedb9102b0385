/** One record as the mapping holds it. `data` is what the producer put; `arrivalMs` is Kinesis' own time of arrival. */
export interface SourceRecord {
  shardId: string
  sequenceNumber: string
  partitionKey: string
  data: Uint8Array
  arrivalMs: number
}

/** A record in the event that Lambda sends for Kinesis (AWS: "Using Lambda to process records from Kinesis Data Streams"). */
export interface KinesisEventRecord {
  kinesis: {
    kinesisSchemaVersion: '1.0'
    partitionKey: string
    sequenceNumber: string
    /** Base64. */
    data: string
    /** Seconds since the epoch, with milliseconds. */
    approximateArrivalTimestamp: number
  }
  eventSource: 'aws:kinesis'
  eventVersion: '1.0'
  eventID: string
  eventName: 'aws:kinesis:record'
  invokeIdentityArn: string
  awsRegion: string
  eventSourceARN: string
}

export interface KinesisEvent {
  Records: KinesisEventRecord[]
}

/** Where an event comes from and on whose behalf. */
export interface EventSource {
  streamArn: string
  region: string
  /** The function's role. */
  roleArn: string
}

export const kinesisEvent = (records: readonly SourceRecord[], { streamArn, region, roleArn }: EventSource): KinesisEvent => ({
  Records: records.map(({ shardId, sequenceNumber, partitionKey, data, arrivalMs }) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      approximateArrivalTimestamp: Math.round(arrivalMs) / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: roleArn,
    awsRegion: region,
    eventSourceARN: streamArn,
  })),
})

/** About what a record takes in the event: its data in base64 and the fields around it. */
export const eventBytes = ({ data, partitionKey }: SourceRecord): number =>
  Math.ceil(data.length / 3) * 4 + partitionKey.length + 600
