import { isObject } from '../json.ts'
import { compareSequence } from '../kinesis/sequence.ts'

/** What a function's return value says about a batch. `from` is the index of the first record to be retried. */
export type Judgement = { kind: 'success' } | { kind: 'failure' } | { kind: 'partial'; from: number }

/**
 * Reads a partial batch response (AWS: "Configuring partial batch response with Kinesis Data Streams and Lambda").
 *
 * Success: an empty or null batchItemFailures, an empty or null response. Failure: an empty or null itemIdentifier, one under another
 * name, or one that is not in the batch. Otherwise the lowest sequence number is where the batch is taken up again, whatever else was
 * named. What AWS leaves open (a response that is no object, batchItemFailures that is no list) counts as failure here.
 */
export function judge(response: unknown, sequenceNumbers: readonly string[]): Judgement {
  if (response === undefined || response === null || response === '') return { kind: 'success' }
  if (!isObject(response)) return { kind: 'failure' }
  const failures = response['batchItemFailures']
  if (failures === undefined || failures === null) return { kind: 'success' }
  if (!Array.isArray(failures)) return { kind: 'failure' }
  const indexes = new Map(sequenceNumbers.map((sequenceNumber, index) => [sequenceNumber, index]))
  let lowest: string | undefined
  for (const item of failures) {
    const identifier: unknown = isObject(item) ? item['itemIdentifier'] : undefined
    if (typeof identifier !== 'string' || !indexes.has(identifier)) return { kind: 'failure' }
    if (lowest === undefined || compareSequence(identifier, lowest) < 0) lowest = identifier
  }
  return lowest === undefined ? { kind: 'success' } : { kind: 'partial', from: indexes.get(lowest) ?? 0 }
}
