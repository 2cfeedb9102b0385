import type { Condition } from './batch.ts'
import type { KinesisEvent, SourceRecord } from './event.ts'

/**
 * What Lambda writes to an S3 on-failure destination: metadata and, for S3 only, the whole event as a JSON text in `payload`
 * (AWS: "Retain discarded batch records for a Kinesis Data Streams event source").
 */
export interface FailureRecord {
  requestContext: { requestId: string; functionArn: string; condition: Condition; approximateInvokeCount: number }
  /** Absent when the function was never reached. */
  responseContext?: { statusCode: number; executedVersion: string; functionError: string | null }
  version: '1.0'
  timestamp: string
  KinesisBatchInfo: {
    shardId: string
    startSequenceNumber: string
    endSequenceNumber: string
    approximateArrivalOfFirstRecord: string
    approximateArrivalOfLastRecord: string
    batchSize: number
    streamArn: string
  }
  payload: string
}

export interface Discarded {
  records: readonly SourceRecord[]
  condition: Condition
  invocations: number
  requestId: string
  functionArn: string
  streamArn: string
  /** Set when the last invocation threw; a partial response is no function error. */
  functionError: string | null
  event: KinesisEvent
  now: number
}

export function failureRecord({
  records,
  condition,
  invocations,
  requestId,
  functionArn,
  streamArn,
  functionError,
  event,
  now,
}: Discarded): FailureRecord {
  const first = records[0]
  const last = records.at(-1)
  const iso = (ms: number | undefined) => new Date(ms ?? now).toISOString()
  return {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: invocations },
    ...(invocations > 0 && { responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError } }),
    version: '1.0',
    timestamp: iso(now),
    KinesisBatchInfo: {
      shardId: first?.shardId ?? '',
      startSequenceNumber: first?.sequenceNumber ?? '',
      endSequenceNumber: last?.sequenceNumber ?? '',
      approximateArrivalOfFirstRecord: iso(first?.arrivalMs),
      approximateArrivalOfLastRecord: iso(last?.arrivalMs),
      batchSize: records.length,
      streamArn,
    },
    payload: JSON.stringify(event),
  }
}

/** The object key that Lambda gives such a record. */
export function failureKey(mappingId: string, shardId: string, now: number, uuid: string): string {
  const [date = '', time = ''] = new Date(now).toISOString().slice(0, 19).split('T')
  return `aws/lambda/${mappingId}/${shardId}/${date.replaceAll('-', '/')}/${date}T${time.replaceAll(':', '.')}-${uuid}`
}
