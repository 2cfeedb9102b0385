import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'

/** As much of S3 as a spool uses, on loopback, behind the real client. */
export interface FakeS3 {
  readonly client: S3Client
  readonly objects: ReadonlyMap<string, Uint8Array>
  put(key: string, bytes: Uint8Array): void
  /** Keys of one page of a list. */
  pageSize: number
  /** Answer everything with this error. */
  refuse: { readonly status: number; readonly code: string } | undefined
  close(): Promise<void>
}

export async function fakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Uint8Array>()
  const modified = new Map<string, number>()
  let clock = Date.UTC(2026, 10, 22)
  const put = (key: string, bytes: Uint8Array): void => {
    objects.set(key, bytes)
    modified.set(key, (clock += 1_000)) // S3 tells times by the second
  }
  const fail = (response: ServerResponse, status: number, code: string): void => {
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`)
  }
  const list = (query: URLSearchParams): string => {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('continuation-token') ?? ''
    const keys = [...objects.keys()].filter(key => key.startsWith(prefix) && key > after).toSorted()
    const page = keys.slice(0, fake.pageSize)
    const contents = page.map(
      key =>
        `<Contents><Key>${key}</Key><LastModified>${new Date(modified.get(key) ?? 0).toISOString()}</LastModified></Contents>`,
    )
    const more =
      keys.length > page.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1)}</NextContinuationToken>`
        : ''
    return `<?xml version="1.0"?><ListBucketResult>${more}${contents.join('')}</ListBucketResult>`
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (fake.refuse) return fail(response, fake.refuse.status, fake.refuse.code)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const key = decodeURIComponent(pathname.split('/').slice(2).join('/'))
    if (request.method === 'PUT') {
      put(key, Buffer.concat(chunks))
      response.end()
    } else if (request.method === 'DELETE') {
      objects.delete(key)
      response.writeHead(204).end()
    } else if (key === '') {
      response.writeHead(200, { 'content-type': 'application/xml' }).end(list(searchParams))
    } else {
      const bytes = objects.get(key)
      if (bytes) response.end(bytes)
      else fail(response, 404, 'NoSuchKey')
    }
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new S3Client({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const fake: FakeS3 = {
    client,
    objects,
    put,
    pageSize: 1_000,
    refuse: undefined,
    async close() {
      client.destroy()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return fake
}
