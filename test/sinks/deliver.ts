import { gzipSync } from 'node:zlib'
import { ConfigError, type Judgement, type Sink } from '@weir/ingest'
import type { OcsfEvent } from '@weir/schema/ocsf'
import { send } from './client.ts'

export interface Outcome extends Judgement {
  readonly uid: string
}

/** What an attempt reads of a sink's options. */
interface Transport {
  readonly timeoutMs: number
  readonly compression: string
  readonly ca?: string | undefined
}

const limits = ({ timeoutMs, ca }: Transport) => ({ timeoutMs, ...(ca === undefined ? {} : { ca }) })

/** One attempt at all events: by partition, with credentials, compressed, over HTTP. No retry, no spool: what the sink says is what comes back. */
export async function deliver<Options extends Transport>(
  sink: Sink<Options>,
  options: Options,
  events: readonly OcsfEvent[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const part of Map.groupBy(events, event => sink.partition?.(event, options) ?? '').values()) {
    let judged: Judgement | readonly Judgement[]
    try {
      const credentials = await sink.authorize?.(options, { now: Date.now, request: send })
      const request = sink.encode(part, options)
      const packed = options.compression === 'gzip'
      const headers = { ...request.headers, ...credentials?.headers, ...(packed ? { 'content-encoding': 'gzip' } : {}) }
      const body = packed ? gzipSync(request.body) : request.body
      judged = sink.judge(await send({ ...request, headers, body }, limits(options)), part, options)
    } catch (error) {
      judged = unanswered(error)
    }
    part.forEach((event, i) => {
      const judgement = 'verdict' in judged ? judged : judged[i]
      if (judgement !== undefined) outcomes.push({ ...judgement, uid: event.metadata.uid })
    })
  }
  return outcomes
}

/** The probe over HTTP, as `weir check --connect` makes it. */
export async function probe<Options extends Transport>(sink: Sink<Options>, options: Options): Promise<Judgement> {
  try {
    const credentials = await sink.authorize?.(options, { now: Date.now, request: send })
    const request = sink.probe(options)
    const response = await send({ ...request, headers: { ...request.headers, ...credentials?.headers } }, limits(options))
    return sink.judgeProbe(response, options)
  } catch (error) {
    return unanswered(error)
  }
}

/** What no answer means, as the contract says. A bug of ours is no such thing. */
function unanswered(error: unknown): Judgement {
  if (error instanceof TypeError || error instanceof RangeError) throw error
  return { verdict: error instanceof ConfigError ? 'hold' : 'retry', reason: String(error) }
}
