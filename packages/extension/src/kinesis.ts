import type { Stream } from './config.ts'
import { CredentialsError, type CredentialSource } from './credentials.ts'
import type { Host, Target } from './host/host.ts'
import { createClient, hostHeader, HttpError, type HttpErrorKind } from './http.ts'
import { createSigner } from './sigv4.ts'

/**
 * What to make of a failed call. `busy`: the stream is too slow, wait and send again. `refused`: a person must change something, hold.
 * `keys`: the credentials are stale, fetch new ones. `invalid`: the request itself is at fault, sending it again cannot help.
 */
export type PutFailure = 'busy' | 'refused' | 'keys' | 'invalid' | 'unreachable' | 'timeout' | 'nonsense'

/** A call that acknowledged nothing. `code` is a word fit for a counter, never text of the answer: that may echo what was sent. */
export class PutError extends Error {
  readonly failure: PutFailure
  readonly code: string
  constructor(failure: PutFailure, code: string) {
    super(`${failure}: ${code}`)
    this.failure = failure
    this.code = code
  }
}

export interface Entry {
  readonly data: Uint8Array
  readonly partitionKey: string
}

export interface Kinesis {
  /**
   * One PutRecords call. For each entry, in order: undefined when the stream has it, else the error's code. Throws PutError. `timeoutMs` bounds
   * the whole of it, a fetch of keys included.
   */
  put(entries: readonly Entry[], timeoutMs: number): Promise<(string | undefined)[]>
  /** Dials ahead: a call is to be expected. */
  open(): void
  /** Drops the socket and the fetched keys: after a restore both are another sandbox's. */
  forget(): void
}

/**
 * Errors of PutRecords (Kinesis API reference) and of every AWS API ("Common Errors"), without the `Exception` at their end. What is not listed goes
 * by its status: a stream that is gone, a key or an action that is not allowed are 400 and so `refused`.
 */
const FAILURES: Readonly<Record<string, PutFailure>> = {
  ProvisionedThroughputExceeded: 'busy',
  LimitExceeded: 'busy',
  KMSThrottling: 'busy',
  Throttling: 'busy',
  ExpiredToken: 'keys',
  InvalidSignature: 'keys',
  UnrecognizedClient: 'keys',
  InvalidArgument: 'invalid',
  Serialization: 'invalid',
  Validation: 'invalid',
}
const TRANSPORT: Readonly<Record<HttpErrorKind, PutFailure>> = {
  connect: 'unreachable',
  closed: 'unreachable',
  timeout: 'timeout',
  nonsense: 'nonsense',
}
const WORD = /^[A-Za-z]{1,64}$/

export function createKinesis(host: Host, stream: Stream, endpoint: Target, credentials: CredentialSource): Kinesis {
  const client = createClient(host, endpoint)
  const signer = createSigner(host, stream.region, 'kinesis')

  return {
    async put(entries, timeoutMs) {
      const until = host.now() + timeoutMs
      const body = serialize(stream, entries)
      const headers = {
        host: hostHeader(endpoint),
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecords',
      }
      try {
        const keys = await credentials.get(timeoutMs)
        const left = until - host.now()
        if (left <= 0) throw new PutError('timeout', 'timeout')
        const { host: _, ...sent } = { ...headers, ...signer.sign({ method: 'POST', path: '/', headers, body }, keys) }
        const answer = await client.request({ method: 'POST', path: '/', headers: sent, body, timeoutMs: left })
        if (answer.status !== 200) throw refusal(answer.status, answer.body, answer.headers.get('x-amzn-errortype'))
        return readResults(answer.body, entries.length)
      } catch (error) {
        if (error instanceof HttpError) throw new PutError(TRANSPORT[error.kind], error.kind)
        if (error instanceof CredentialsError) throw new PutError('keys', 'credentials')
        if (error instanceof PutError && error.failure === 'keys') credentials.forget()
        throw error
      }
    },
    open: () => client.open(),
    forget() {
      client.close()
      credentials.forget()
    },
  }
}

function serialize(stream: Stream, entries: readonly Entry[]): Uint8Array {
  const Records = entries.map(({ data, partitionKey }) => ({
    Data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    PartitionKey: partitionKey,
  }))
  return Buffer.from(JSON.stringify({ StreamARN: stream.arn, StreamName: stream.name, Records }))
}

function refusal(status: number, body: Uint8Array, header: string | undefined): PutError {
  const answer = parse(body)
  const type = typeof answer === 'object' && answer !== null ? Reflect.get(answer, '__type') : undefined
  const name = (typeof type === 'string' ? type : (header ?? '')).replace(/^.*#/, '').replace(/:.*$/, '')
  const code = WORD.test(name) ? name : `status-${status}`
  const known = code.replace(/Exception$/, '')
  return new PutError((Object.hasOwn(FAILURES, known) ? FAILURES[known] : undefined) ?? failureOf(status), code)
}

function failureOf(status: number): PutFailure {
  if (status === 429 || status >= 500) return 'busy'
  return status === 413 ? 'invalid' : status >= 400 ? 'refused' : 'nonsense'
}

/** Fails closed: an answer counts as an acknowledgement only where it says so for each entry. */
function readResults(body: Uint8Array, entries: number): (string | undefined)[] {
  const answer = parse(body)
  const records: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'Records') : undefined
  if (!Array.isArray(records) || records.length !== entries) throw new PutError('nonsense', 'nonsense')
  return records.map((each: unknown) => {
    const { SequenceNumber, ErrorCode }: { SequenceNumber?: unknown; ErrorCode?: unknown } = Object(each)
    if (typeof ErrorCode === 'string' && ErrorCode !== '') return WORD.test(ErrorCode) ? ErrorCode : 'unknown-error'
    return typeof SequenceNumber === 'string' && SequenceNumber !== '' ? undefined : 'no-sequence-number'
  })
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
}
