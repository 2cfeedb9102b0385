import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3'
import { SpoolError } from '../errors.ts'
import { type Blobs, checkFolder, clampTime } from './blobs.ts'

export interface S3BlobsOptions {
  readonly bucket: string
  /** Begins every key; ends in a slash. */
  readonly prefix: string
  /** Default: one of the AWS SDK's own, loaded on first use. */
  readonly client?: S3Client
}

const SUFFIX = '.ndjson.gz'
const NAME = /^(?:[a-z0-9][a-z0-9-]{0,62}\/)?\d{4}\/\d\d\/\d\d\/\d\d\/[0-9a-f]{32}$/
const MAX_PAGES = 10 // of 1,000 keys, ListObjectsV2's page

/**
 * Blobs as S3 objects: `<prefix><folder>/<yyyy>/<mm>/<dd>/<hh>/<hash>.ndjson.gz`. The same bytes put twice within an hour are one object.
 * Encryption is the bucket's default. Permissions: s3:PutObject, s3:GetObject, s3:DeleteObject on the prefix, s3:ListBucket for it.
 */
export function s3Blobs({ bucket, prefix, client }: S3BlobsOptions): Blobs {
  let loaded: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); s3: S3Client }> | undefined
  const load = () => {
    loaded ??= import('@aws-sdk/client-s3').then(sdk => ({
      sdk,
      s3:
        client ??
        new sdk.S3Client({ requestHandler: { connectionTimeout: 3_000, requestTimeout: 15_000, throwOnRequestTimeout: true } }),
    }))
    return loaded
  }
  const keyOf = (name: string): string => {
    if (!NAME.test(name)) throw new SpoolError('an entry is named by what list answered')
    return `${prefix}${name}${SUFFIX}`
  }

  return {
    async put(folder, at, hash, bytes) {
      const name = `${checkFolder(folder)}${hour(at)}/${hash}`
      const { sdk, s3 } = await load()
      await guarded(`s3://${bucket}/${prefix}`, () =>
        s3.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: keyOf(name), Body: bytes, ContentType: 'application/gzip' })),
      )
      return name
    },

    async list(folder, limit) {
      const within = `${prefix}${checkFolder(folder)}`
      const { sdk, s3 } = await load()
      const found: { name: string; hour: string; modified: number }[] = []
      let token: string | undefined
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer: ListObjectsV2CommandOutput = await guarded(`s3://${bucket}/${prefix}`, () =>
          s3.send(
            new sdk.ListObjectsV2Command({
              Bucket: bucket,
              Prefix: within,
              ...(token !== undefined && { ContinuationToken: token }),
            }),
          ),
        )
        for (const { Key = '', LastModified } of answer.Contents ?? []) {
          const name = Key.slice(prefix.length, -SUFFIX.length)
          if (NAME.test(name)) found.push({ name, hour: name.slice(0, -33), modified: LastModified?.getTime() ?? 0 })
        }
        token = answer.NextContinuationToken
        // Keys come in the order of hours, and within an hour in that of hashes: an hour is sorted only when all of it is here.
        if (token === undefined || (found.length > limit && found.at(-1)?.hour !== found[limit - 1]?.hour)) break
      }
      found.sort((a, b) => (a.hour < b.hour ? -1 : a.hour > b.hour ? 1 : a.modified - b.modified || (a.name < b.name ? -1 : 1)))
      return found.slice(0, limit).map(({ name }) => name)
    },

    async get(name) {
      const { sdk, s3 } = await load()
      const key = keyOf(name)
      return guarded(`s3://${bucket}/${key}`, async () => {
        const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }))
        return (await Body?.transformToByteArray()) ?? new Uint8Array()
      })
    },

    async remove(name) {
      const { sdk, s3 } = await load()
      const key = keyOf(name)
      await guarded(`s3://${bucket}/${key}`, () => s3.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key })))
    },
  }
}

/** 2026/11/22/04, in UTC. */
const hour = (at: number): string => new Date(clampTime(at)).toISOString().slice(0, 13).replace(/[-T]/g, '/')

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SpoolError) throw error
    const name = error instanceof Error ? error.name : 'unknown error'
    throw new SpoolError(name === 'NoSuchKey' ? `${what}: is gone` : `${what}: cannot be used (${name})`, { cause: error })
  }
}
