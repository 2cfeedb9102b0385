import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3'
import { decode } from './decode.ts'
import { describe } from './errors.ts'
import type { Origin, Quarantined } from './event.ts'
import { receivedRow } from './ledger/make.ts'
import { redactBytes } from './normalize.ts'
import type { Parts } from './pipeline.ts'

/** The event source mapping's on-failure destination: the batches that Lambda gave up on, whole. */
export interface OnFailure {
  /** Moves what is there into quarantine, until the deadline; the number of objects moved. */
  collect(deadline: number): Promise<number>
}

const MAX_BYTES = 8 << 20 // an invocation record holds at most one payload of 6 MB and its metadata

type Needs = Pick<Parts, 'quarantine' | 'ledger' | 'redactText' | 'now' | 'log'>

/** Reads the on-failure bucket. What cannot be moved stays where it is: the next tick tries again. */
export function createOnFailure(
  at: { readonly bucket: string; readonly prefix: string },
  parts: Needs,
  given?: S3Client,
): OnFailure {
  return {
    async collect(deadline) {
      const { S3Client: Client, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3')
      const client = given ?? new Client({})
      let moved = 0
      let token: string | undefined
      do {
        const page: ListObjectsV2CommandOutput = await client.send(
          new ListObjectsV2Command({ Bucket: at.bucket, Prefix: at.prefix, ...(token ? { ContinuationToken: token } : {}) }),
        )
        for (const { Key, Size } of page.Contents ?? []) {
          if (!Key || parts.now() >= deadline) return moved
          try {
            if ((Size ?? 0) > MAX_BYTES) throw new Error(`the object is ${Size} bytes, more than an invocation record can be`)
            const object = await client.send(new GetObjectCommand({ Bucket: at.bucket, Key }))
            await quarantineFailure(Key, (await object.Body?.transformToByteArray()) ?? new Uint8Array(), parts)
            await client.send(new DeleteObjectCommand({ Bucket: at.bucket, Key }))
            moved++
          } catch (error) {
            parts.log.error({ key: Key, error: describe(error) }, 'an on-failure object could not be moved into quarantine')
          }
        }
        token = page.NextContinuationToken
      } while (token)
      return moved
    },
  }
}

/** Puts each record of an invocation record into quarantine by itself, masked where it is text, and counts it. */
export async function quarantineFailure(key: string, bytes: Uint8Array, parts: Needs): Promise<void> {
  for (const item of fromInvocationRecord(key, bytes, parts.now())) {
    await parts.quarantine.put({ ...item, bytes: redactBytes(item.bytes, parts.redactText) })
    await parts.ledger.record([receivedRow(item.origin, { received: item.records }, 0, item.records, 0)])
  }
}

/**
 * The inputs of an invocation record: metadata, and under `payload` the event as it was sent, as text (AWS Lambda, "Retain discarded batch
 * records for a Kinesis Data Streams event source"). What is no such record is one entry, as it is.
 */
export function fromInvocationRecord(key: string, bytes: Uint8Array, now: number): Quarantined[] {
  const origin = (stream: string, id: string, arrival: number, accounts: string[] = []): Origin => ({
    stream,
    id,
    arrival,
    accounts,
    sources: [],
  })
  try {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as InvocationRecord
    const event = JSON.parse(record.payload) as InvocationEvent
    return event.Records.map(({ eventID, eventSourceARN, kinesis }) => {
      const stream = eventSourceARN.split('/')[1] ?? ''
      const account = eventSourceARN.split(':')[4] ?? ''
      const at = origin(stream, `${stream}/${eventID}`, Math.round(kinesis.approximateArrivalTimestamp * 1000), [account])
      const data = Buffer.from(kinesis.data, 'base64')
      return {
        origin: at,
        reason: 'on-failure',
        detail: `the event source mapping gave up on its batch: ${record.requestContext.condition}`,
        bytes: data,
        records: Math.max(1, decode({ origin: at, bytes: data }).received),
      }
    })
  } catch {
    const detail = 'an object in the on-failure bucket that is no invocation record'
    return [
      { origin: origin('on-failure', `on-failure/${key}`.slice(0, 256), now), reason: 'on-failure', detail, bytes, records: 1 },
    ]
  }
}

interface InvocationRecord {
  readonly requestContext: { readonly condition: string }
  readonly payload: string
}

interface InvocationEvent {
  readonly Records: readonly {
    readonly eventID: string
    readonly eventSourceARN: string
    readonly kinesis: { readonly data: string; readonly approximateArrivalTimestamp: number }
  }[]
}
