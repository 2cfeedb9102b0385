import { readBody } from '@weir/schema'
import { readConfig } from '../config.ts'
import { createCounters } from '../counters.ts'
import { createRecorder, type Recorder } from '../recorder.ts'
import { createRedaction } from '../redaction.ts'
import { createSandbox } from '../sandbox.ts'
import { type FakeHost, fakeHost } from './host.ts'
import { STREAM_ARN } from './kinesis.ts'

export interface Shipped {
  readonly signal: string
  readonly time: number
  readonly invocation: string
  readonly contentType: string
  readonly body: unknown
}

/** A recorder as the extension makes it, on a host whose clock stands still. */
export function testRecorder(env: Record<string, string> = {}): { recorder: Recorder; host: FakeHost; shipped: () => Shipped[] } {
  const host = fakeHost({ env: { WEIR_STREAM_ARN: STREAM_ARN, AWS_REGION: 'eu-central-1', ...env } })
  const config = readConfig(host.env)
  const counters = createCounters()
  const registration = { id: 'id', accountId: '123456789012', functionName: 'orders', functionVersion: '7' }
  const recorder = createRecorder(
    host,
    config,
    createSandbox(host, config, registration),
    createRedaction(host, 'key', counters, config.redact),
    counters,
  )
  return {
    recorder,
    host,
    shipped: () =>
      recorder.cut().flatMap(batch =>
        batch.records.map(each => ({
          signal: each.signal,
          time: each.time,
          invocation: each.invocation,
          contentType: each.contentType,
          body: readBody(each),
        })),
      ),
  }
}

/** One telemetry POST. */
export const body = (...events: { type: string; record: unknown; time?: string }[]): Uint8Array =>
  Buffer.from(JSON.stringify(events))
