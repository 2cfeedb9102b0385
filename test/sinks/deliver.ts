import { gzipSync } from 'node:zlib'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { createRequester, TransportError } from '../../packages/ingest/src/http.ts'
import { judgeError } from '../../packages/ingest/src/forward/channel.ts'
import type { Judgement, Sink } from '../../packages/ingest/src/sink.ts'
import { transportOf } from '../../packages/ingest/src/sinks/options.ts'

export interface Outcome extends Judgement {
  readonly uid: string
}

/** One attempt at all events, as `forward` makes it: by partition, with credentials, compressed, over HTTP. No retry, no spool. */
export async function deliver<Options extends object>(
  sink: Sink<Options>,
  options: Options,
  events: readonly OcsfEvent[],
): Promise<Outcome[]> {
  const { timeoutMs, compression, ca } = transportOf(options)
  const tls = ca === undefined ? {} : { ca }
  const requester = createRequester()
  const outcomes: Outcome[] = []
  const settle = (part: readonly OcsfEvent[], judged: Judgement | readonly Judgement[]): void => {
    part.forEach((event, i) => {
      const judgement = 'verdict' in judged ? judged : judged[i]
      if (judgement !== undefined) outcomes.push({ ...judgement, uid: event.metadata.uid })
    })
  }
  for (const part of Map.groupBy(events, event => sink.partition?.(event, options) ?? '').values()) {
    try {
      const credentials = await sink.authorize?.(options, { now: Date.now, request: requester })
      const request = sink.encode(part, options)
      const packed = compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}
      const body = compression === 'gzip' ? gzipSync(request.body) : request.body
      const headers = { ...request.headers, ...credentials?.headers, ...packed }
      settle(part, sink.judge(await requester({ ...request, headers, body }, { timeoutMs, ...tls }), part, options))
    } catch (error) {
      settle(part, unanswered(error))
    }
  }
  requester.close()
  return outcomes
}

/** The probe over HTTP, as `weir check --connect` makes it. */
export async function probe<Options extends object>(sink: Sink<Options>, options: Options): Promise<Judgement> {
  const { timeoutMs, ca } = transportOf(options)
  const requester = createRequester()
  try {
    const credentials = await sink.authorize?.(options, { now: Date.now, request: requester })
    const request = sink.probe(options)
    const headers = { ...request.headers, ...credentials?.headers }
    return sink.judgeProbe(await requester({ ...request, headers }, { timeoutMs, ...(ca === undefined ? {} : { ca }) }), options)
  } catch (error) {
    return unanswered(error)
  } finally {
    requester.close()
  }
}

/** What no answer means: as `forward` judges it, but that a test can read the kind of the failure. */
function unanswered(error: unknown): Judgement {
  if (error instanceof TypeError) throw error
  return error instanceof TransportError ? { ...judgeError(error), reason: `${error.kind}: ${error.message}` } : judgeError(error)
}
