import { encodeBatch } from '@weir/schema/encode'
import { createBreaker } from './breaker.ts'
import type { Stream } from './config.ts'
import { createCredentials } from './credentials.ts'
import type { Target } from './host/host.ts'
import { type Journal, noJournal } from './journal/journal.ts'
import { createKinesis } from './kinesis.ts'
import type { Registration } from './lambda-api.ts'
import { live, type Parts } from './lifecycle.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { createRedaction } from './redaction.ts'
import { createSandbox, type Sandbox } from './sandbox.ts'
import { createShipper } from './ship.ts'

/** What there is before the recorder: all that registering and subscribing needs. */
export interface Ground extends Omit<Parts, 'recorder' | 'shipper'> {
  readonly stream: Stream
  readonly endpoint: Target
}

/**
 * The heavy half of the extension, in a file of its own, loaded when the first event has been asked for: makes the recorder, hands it to `made`, and lives until
 * SHUTDOWN. Throws only before that.
 */
export async function fly(ground: Ground, registration: Registration, made: (recorder: Recorder) => void): Promise<void> {
  const { host, config, counters, stream, endpoint } = ground
  const sandbox = createSandbox(host, config, registration)
  const redaction = createRedaction(host, config.fingerprintKey ?? host.random(32), counters, config.redact)
  const journal = await openJournal(ground, sandbox)
  const recorder = createRecorder(host, config, sandbox, redaction, counters, journal)
  const kinesis = createKinesis(host, stream, endpoint, createCredentials(host))
  const shipper = createShipper(host, kinesis, recorder, createBreaker(host), journal)
  made(recorder)
  if (config.otlp) await listenAside(recorder)
  return live({ ...ground, recorder, shipper })
}

/** What takes the function's own OTLP is in a file beside the bundle. Without it there is no such listener. */
async function listenAside(recorder: Recorder): Promise<void> {
  try {
    const { listenForOtlp } = await import('./otlp/otlp.ts')
    await listenForOtlp(recorder)
  } catch {
    recorder.counters.fault('otlp:load')
  }
}

/** The journal is in a file beside the bundle, read where there is a key to seal it to. */
async function openJournal({ host, config, counters }: Ground, sandbox: Sandbox): Promise<Journal> {
  const key = config.journalKey
  if (!key) return noJournal
  try {
    const { createJournal } = await import('./journal/file.ts')
    return createJournal({ host, config, key, sandbox, counters, encode: batch => encodeBatch(batch, false) })
  } catch {
    counters.fault('journal:load')
    return noJournal
  }
}
