import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import type { CredentialSource } from './credentials.ts'
import { createKinesis } from './kinesis.ts'
import { fakeHost } from './testing/host.ts'
import { STREAM_ARN } from './testing/kinesis.ts'

const ENTRIES = [{ data: new Uint8Array([1]), partitionKey: 'sandbox' }]
const PLACE = { host: 'kinesis.eu-central-1.amazonaws.com', port: 443, tls: true }

/** A stream that never answers, behind keys that take so long to fetch. */
function hanging(keysMs: number) {
  const dialled: number[] = []
  const host = fakeHost({
    env: { WEIR_STREAM_ARN: STREAM_ARN },
    dial: (_, events) => (dialled.push(host.now()), { write: () => {}, close: () => events.closed('') }),
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
})
