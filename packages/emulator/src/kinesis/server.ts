import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock, type Clock } from '../clock.ts'
import { listen, patientServer, readBody, stop } from '../http.ts'
import { isObject, parseJson } from '../json.ts'
import { KinesisError } from './errors.ts'
import type { CallFault, KinesisFaults } from './faults.ts'
import { Iterators } from './iterator.ts'
import { OPERATIONS, recordsOf, streamArn, type Kinesis } from './operations.ts'
import type { StoredRecord } from './shard.ts'
import { verifySignature, type Credentials } from './sigv4.ts'

export interface KinesisOptions {
  /** Streams to create at once, by name, with their number of shards. */
  streams?: Readonly<Record<string, number>>
  region?: string
  account?: string
  /** 0 takes a free port. */
  port?: number
  /** Whose signatures are accepted (default `test`/`test`); `false` only asks for a header with the right scope. */
  credentials?: Credentials | false
  faults?: KinesisFaults
  /** The per-shard rates: 1 MiB and 1,000 records in, 2 MiB and 5 calls out, each second. Default true. */
  throttle?: boolean
  /** How long a new stream stays CREATING. Default 0. */
  createStreamMs?: number
  /** Data held per stream before the oldest goes. Default 256 MiB. */
  maxBytesPerStream?: number
  /** Moves arrival times, retention, rates and iterator expiry. */
  clock?: Pick<Clock, 'now'>
  /** Judges the age of a signature, which a client takes from its own clock. */
  signatureClock?: Pick<Clock, 'now'>
}

export interface KinesisServer {
  /** `http://127.0.0.1:<port>`. Speaks HTTP/1.1: give an SDK client a `NodeHttpHandler`, because its default is HTTP/2. */
  readonly endpoint: string
  readonly region: string
  /** May be changed while the server runs. */
  readonly faults: KinesisFaults
  arn(stream: string): string
  /** What the stream still holds, by arrival; empty when there is no such stream. */
  records(stream: string): readonly StoredRecord[]
  /** Records that retention or the memory bound took away. */
  trimmed(stream: string): number
  /** Calls answered so far, by operation. */
  readonly calls: ReadonlyMap<string, number>
  close(): Promise<void>
}

/** 10 MiB of data in base64, and 500 partition keys and hash keys around it. */
const MAX_BODY = 16 * 1024 * 1024
const TARGET = /^Kinesis_20131202\.([A-Za-z]+)$/
const CONTENT_TYPE = 'application/x-amz-json-1.1'

/** Starts an embedded Kinesis Data Streams on loopback. What it leaves out is in the package's README. */
export async function startKinesis(options: KinesisOptions = {}): Promise<KinesisServer> {
  const {
    region = 'us-east-1',
    account = '123456789012',
    credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
  } = options
  const clock = options.clock ?? systemClock
  const signatureClock = options.signatureClock ?? systemClock
  const kinesis: Kinesis = {
    region,
    account,
    streams: new Map(),
    iterators: new Iterators(randomBytes(32)),
    faults: options.faults ?? {},
    now: () => clock.now(),
    throttle: options.throttle ?? true,
    createStreamMs: options.createStreamMs ?? 0,
    maxBytesPerStream: options.maxBytesPerStream ?? 256 * 1024 * 1024,
  }
  for (const [StreamName, ShardCount] of Object.entries(options.streams ?? {}))
    OPERATIONS['CreateStream']?.(kinesis, { StreamName, ShardCount })
  const calls = new Map<string, number>()
  const pauses = new Set<NodeJS.Timeout>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY)
    if (!body) throw new KinesisError('RequestEntityTooLargeException', 'The request body is larger than Kinesis takes.', 413)
    const { method = '', url = '/', headers } = request
    if (method !== 'POST')
      throw new KinesisError('AccessDeniedException', 'Unable to determine service/operation name to be authorized', 403)
    const name = TARGET.exec(String(headers['x-amz-target'] ?? ''))?.[1] ?? ''
    const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
    if (!headers['content-type']?.startsWith(CONTENT_TYPE))
      throw new KinesisError('UnknownOperationException', `This emulator speaks ${CONTENT_TYPE} only.`, 404)
    verifySignature(
      { method, url, headers, body },
      { service: 'kinesis', region, credentials: credentials || undefined, now: signatureClock.now() },
    )
    if (!operation) throw new KinesisError('UnknownOperationException', '')
    calls.set(name, (calls.get(name) ?? 0) + 1)

    const fault = kinesis.faults.call?.(name)
    if (fault && fault.kind !== 'delay' && !fault.after) return suffer(fault, response)
    if (fault?.kind === 'delay') await pause(fault.ms)
    const input = parseJson(body.toString('utf8'))
    if (!isObject(input)) throw new KinesisError('SerializationException', 'The body is not a JSON object.')
    const output = operation(kinesis, input)
    if (fault && fault.kind !== 'delay') return suffer(fault, response)
    answer(response, 200, output)
  }

  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(() => {
        pauses.delete(timer)
        resolve()
      }, ms)
      pauses.add(timer)
    })

  const server = patientServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.destroyed) return
      const { type, message, status } =
        error instanceof KinesisError
          ? error
          : new KinesisError('InternalFailure', 'The emulator failed to handle the call.', 500)
      answer(response, status, { __type: type, message })
    })
  })
  const port = await listen(server, options.port)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    faults: kinesis.faults,
    calls,
    arn: name => streamArn(kinesis, name),
    records: name => {
      const stream = kinesis.streams.get(name)
      return stream ? recordsOf(stream) : []
    },
    trimmed: name => kinesis.streams.get(name)?.trimmed ?? 0,
    close: () => {
      for (const timer of pauses) clearTimeout(timer)
      return stop(server)
    },
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, {
    'x-amzn-requestid': randomUUID(),
    ...(text && { 'content-type': CONTENT_TYPE }),
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

function suffer(fault: Exclude<CallFault, { kind: 'delay' }>, response: ServerResponse): void {
  if (fault.kind === 'reset') response.socket?.resetAndDestroy()
  else if (fault.kind === 'error')
    answer(response, fault.status ?? 400, { __type: fault.type, message: fault.message ?? fault.type })
}
