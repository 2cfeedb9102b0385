import type { Listener } from '../host/host.ts'
import type { Message as Request } from '../http-message.ts'
import { serve } from '../http-server.ts'
import { isManagedInstance } from '../lambda-api.ts'
import type { Recording } from '../signals/signal.ts'
import { type Answer, written } from './answer.ts'
import { Refused } from './bounds.ts'
import { decodeJson } from './json.ts'
import { LOGS, type Message, METRICS, TRACES } from './messages.ts'
import { decodeProtobuf } from './protobuf.ts'
import { type Item, itemsOf, type Kind, LOG, METRIC, place, SPAN } from './records.ts'

/** Where SDKs send OTLP over HTTP unless they are told another place (OTLP specification). */
export const PORT = 4318
const PATHS: Readonly<Record<string, readonly [Kind, Message]>> = {
  '/v1/logs': [LOG, LOGS],
  '/v1/traces': [SPAN, TRACES],
  '/v1/metrics': [METRIC, METRICS],
}
/** What a gzipped body may become, bytes. */
const MAX_INFLATED = 4 * 1024 * 1024
/** With less of the buffer free than this, the rest is for what the platform says and for what the function prints. */
const FULL = 0.75
/** Seconds until there is room again: on Managed Instances a flush comes every 10 s. */
const RETRY_SECONDS = 10
/** google.rpc.Code: INVALID_ARGUMENT, UNAVAILABLE. */
const INVALID = 3
const UNAVAILABLE = 14

/**
 * Takes OTLP over HTTP from the function's own SDK: each log record, span and metric becomes one record, redacted, and is in the buffer when the
 * answer goes out. Never throws: without the port the function's exporter finds nobody, as it would without Weir. `port` is for tests.
 *
 * Where the sandbox freezes between invocations, no answer asks the exporter to come again: it would wait for room that is not made before the
 * invocation ends, and so hold the invocation. What is not taken is told as a partial success and counted.
 */
export async function listenForOtlp(to: Recording, port = PORT): Promise<Listener | undefined> {
  try {
    const { gunzipSync } = await import('node:zlib')
    const inflate = (bytes: Uint8Array) => gunzipSync(bytes, { maxOutputLength: MAX_INFLATED })
    const fault = (kind: string) => to.counters.fault(`otlp:${kind}`)
    return await serve(
      to.host,
      '127.0.0.1',
      (request, connection) => connection.write(written(reply(request, inflate, to), request)),
      fault,
      port,
    )
  } catch {
    to.counters.fault('otlp:listen')
    return undefined
  }
}

type Inflate = (bytes: Uint8Array) => Uint8Array

/** `application/x-protobuf`, `application/json`, or ''. An answer is in the encoding of its request. */
function encodingOf({ headers }: Request): 'protobuf' | 'json' | '' {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  return type === 'application/x-protobuf' ? 'protobuf' : type === 'application/json' ? 'json' : ''
}

function reply(request: Request, inflate: Inflate, to: Recording): Answer {
  const [method = '', target = ''] = request.start.split(' ')
  const path = target.split('?')[0] ?? ''
  const known = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined
  const encoding = encodingOf(request)
  const refuse = (status: number, message: string): Answer => {
    to.counters.drop('otlp-refused', 1, request.bytes)
    return failure(encoding, status, INVALID, message)
  }
  if (!known) return failure(encoding, 404, INVALID, 'expected /v1/logs, /v1/traces or /v1/metrics')
  if (method !== 'POST') return failure(encoding, 405, INVALID, 'expected POST')
  if (request.overflow) return refuse(413, 'body too large')
  if (encoding === '') return refuse(415, 'expected application/x-protobuf or application/json')
  if (isManagedInstance(to.config) && isFull(to))
    return { ...failure(encoding, 503, UNAVAILABLE, WHY['buffer-full']), retryAfter: RETRY_SECONDS }
  try {
    const [kind, message] = known
    const body = unpacked(request, inflate)
    const { rejected, reason } = record(kind, (encoding === 'json' ? decodeJson : decodeProtobuf)(body, message), to)
    return success(encoding, kind, rejected, reason)
  } catch (error) {
    if (error instanceof Refused) return refuse(error.status, error.message)
    to.counters.fault('otlp:internal')
    return refuse(400, 'internal error')
  }
}

function unpacked({ headers, body }: Request, inflate: Inflate): Uint8Array {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity' || coding === '') return body
  if (coding !== 'gzip') throw new Refused(415, 'expected gzip or no content encoding')
  try {
    return inflate(body)
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLarge ? new Refused(413, 'body too large') : new Refused(400, 'not gzip')
  }
}

const isFull = ({ counters }: Recording): boolean => counters.waiting.share > FULL

/** Why an item is not taken, as it is counted and as the exporter is told. */
const WHY = { 'buffer-full': 'the buffer is full', 'over-budget': 'over the budget', 'otlp-refused': 'internal error' } as const

/** Records what there is room for, and what the load allows. */
function record(kind: Kind, request: Record<string, unknown>, to: Recording): { rejected: number; reason: string } {
  let rejected = 0
  let reason = ''
  for (const item of itemsOf(request, kind)) {
    const isOver = to.load === 'summaries' || to.load === 'counts'
    const why = isOver ? 'over-budget' : isFull(to) ? 'buffer-full' : keep(kind, item, to)
    if (why === undefined) continue
    to.counters.drop(why, 1, 0)
    rejected += item.weight
    reason = WHY[why]
  }
  return { rejected, reason }
}

/** A bug of ours costs one item. */
function keep({ signal }: Kind, item: Item, to: Recording): 'otlp-refused' | undefined {
  try {
    to.json(signal, item.body, 'log', place(item, to))
    return undefined
  } catch {
    to.counters.fault('otlp:internal')
    return 'otlp-refused'
  }
}

function success(encoding: 'protobuf' | 'json' | '', { rejected: name }: Kind, rejected: number, reason: string): Answer {
  if (encoding === 'json')
    return json(200, rejected > 0 ? { partialSuccess: { [name]: String(rejected), errorMessage: reason } } : {})
  const partial = Buffer.concat([varintField(1, rejected), textField(2, reason)])
  return protobuf(200, rejected > 0 ? lengthField(1, partial) : Buffer.alloc(0))
}

/** A `google.rpc.Status`, as the specification asks for with every error. */
function failure(encoding: 'protobuf' | 'json' | '', status: number, code: number, message: string): Answer {
  if (encoding !== 'protobuf') return json(status, { code, message })
  return protobuf(status, Buffer.concat([varintField(1, code), textField(2, message)]))
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: Buffer.from(JSON.stringify(value)),
})
const protobuf = (status: number, body: Uint8Array): Answer => ({ status, type: 'application/x-protobuf', body })

/** Protobuf: a number, a text and bytes, each with its field's tag. */
const varintField = (field: number, value: number): Uint8Array => Buffer.from([field << 3, ...varint(value)])
const textField = (field: number, text: string): Uint8Array => lengthField(field, Buffer.from(text))
const lengthField = (field: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes])

function varint(value: number): number[] {
  const bytes: number[] = []
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80)
  bytes.push(left)
  return bytes
}
