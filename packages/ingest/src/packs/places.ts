import { createHash } from 'node:crypto'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { ConfigError } from '../errors.ts'

/** Where pointer and packs lie. Names are relative: `current.json`, `<sha256>.json`. */
export interface PackPlace {
  readonly name: string
  /** Undefined when there is none. Throws when it cannot be read, or is larger than `limit`. */
  read(file: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Writes it whole or not at all. */
  write(file: string, text: string): Promise<void>
}

/** `s3://bucket/prefix`, in its parts; undefined for anything else. */
export function bucketOf(at: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.'()/-]*?))?\/*$/.exec(at) ?? []
  return bucket === undefined ? undefined : { bucket, prefix }
}

/** Where packs lie by what the config says: `s3://bucket/prefix` or a folder. `client` is for tests. Throws ConfigError for another URL. */
export function packPlace(at: string, client?: S3Client): PackPlace {
  const s3 = bucketOf(at)
  if (s3) return bucket(s3, client)
  if (/^[a-z0-9]+:\/\//i.test(at)) throw new ConfigError(`expected s3://BUCKET/PREFIX or a folder, got "${at}"`)
  return folder(at)
}

function folder(path: string): PackPlace {
  return {
    name: path,
    async read(file, limit) {
      const handle = await open(join(path, file)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
      if (!handle) return undefined
      try {
        checkSize(file, (await handle.stat()).size, limit)
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    },
    async write(file, text) {
      await mkdir(path, { recursive: true })
      const part = join(path, `.${file}.${process.pid}`)
      await writeFile(part, text)
      await rename(part, join(path, file))
    },
  }
}

/** Permissions: s3:GetObject, and s3:PutObject to publish, on the prefix; s3:ListBucket, without which what is not there is forbidden instead. */
function bucket({ bucket: name, prefix }: { readonly bucket: string; readonly prefix: string }, given?: S3Client): PackPlace {
  let loaded: Promise<{ readonly sdk: typeof import('@aws-sdk/client-s3'); readonly client: S3Client }> | undefined
  const load = () =>
    (loaded ??= import('@aws-sdk/client-s3').then(sdk => ({ sdk, client: given ?? new sdk.S3Client({ maxAttempts: 2 }) })))
  const keyOf = (file: string): string => (prefix ? `${prefix}/${file}` : file)
  return {
    name: `s3://${name}/${prefix}`.replace(/\/$/, ''),
    async read(file, limit, signal) {
      const { sdk, client } = await load()
      try {
        const { ContentLength = 0, Body } = await client.send(new sdk.GetObjectCommand({ Bucket: name, Key: keyOf(file) }), {
          abortSignal: signal,
        })
        checkSize(file, ContentLength, limit)
        return (await Body?.transformToByteArray()) ?? new Uint8Array()
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) return undefined
        throw error
      }
    },
    async write(file, text) {
      const { sdk, client } = await load()
      const ChecksumSHA256 = createHash('sha256').update(text).digest('base64') // S3 refuses other bytes
      await client.send(
        new sdk.PutObjectCommand({ Bucket: name, Key: keyOf(file), Body: text, ContentType: 'application/json', ChecksumSHA256 }),
      )
    },
  }
}

function checkSize(file: string, size: number, limit: number): void {
  if (size > limit) throw new ConfigError(`${file} has ${size} bytes, more than the ${limit} that are taken`)
}
