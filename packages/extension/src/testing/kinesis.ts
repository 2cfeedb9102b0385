import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Batch, decodeBatch } from '@weir/schema'
import type { Certified } from './certificate.ts'

export const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
export const STREAM_ARN = 'arn:aws:kinesis:eu-central-1:123456789012:stream/weir'

interface Put {
  readonly entries: readonly { readonly Data: string; readonly PartitionKey: string }[]
  readonly raw: string
}
type Answer = (put: Put, response: ServerResponse) => void

/** A stream that accepts PutRecords as the service does, checking each call, and answers as the test says. */
export interface FakeKinesis {
  readonly url: string
  readonly port: number
  /** Every call that came, whether accepted or not. */
  readonly puts: Put[]
  /** What was acknowledged, decoded, in order. */
  readonly batches: Batch[]
  /** Why a call was not a proper PutRecords; empty when all were. */
  readonly complaints: string[]
  /** Answers for the next calls; afterwards `otherwise`, or acceptance. */
  answers: Answer[]
  otherwise: Answer | undefined
  /** How many connections have brought a call. */
  readonly connections: number
  /** Ends the sockets that are open, as an idle timeout of the service does. */
  hangUp(): void
  close(): Promise<void>
}

export const accept: Answer = (put, response) =>
  reply(
    response,
    200,
    results(put, () => undefined),
  )
export const refuse =
  (status: number, type: string): Answer =>
  (_, response) =>
    reply(response, status, { __type: type, message: 'no' })
/** Fails the entries whose index `fails` names. */
export const partly =
  (fails: (index: number) => boolean, code = 'ProvisionedThroughputExceededException'): Answer =>
  (put, response) =>
    reply(
      response,
      200,
      results(put, index => (fails(index) ? code : undefined)),
    )

const reply = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(body))
}

function results({ entries }: Put, code: (index: number) => string | undefined) {
  const Records = entries.map((_, index) => {
    const error = code(index)
    return error
      ? { ErrorCode: error, ErrorMessage: 'slow down' }
      : { SequenceNumber: String(index + 1), ShardId: 'shardId-000000000000' }
  })
  return { FailedRecordCount: Records.filter(each => 'ErrorCode' in each).length, Records }
}

/** Over TLS, as `https://localhost:<port>`, where a certificate is given. */
export async function startKinesis(tls?: Certified): Promise<FakeKinesis> {
  const connections = new Set<unknown>()
  const listener: RequestListener = (request, response) => {
    connections.add(request.socket)
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const complaint = complain(request, body)
      if (complaint) fake.complaints.push(complaint)
      const parsed = JSON.parse(body.toString()) as { Records: Put['entries'] }
      const put = { entries: parsed.Records, raw: body.toString() }
      fake.puts.push(put)
      const answer = fake.answers.shift() ?? fake.otherwise ?? accept
      const sent = response.end.bind(response)
      response.end = ((text: string) => {
        if (response.statusCode === 200) keep(put, text)
        return sent(text)
      }) as typeof response.end
      answer(put, response)
    })
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  const keep = (put: Put, text: string) => {
    let answered: { Records?: { SequenceNumber?: string }[] } = {}
    try {
      answered = JSON.parse(text) as typeof answered
    } catch {}
    put.entries.forEach((each, index) => {
      if (answered.Records?.[index]?.SequenceNumber) fake.batches.push(decodeBatch(Buffer.from(each.Data, 'base64')))
    })
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const fake: FakeKinesis = {
    url: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    port,
    puts: [],
    batches: [],
    complaints: [],
    answers: [],
    otherwise: undefined,
    get connections() {
      return connections.size
    },
    hangUp: () => server.closeAllConnections(),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

/** What the service would refuse, signature included, worked out here anew. */
function complain(request: IncomingMessage, body: Buffer): string | undefined {
  const { headers } = request
  if (request.method !== 'POST' || request.url !== '/') return 'not POST /'
  if (headers['x-amz-target'] !== 'Kinesis_20131202.PutRecords') return 'target'
  if (headers['content-type'] !== 'application/x-amz-json-1.1') return 'content type'
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kinesis\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
  const [, keyId, day = '', region = '', names = '', signature] = form.exec(headers.authorization ?? '') ?? []
  if (keyId !== KEYS.AWS_ACCESS_KEY_ID) return 'authorization'
  if (!['host', 'x-amz-date', 'x-amz-target', 'content-type'].every(each => names.split(';').includes(each)))
    return 'signed headers'
  const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
  const mac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
  const lines = names.split(';').map(name => `${name}:${String(headers[name])}\n`)
  const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${hash(body)}`
  const toSign = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${day}/${region}/kinesis/aws4_request\n${hash(canonical)}`
  const key = mac(mac(mac(mac(`AWS4${KEYS.AWS_SECRET_ACCESS_KEY}`, day), region), 'kinesis'), 'aws4_request')
  if (mac(key, toSign).toString('hex') !== signature) return 'signature'
  const { StreamARN, Records } = JSON.parse(body.toString()) as {
    StreamARN?: string
    Records?: { Data: string; PartitionKey: string }[]
  }
  if (StreamARN !== STREAM_ARN) return 'stream'
  if (!Records || Records.length === 0 || Records.length > 500) return 'number of records'
  const sizes = Records.map(each => Buffer.from(each.Data, 'base64').length + Buffer.byteLength(each.PartitionKey))
  if (sizes.some(each => each > 1_048_576)) return 'record too large'
  if (sizes.reduce((sum, each) => sum + each, 0) > 5_242_880) return 'call too large'
  return undefined
}
