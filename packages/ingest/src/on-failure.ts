import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3'
import type { Log } from './observe.ts'
import { describe } from './pipeline.ts'
import type { Quarantine } from './spool/spool.ts'

/** The event source mapping's on-failure destination: the batches that Lambda gave up on, whole. */
export interface OnFailure {
  /** Moves what is there into quarantine, until the deadline; the number of objects moved. */
  collect(deadline: number): Promise<number>
}

const MAX_BYTES = 8 << 20 // an invocation record holds at most one payload of 6 MB and its metadata

/**
 * Reads the on-failure bucket. An object is an invocation record: metadata, and under `payload` the event as it was sent
 * (AWS Lambda, "Capturing discarded batches for a Kinesis event source": S3 destinations get the whole invocation record).
 */
export function createOnFailure(
  at: { readonly bucket: string; readonly prefix: string },
  quarantine: Pick<Quarantine, 'put'>,
  around: { readonly now: () => number; readonly log: Log; readonly client?: S3Client },
): OnFailure {
  return {
    async collect(deadline) {
      const { S3Client: Client, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3')
      const client = around.client ?? new Client({})
      let moved = 0
      let token: string | undefined
      do {
        const page: ListObjectsV2CommandOutput = await client.send(
          new ListObjectsV2Command({ Bucket: at.bucket, Prefix: at.prefix, ...(token ? { ContinuationToken: token } : {}) }),
        )
        for (const { Key, Size } of page.Contents ?? []) {
          if (!Key || around.now() >= deadline) return moved
          try {
            if ((Size ?? 0) > MAX_BYTES) throw new Error(`the object is ${Size} bytes, more than an invocation record can be`)
            const object = await client.send(new GetObjectCommand({ Bucket: at.bucket, Key }))
            const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array()
            await quarantine.put(fromInvocationRecord(Key, bytes, around.now()))
            await client.send(new DeleteObjectCommand({ Bucket: at.bucket, Key }))
            moved++
          } catch (error) {
            // Left where it is: the next tick tries again, and the bucket's alarm counts it.
            around.log.error({ key: Key, error: describe(error) }, 'an on-failure object could not be moved into quarantine')
          }
        }
        token = page.NextContinuationToken
      } while (token)
      return moved
    },
  }
}

/** The quarantine entry of an invocation record; what cannot be read of it is kept all the same. */
export function fromInvocationRecord(key: string, bytes: Uint8Array, now: number): Parameters<Quarantine['put']>[0] {
  let records = 1
  let condition = 'unknown condition'
  let stream = 'on-failure'
  try {
    const text = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      requestContext?: { condition?: string }
      KinesisBatchInfo?: { batchSize?: number; streamArn?: string }
    }
    records = text.KinesisBatchInfo?.batchSize ?? records
    condition = text.requestContext?.condition ?? condition
    stream = text.KinesisBatchInfo?.streamArn?.split('/')[1] ?? stream
  } catch {
    condition = 'not an invocation record'
  }
  return {
    origin: { stream, id: `on-failure:${key}`, arrival: now, accounts: [], sources: [] },
    reason: 'on-failure',
    detail: `the event source mapping gave up on a batch: ${condition}`,
    bytes,
    records,
  }
}
