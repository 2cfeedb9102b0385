import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import type { CredentialSource } from './credentials.ts'
import type { ConnectionEvents } from './host/host.ts'
import { createKinesis } from './kinesis.ts'
import { fakeHost } from './testing/host.ts'
import { STREAM_ARN } from './testing/kinesis.ts'

const ENTRIES = [{ data: new Uint8Array([1]), partitionKey: 'sandbox' }]
const PLACE = { host: 'kinesis.eu-central-1.amazonaws.com', port: 443, tls: true }

/** A stream that never answers, unless with `answer`, behind keys that take so long to fetch. */
function hanging(keysMs: number, answer: (events: ConnectionEvents) => void = () => {}) {
  const dialled: number[] = []
  const host = fakeHost({
    env: { WEIR_STREAM_ARN: STREAM_ARN },
    dial: (_, events) => (dialled.push(host.now()), { write: () => answer(events), close: () => events.closed('') }),
  })
  const stream = readConfig(host.env).stream?.stream
  if (!stream) throw new Error('no stream')
  const credentials: CredentialSource = {
    get: () => new Promise(resolve => host.after(keysMs, () => resolve({ keyId: 'k', secret: 's' }))),
    forget: () => {},
  }
  return { host, dialled, kinesis: createKinesis(host, stream, PLACE, credentials) }
}

/** Moves the clock in steps, so that what waits on a promise goes on between them; answers how long the call took. */
async function lasted({ host, kinesis }: ReturnType<typeof hanging>, timeoutMs: number): Promise<{ ms: number; error: unknown }> {
  const began = host.now()
  const ends: { ms: number; error: unknown }[] = []
  void kinesis.put(ENTRIES, timeoutMs).catch((error: unknown) => ends.push({ ms: host.now() - began, error }))
  while (ends.length === 0 && host.now() - began < 60_000) {
    host.advance(50)
    await new Promise(resolve => setImmediate(resolve))
  }
  const [end] = ends
  if (!end) throw new Error('never ended')
  return end
}

describe('a PutRecords call', () => {
  it('spends one budget on keys and stream together', async () => {
    const call = hanging(1_400)
    expect(await lasted(call, 1_500)).toEqual({ ms: 1_500, error: expect.objectContaining({ failure: 'timeout' }) })
    expect(call.dialled).toHaveLength(1)
  })

  it('is not begun when the keys took all of it', async () => {
    const call = hanging(1_500)
    expect(await lasted(call, 1_500)).toEqual({ ms: 1_500, error: expect.objectContaining({ failure: 'timeout' }) })
    expect(call.dialled).toEqual([])
  })

  it.each([
    ['ProvisionedThroughputExceededException', 400, 'busy'],
    ['com.amazonaws.kinesis#LimitExceededException', 400, 'busy'],
    ['KMSThrottlingException:http://internal.amazon.com/', 400, 'busy'],
    ['ServiceUnavailable', 503, 'busy'],
    ['toString', 500, 'busy'],
    ['ExpiredTokenException', 400, 'keys'],
    ['ValidationException', 400, 'invalid'],
    ['AccessDeniedException', 400, 'refused'],
    ['ResourceNotFoundException', 400, 'refused'],
    ['KMSDisabledException', 400, 'refused'],
    ['constructor', 403, 'refused'],
    ['two words', 413, 'invalid'],
    ['', 302, 'nonsense'],
  ])('takes %j with status %i for %s', async (type, status, failure) => {
    const body = JSON.stringify({ __type: type })
    const answer = Buffer.from(`HTTP/1.1 ${status} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const { kinesis, host } = hanging(0, events => events.data(answer))
    const put = kinesis.put(ENTRIES, 1_000)
    host.advance(0)
    await expect(put).rejects.toMatchObject({ failure, code: expect.stringMatching(/^[\w-]+$/) })
  })
})
