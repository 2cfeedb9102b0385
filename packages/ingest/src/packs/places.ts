import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { PackPlace } from './follow.ts'

/** Where packs lie by what the config says: `s3://bucket/prefix` or a folder. */
export function packPlace(at: string): PackPlace {
  const s3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(at)
  if (s3) return bucket(s3[1] ?? '', s3[2] ?? '')
  if (/^[a-z0-9]+:\/\//.test(at)) throw new ConfigError(`rules.pack: expected s3://BUCKET/PREFIX or a folder, got "${at}"`)
  return folder(at)
}

function folder(path: string): PackPlace {
  return {
    name: path,
    async read(file, limit) {
      const handle = await open(join(path, file))
      try {
        const { size } = await handle.stat()
        if (size > limit) throw new ConfigError(`${file} has ${size} bytes, more than the ${limit} that are taken`)
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    },
  }
}

function bucket(name: string, prefix: string): PackPlace {
  const load = lazily(async () => {
    const sdk = await import('@aws-sdk/client-s3')
    return { sdk, client: new sdk.S3Client({ maxAttempts: 1 }) }
  })
  return {
    name: `s3://${name}/${prefix}`.replace(/\/$/, ''),
    async read(file, limit, signal) {
      const { sdk, client } = await load()
      const key = prefix ? `${prefix}/${file}` : file
      const object = await client.send(new sdk.GetObjectCommand({ Bucket: name, Key: key }), { abortSignal: signal })
      if ((object.ContentLength ?? 0) > limit)
        throw new ConfigError(`${key} has ${object.ContentLength} bytes, more than the ${limit} that are taken`)
      return (await object.Body?.transformToByteArray()) ?? new Uint8Array()
    },
  }
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
